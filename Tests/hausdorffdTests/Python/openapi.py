"""The API's description: valid, and true of two servers, a ready and a draining one: openapi.py PORT DRAINING_PORT"""

import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
import urllib.parse

import jsonschema
import numpy as np
import openapi_spec_validator
import yaml

from client import Client, npy, png

failures = []


def check(holds, message):
    """Notes a failure."""
    if not holds:
        failures.append(message)


def same(value, expected, tolerance=1e-9):
    """Equality of JSON values, of numbers up to rounding."""
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and list(value) == list(expected)
            and all(same(value[name], expected[name], tolerance) for name in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(same(*pair, tolerance) for pair in zip(value, expected))
        )
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return isinstance(value, (int, float)) and math.isclose(value, expected, rel_tol=tolerance, abs_tol=1e-9)
    return value == expected


class Description:
    """The document, its references resolved as they are needed."""

    # The operations that take pairs of arrays, and what the names of their schemas begin with.
    operations = {"/v1/score": "Score", "/v1/loss": "Loss"}

    def __init__(self, document):
        self.document = document

    def resolve(self, value):
        """What a reference stands for."""
        while "$ref" in value:
            target = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            value = target
        return value

    def conforms(self, value, schema, what):
        """Notes where a value breaks a schema of the document."""
        whole = {"$ref": f"#/components/schemas/{schema}", "components": self.document["components"]}
        for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
            failures.append(f"{what} breaks {schema}: {error.message[:300]}")

    def operation(self, path):
        """What is done by POST."""
        return self.document["paths"][path]["post"]

    def requests(self, path):
        """Documented examples of JSON requests, by name."""
        return self.operation(path)["requestBody"]["content"]["application/json"]["examples"]

    def responses(self, path):
        """Documented examples of replies: name to status, media type and value."""
        return {
            name: (int(status), media, example["value"])
            for status, response in self.operation(path)["responses"].items()
            for media, content in self.resolve(response).get("content", {}).items()
            for name, example in content.get("examples", {}).items()
        }


def check_examples(description, client):
    """Posts every example and compares the answer with the documented one."""
    count, known, answered = 0, set(), set()
    for path, kind in description.operations.items():
        responses = description.responses(path)
        known |= set(description.requests(path))
        answered |= set(responses)
        for name, example in description.requests(path).items():
            count += 1
            description.conforms(example["value"], f"{kind}Request", f"request {name}")
            status, headers, answer = client.ask(
                "POST", path, json.dumps(example["value"]), {"Content-Type": "application/json"}
            )
            answer = json.loads(answer)
            expected_status, media, expected = responses.get(name, (None, None, None))
            check(status == expected_status, f"{name}: {status}, not {expected_status}")
            check(headers["Content-Type"] == media, f"{name}: {headers['Content-Type']}, not {media}")
            # Losses are float32 until they are summed, which processors do in different orders.
            tolerance = 1e-6 if kind == "Loss" else 1e-9
            check(same(answer, expected, tolerance), f"{name}: {json.dumps(answer)}, not {json.dumps(expected)}")
            description.conforms(answer, f"{kind}Reply" if status == 200 else "Problem", f"answer to {name}")
    check(known == answered, f"examples without a counterpart: {known ^ answered}")
    return count


def check_commands(description, client, port):
    """Runs the command lines in the descriptions and compares what they print."""
    texts = [description.operation(path)["description"] for path in description.operations]
    blocks = re.findall(r"```sh\n(.*?)```\s*```json\n(.*?)```", "\n".join(texts), re.DOTALL)
    pair = description.requests("/v1/score")["pair"]["value"]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/truth.png", "wb") as file:
            file.write(png(np.array(pair["y_true"]) > 0))
        with open(f"{folder}/prediction.npy", "wb") as file:
            file.write(npy(np.array(pair["y_pred"])))
        for command, expected in blocks:
            local = command.replace("localhost:8080", f"127.0.0.1:{port}")
            done = subprocess.run(["bash", "-c", local], cwd=folder, capture_output=True, check=False)
            printed = done.stdout.decode()
            check(
                done.returncode == 0 and printed and same(json.loads(printed), json.loads(expected)),
                f"{command}printed {printed}, not {expected}",
            )
    return len(blocks)


def check_operation(description, client, draining):
    """The other resources, and the problems that every resource may answer."""
    components = description.document["components"]["responses"]
    for path in description.document["paths"]:
        # Training jobs are followed against the description in jobs.py, the Open Inference Protocol in inference.py.
        if path in description.operations or "{" in path or path.startswith("/v2/"):
            continue
        status, headers, answer = client.ask("GET", path)
        check(status == 200, f"{path}: {status}")
        documented = description.resolve(description.document["paths"][path]["get"]["responses"]["200"])
        media = headers["Content-Type"].split(";")[0]
        check(media in documented["content"], f"{path}: {media} is not documented")
        check(headers["Request-Id"], f"{path}: no Request-Id")
        if path in ("/livez", "/readyz", "/healthz"):
            check(answer.decode() == components["Healthy"]["content"][media]["examples"]["plain"]["value"], path)
        if path == "/v1/info":
            description.conforms(json.loads(answer), "Info", path)
    expected = components["NotReady"]["content"]["application/problem+json"]["examples"]["draining"]["value"]
    status, headers, answer = draining.ask("GET", "/readyz")
    check(status == 503 and headers["Retry-After"] and same(json.loads(answer), expected), f"draining: {answer}")
    json_type = {"Content-Type": "application/json"}
    for method, path, headers, status in [
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/v1/score", {}, 405),
        ("GET", "/v1/loss", {}, 405),
        ("GET", "/livez", {"Accept": "image/png"}, 406),
        ("POST", "/v1/score", {"Accept": "text/plain", **json_type}, 406),
        ("POST", "/v1/loss", {"Accept": "text/plain", **json_type}, 406),
        ("POST", "/v1/score", {"Content-Type": "text/plain"}, 415),
        ("POST", "/v1/score", {"Expect": "nothing", **json_type}, 417),
        ("GET", "/livez", {"X": "x" * 20_000}, 431),
    ]:
        found, answer_headers, answer = client.ask(method, path, headers=headers)
        check(found == status, f"{method} {path} {headers}: {found}, not {status}")
        check(answer_headers["Content-Type"] == "application/problem+json", f"{status} is no problem")
        description.conforms(json.loads(answer), "Problem", f"{status}")


def check_options(description, client):
    """The options and their values are those that the server itself tells."""
    schemas = description.document["components"]["schemas"]

    octets = {"Content-Type": "application/octet-stream"}

    def detail(query, path="/v1/score"):
        _, _, answer = client.ask("POST", f"{path}?shape=1,1&{query}", b"\1\1", octets)
        return json.loads(answer)["errors"][0]["detail"]

    for path, kind in description.operations.items():
        options = set(detail("nonsense=1", path).split("options are ")[1].split(", "))
        given = map(description.resolve, description.operation(path)["parameters"])
        parameters = {parameter["name"] for parameter in given if parameter["in"] == "query"}
        check(options == parameters, f"query parameters of {path}: {options ^ parameters}")
        members = options - {"shape", "dtype", "dtype_true", "dtype_pred"} | {"y_true", "y_pred"}
        for name in (f"{kind}Request", f"{kind}Form"):
            known = set(schemas[name]["properties"]) - {"pairs"}
            check(members == known, f"{name}: {members ^ known}")
    names = detail("losses=nonsense", "/v1/loss").split("losses are ")[1].split(", and ")[0].split(", ")
    check(names == schemas["Loss"]["enum"], f"losses: {names}")
    known = {"name", "weight"}
    for name in names:
        term = urllib.parse.quote(json.dumps({"name": name, "nonsense": 1}))
        known |= set(detail(f"losses={term}", "/v1/loss").split("options are ")[1].split(", "))
    check(known == set(schemas["LossTerm"]["properties"]), f"options of losses: {known}")
    values = detail("activation=nonsense&from_logits=true", "/v1/loss").split("is not one of ")[1].split(", ")
    check(values == schemas["Activation"]["enum"], f"activation: {values}")
    for option, schema in [("dtype", "DType"), ("distance", "Distance"), ("empty", "Empty"), ("reduction", "Reduction")]:
        values = detail(f"{option}=nonsense").split("is not one of ")[1].split(", ")
        check(values == schemas[schema]["enum"], f"{option}: {values}")
    layouts = detail("layout=nonsense").split("is not one of ")[1].split(", ")
    words = ["".join(letters) for count in range(1, 6) for letters in itertools.permutations("BCDHW", count)]
    matching = {word for word in words if re.search(schemas["Layout"]["pattern"], word)}
    check(matching == set(layouts), f"layouts: {matching ^ set(layouts)}")
    metric = re.compile(schemas["Metric"]["pattern"])
    for name in ("dice", "iou", "hausdorff", "hausdorff_95", "hausdorff_97.5_pred_to_true", "average_hausdorff_true_to_pred",
                 "dice_pred_to_true", "hausdorff_", "hausdorff_x", "hausdorf", "iou_95", "average_hausdorff_95", "hausdorff_-1"):
        status, _, _ = client.ask("POST", f"/v1/score?shape=1,1&metrics={name}", b"\1\1", octets)
        check((status == 200) == bool(metric.search(name)), f"metric {name}: {status}")


def main():
    port = int(sys.argv[1])
    client, draining = Client(port), Client(int(sys.argv[2]))
    document = yaml.safe_load(client.ask("GET", "/openapi.yaml")[2])
    openapi_spec_validator.validate(document)
    description = Description(document)
    examples = check_examples(description, client)
    commands = check_commands(description, client, port)
    check_operation(description, client, draining)
    check_options(description, client)
    print(f"{examples} examples, {commands} commands, {len(failures)} differences")
    print("\n".join(failures))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

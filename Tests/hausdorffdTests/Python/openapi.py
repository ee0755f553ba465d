"""The API's description: valid, and true of two servers, a ready and a draining one: openapi.py PORT DRAINING_PORT"""

import itertools
import json
import math
import re
import subprocess
import sys
import tempfile

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


def same(value, expected):
    """Equality of JSON values, of numbers up to rounding."""
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and list(value) == list(expected)
            and all(same(value[name], expected[name]) for name in expected)
        )
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return isinstance(value, (int, float)) and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
    return value == expected


class Description:
    """The document, its references resolved as they are needed."""

    def __init__(self, document):
        self.document = document
        self.operation = document["paths"]["/v1/score"]["post"]

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

    def responses(self):
        """Documented examples of score replies: name to status, media type and value."""
        return {
            name: (int(status), media, example["value"])
            for status, response in self.operation["responses"].items()
            for media, content in self.resolve(response).get("content", {}).items()
            for name, example in content.get("examples", {}).items()
        }


def check_examples(description, client):
    """Posts every example and compares the answer with the documented one."""
    body = description.operation["requestBody"]["content"]["application/json"]["examples"]
    responses = description.responses()
    check(set(body) == set(responses), f"examples without a counterpart: {set(body) ^ set(responses)}")
    for name, example in body.items():
        description.conforms(example["value"], "ScoreRequest", f"request {name}")
        status, headers, answer = client.ask(
            "POST", "/v1/score", json.dumps(example["value"]), {"Content-Type": "application/json"}
        )
        answer = json.loads(answer)
        expected_status, media, expected = responses[name]
        check(status == expected_status, f"{name}: {status}, not {expected_status}")
        check(headers["Content-Type"] == media, f"{name}: {headers['Content-Type']}, not {media}")
        check(same(answer, expected), f"{name}: {json.dumps(answer)}, not {json.dumps(expected)}")
        description.conforms(answer, "ScoreReply" if status == 200 else "Problem", f"answer to {name}")
    return len(body)


def check_commands(description, client, port):
    """Runs the command lines in the descriptions and compares what they print."""
    blocks = re.findall(r"```sh\n(.*?)```\s*```json\n(.*?)```", description.operation["description"], re.DOTALL)
    pair = description.operation["requestBody"]["content"]["application/json"]["examples"]["pair"]["value"]
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
        if path == "/v1/score":
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
        ("GET", "/livez", {"Accept": "image/png"}, 406),
        ("POST", "/v1/score", {"Accept": "text/plain", **json_type}, 406),
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

    def detail(query):
        _, _, answer = client.ask(
            "POST", f"/v1/score?shape=1,1&{query}", b"\1\1", {"Content-Type": "application/octet-stream"}
        )
        return json.loads(answer)["errors"][0]["detail"]

    options = set(detail("nonsense=1").split("options are ")[1].split(", "))
    parameters = {
        parameter["name"] for parameter in description.operation["parameters"] if parameter.get("in") == "query"
    }
    check(options == parameters, f"query parameters: {options ^ parameters}")
    members = options - {"shape", "dtype", "dtype_true", "dtype_pred"} | {"y_true", "y_pred"}
    for name in ("ScoreRequest", "ScoreForm"):
        check(members == set(schemas[name]["properties"]), f"{name}: {members ^ set(schemas[name]['properties'])}")
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
        status, _, _ = client.ask(
            "POST", f"/v1/score?shape=1,1&metrics={name}", b"\1\1", {"Content-Type": "application/octet-stream"}
        )
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

"""Training jobs as a client sees them: `jobs.py HAUSDORFFD whole_path|bad_input|large_upload [STORE]`.

Uploads, submits, follows, downloads, predicts; or does all of it wrong. Everything goes over HTTP by the standard library. Prints at the end how many things were not as they should be.
"""
import atexit
import base64
import gzip
import http.client
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import jsonschema
import nibabel
import numpy as np
import onnx
import onnxruntime
import yaml
from PIL import Image

differences = []


def expect(is_so, what):
    if not is_so:
        differences.append(what)
        print("NOT AS IT SHOULD BE:", what, flush=True)


class Contract:
    """The description of the API, which every answer must be true to."""

    def __init__(self):
        path = Path(__file__).parents[3] / "openapi.yaml"
        self.document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.validators = {}

    def resolve(self, value):
        while "$ref" in value:
            target = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            value = target
        return value

    def check(self, method, target, reply):
        target = target.partition("?")[0]
        for path, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", path), target):
                break
        else:
            return expect(False, f"{target} is not described")
        responses = item[method.lower().replace("head", "get")]["responses"]
        name = str(reply.status) if str(reply.status) in responses else "default"
        expect(name != "default", f"{method} {path}: {reply.status} is not described")
        if name not in responses:
            return
        response = self.resolve(responses[name])
        media = (reply.headers["Content-Type"] or "").partition(";")[0]
        if not reply.data:
            return
        expect(media in response.get("content", {}), f"{method} {path}: {reply.status} as {media} is not described")
        if not media.endswith("json") or media not in response.get("content", {}):
            return
        key = (method, path, name)
        if key not in self.validators:
            schema = {**response["content"][media]["schema"], "components": self.document["components"]}
            self.validators[key] = jsonschema.Draft202012Validator(schema)
        for error in self.validators[key].iter_errors(json.loads(reply.data)):
            expect(False, f"{method} {path}: {reply.status} is not as described: {error.message[:300]} at {error.json_path}")


contract = Contract()


class Server:
    """`hausdorffd serve` on a free port."""

    def __init__(self, folder, *options, store=None):
        self.log = open(Path(folder) / "server.log", "a+")
        self.log.seek(0, 2)
        start = self.log.tell()
        command = [sys.argv[1], "serve", "--port=0", f"--data={folder}/data", *options] + ([f"--store={store}"] if store else [])
        self.process = subprocess.Popen(command, stderr=self.log)
        atexit.register(self.process.kill)
        for _ in range(600):
            text = (Path(folder) / "server.log").read_text()[start:]
            if found := re.search(r"listening on \S+ port (\d+)", text):
                self.port = int(found[1])
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"no server: {text}")

    def ask(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        reply.data = reply.read()
        connection.close()
        contract.check(method, path, reply)
        return reply

    def json(self, method, path, body=None, headers={}, status=200):
        reply = self.ask(method, path, body, headers)
        expect(reply.status == status, f"{method} {path}: {reply.status}, not {status}: {reply.data[:500]}")
        return json.loads(reply.data) if reply.data else None

    def stop(self):
        self.process.terminate()
        expect(self.process.wait(60) == 0, f"the server ends with {self.process.returncode}")

    def wait(self, job, *states):
        for _ in range(3000):
            found = self.json("GET", f"/v1/training-jobs/{job}")
            if found["state"] in states:
                return found
            time.sleep(0.1)
        raise SystemExit(f"job {job} stays {found['state']}")


def workers(folder):
    """Processes that run jobs of this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--once" in words and f"--data={folder}/data".encode() in words:
                found.append(int(entry.name))
    return found


def multipart(**files):
    boundary = "----b0undary"
    body = b""
    for name, (filename, data) in files.items():
        title = f'; filename="{filename}"' if filename else ""
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{title}\r\n\r\n'.encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def discs(count, size=(48, 56), seed=1):
    """Bright discs in noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    images, masks = [], []
    for _ in range(count):
        row, column = random.uniform(0.3, 0.7, 2) * size
        mask = (y - row) ** 2 + (x - column) ** 2 < random.uniform(7, 12) ** 2
        images.append(np.clip(60 + 100 * mask + random.normal(0, 20, size), 0, 255).astype(np.uint8))
        masks.append(mask.astype(np.uint8))
    return np.stack(images), np.stack(masks)


def npz(images, masks):
    file = io.BytesIO()
    np.savez_compressed(file, images=images, masks=masks)
    return file.getvalue()


def image_files(image):
    """One image in files of every kind but PNG, by name."""
    files = {}
    for name, array in (("image.npy", image), ("float.npy", image.astype(np.float32)), ("big.npy", image.astype(">f8")), ("channel.npy", image[..., None])):
        file = io.BytesIO()
        np.save(file, array)
        files[name] = file.getvalue()
    for name, array in (("image.nii", image), ("slice.nii", image[..., None].astype(np.float32))):
        files[name] = nibabel.Nifti1Image(array, np.eye(4)).to_bytes()
        files[name + ".gz"] = gzip.compress(files[name])
    return files


def tar(images, masks):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for kind, arrays in (("images", images), ("masks", 255 * masks)):
            for index, array in enumerate(arrays):
                png = io.BytesIO()
                Image.fromarray(array).save(png, "PNG")
                member = tarfile.TarInfo(f"set/{kind}/{index:03}.png")
                member.size = png.tell()
                archive.addfile(member, io.BytesIO(png.getvalue()))
    return file.getvalue()


def events(server, job, after=None):
    """Events until the stream ends: (id, kind, data)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("GET", f"/v1/training-jobs/{job}/events", headers={"Last-Event-ID": str(after)} if after else {})
    reply = connection.getresponse()
    expect(reply.headers["Content-Type"] == "text/event-stream", "the type of an event stream")
    found, fields = [], {}
    for line in reply:
        line = line.decode().rstrip("\n")
        if not line:
            if "event" in fields:
                found.append((int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"])))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
    connection.close()
    return found


def await_comment(server, job):
    """Follows a job of which there is no news until the server says that it is still there."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)) as connection:
        connection.request("GET", f"/v1/training-jobs/{job}/events")
        for line in connection.getresponse():
            if line.startswith(b":"):
                return
    expect(False, "a silent stream is ended")


spec = {"epochs": 8, "batch_size": 4, "learning_rate": 0.003, "model": {"levels": 2, "base_channels": 8}, "losses": ["dice_loss", "bce"]}


def whole_path(folder, store):
    server = Server(folder, store=store)
    images, masks = discs(32)

    # The same samples in two archives are the same data set.
    body, headers = multipart(name=(None, "discs".encode()), file=("set.npz", npz(images, masks)))
    first = server.json("POST", "/v1/datasets", body, headers, 201)
    second = server.json("POST", "/v1/datasets?name=tarred", tar(images, masks), {"Content-Type": "application/gzip"}, 201)
    expect(first["name"] == "discs" and second["name"] == "tarred", "names of data sets")
    expect(first["description"]["samples"] == 32 and first["description"]["shapes"] == [[48, 56]], f"what it holds: {first}")
    expect(first["description"]["channels"] == 1 and first["description"]["classes"] == 2, f"what it holds: {first}")
    made = server.json("POST", "/v1/datasets", {"name": "made", "synthetic": {"samples": 12, "size": 32, "classes": 2}}, status=201)
    expect(made["description"]["classes"] == 3 and made["description"]["samples"] == 12, f"a synthetic set: {made}")
    listed = server.json("GET", "/v1/datasets?limit=2")
    expect([one["id"] for one in listed["datasets"]] == [made["id"], second["id"]], "the newest data sets first")
    rest = server.json("GET", f"/v1/datasets?cursor={listed['next_cursor']}")
    expect([one["id"] for one in rest["datasets"]] == [first["id"]] and rest["next_cursor"] is None, "the rest of them")

    # Submitted, followed to the end.
    start = time.monotonic()
    reply = server.ask("POST", "/v1/training-jobs", {"dataset": first["id"], "name": "first", **spec})
    expect(reply.status == 202, f"accepted: {reply.data}")
    job = json.loads(reply.data)
    expect(reply.headers["Location"] == f"/v1/training-jobs/{job['id']}", "where it is")
    expect(job["state"] in ("queued", "running") and job["spec"]["augment"]["flip"] is True, f"what it is: {job}")
    for path, status in (("model", 409), ("model?format=onnx", 409)):
        reply = server.ask("GET", f"/v1/training-jobs/{job['id']}/{path}")
        expect(reply.status in (status, 200), f"no model yet: {reply.status}")
    found = events(server, job["id"])
    print(f"submitted to its end in {time.monotonic() - start:.1f} s, {len(found)} events", flush=True)
    numbered = [event for event in found if event[0]]
    expect([number for number, _, _ in numbered] == list(range(1, len(numbered) + 1)), "events without a gap")
    expect([data["state"] for _, kind, data in found if kind == "state"] == ["queued", "running", "succeeded"], "its states")
    epochs = [data for _, kind, data in found if kind == "epoch"]
    expect([data["epoch"] for data in epochs] == list(range(1, 9)), "an event an epoch")
    expect(any(kind == "progress" and data["steps_per_epoch"] == 7 for _, kind, data in found), "progress")
    again = events(server, job["id"], after=numbered[4][0])
    expect(again == [event for event in numbered if event[0] > numbered[4][0]], "the stream is gone on with")
    end = server.ask("GET", f"/v1/training-jobs/{job['id']}/events", headers={"Last-Event-ID": str(numbered[-1][0])})
    expect(end.status == 204, f"nothing more to come: {end.status}")
    done = server.json("GET", f"/v1/training-jobs/{job['id']}")
    best = min(epochs, key=lambda data: data["val_average_hausdorff"])
    expect(done["best"]["value"] == best["val_average_hausdorff"] and done["latest"] == epochs[-1], f"its figures: {done}")
    expect(best["val_dice"] > 0.8, f"it learns: {best}")
    expect(done["progress"]["fraction"] <= 1 and done["error"] is None and done["attempt"] == 1, "its end")
    history = server.json("GET", f"/v1/training-jobs/{job['id']}/epochs?limit=5")
    rest = server.json("GET", f"/v1/training-jobs/{job['id']}/epochs?cursor={history['next_cursor']}")
    expect(history["epochs"] + rest["epochs"] == epochs and rest["next_cursor"] is None, "the history")
    log = server.ask("GET", f"/v1/training-jobs/{job['id']}/log").data.decode()
    expect("attempt 1: training: 26 samples, 6 to validate on, of 48×56" in log and log.endswith("state: succeeded\n"), f"its log: {log}")

    # What came of it.
    reply = server.ask("GET", f"/v1/training-jobs/{job['id']}/model?format=onnx")
    expect(reply.status == 200 and reply.headers["Content-Disposition"] == 'attachment; filename="first.onnx"', "a download")
    onnx.checker.check_model(onnx.load_from_string(reply.data), full_check=True)
    tag = reply.headers["ETag"]
    expect(server.ask("GET", f"/v1/training-jobs/{job['id']}/model?format=onnx", headers={"If-None-Match": tag}).status == 304, "unchanged")
    part = server.ask("GET", f"/v1/training-jobs/{job['id']}/model?format=onnx", headers={"Range": "bytes=5-14"})
    expect(part.status == 206 and part.data == reply.data[5:15], "a part")
    session = onnxruntime.InferenceSession(reply.data)
    image = images[3].astype(np.float32)
    normal = (image - image.mean()) / image.std()
    expected = session.run(None, {session.get_inputs()[0].name: normal[None, None]})[0][0, 0]
    path = f"/v1/training-jobs/{job['id']}/predict"
    shape = f"?shape=48,56"
    raw = server.ask("POST", path + shape, images[3].tobytes(), {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"})
    ours = np.frombuffer(raw.data, np.float32).reshape(48, 56)
    expect(raw.headers["Shape"] == "48,56" and np.abs(ours - expected).max() < 0.05, f"as onnxruntime: {np.abs(ours - expected).max()}")
    png = io.BytesIO()
    Image.fromarray(images[3]).save(png, "PNG")
    body, headers = multipart(image=("image.png", png.getvalue()))
    mask = server.ask("POST", path, body, {**headers, "Accept": "image/png"})
    seen = np.asarray(Image.open(io.BytesIO(mask.data)))
    expect(((seen > 0) == (ours > 0.5)).all() and set(np.unique(seen)) <= {0, 255}, "a mask as PNG")
    truth = io.BytesIO()
    np.save(truth, masks[3])
    body, headers = multipart(image=("image.png", png.getvalue()), y_true=("true.npy", truth.getvalue()), metrics=(None, b"dice,hausdorff_95"))
    scored = server.json("POST", path, body, headers)
    values = np.frombuffer(base64.b64decode(scored["probabilities"]["data"]), np.float32).reshape(scored["probabilities"]["shape"])
    expect((values == ours).all(), "probabilities in JSON")
    dice = 2 * ((ours > 0.5) & (masks[3] > 0)).sum() / ((ours > 0.5).sum() + masks[3].sum())
    expect(abs(scored["scores"]["metrics"]["dice"] - dice) < 1e-12 and scored["scores"]["loss"] == scored["scores"]["metrics"]["dice"], "scored in the same call")
    npy = server.ask("POST", path + shape + "&output=mask", images[3].tobytes(), {"Content-Type": "application/octet-stream", "Accept": "application/x-npy"})
    expect((np.load(io.BytesIO(npy.data)) == (ours > 0.5)).all(), "a mask as npy")
    model = Path(folder) / "model.safetensors"
    model.write_bytes(server.ask("GET", f"/v1/training-jobs/{job['id']}/model").data)
    for name, data in image_files(images[3]).items():
        body, headers = multipart(image=(name, data))
        reply = server.json("POST", path, body, headers)
        expect(reply["probabilities"] == scored["probabilities"], f"{name} in a form: as the PNG")
        coded = {**headers, "Content-Encoding": "gzip"}
        expect(server.json("POST", path, gzip.compress(body), coded) == reply, f"{name} in a packed form")
        reply = server.json("POST", path, {"image": {"file": base64.b64encode(data).decode()}})
        expect(reply["probabilities"] == scored["probabilities"], f"{name} in JSON")
        if name.startswith("slice"):
            inSpace = [np.diag([1, 1, 1, 1]), np.diag([-1, 1, 1, 1])]
            places = [nibabel.Nifti1Image(masks[3][..., None].astype(np.uint8), affine).to_bytes() for affine in inSpace]
            pairs = [{"image": {"file": base64.b64encode(data).decode()}, "y_true": {"file": base64.b64encode(truth).decode()},
                      "metrics": ["dice", "hausdorff_95"]} for truth in places]
            expect(server.json("POST", path, pairs[0])["scores"] == scored["scores"], f"scores of {name}")
            reply = server.ask("POST", path, pairs[1])
            expect(reply.status == 422 and b"affine" in reply.data, f"an image and a truth of different places: {reply.data}")
            pairs[1]["ignore_orientation"] = True
            expect(server.json("POST", path, pairs[1])["scores"] == scored["scores"], "places that are ignored")
        (Path(folder) / name).write_bytes(data)
        command = [sys.argv[1], "predict", "--model", model, Path(folder) / name, "-o", Path(folder) / "out.npy"]
        found = subprocess.run(command, capture_output=True, text=True)
        expect(found.returncode == 0, f"{name} on the command line: {found.stderr}")
        out = np.load(Path(folder) / "out.npy")
        expect(out.dtype == np.float32 and np.array_equal(out, ours), f"{name} on the command line: off by {np.abs(out - ours).max()}")
    wrong = server.ask("POST", path + "?shape=4,4,3", bytes(48), {"Content-Type": "application/octet-stream"})
    expect(wrong.status == 422 and b"takes images of 1 channel" in wrong.data, f"channels: {wrong.data}")

    # Started from, with labels, and validated on a set of its own.
    other = server.json("POST", "/v1/training-jobs", {"dataset": second["id"], "validation_dataset": first["id"], "init_from": job["id"], "epochs": 1, "losses": "dice_loss"}, status=202)
    ended = server.wait(other["id"], "succeeded", "failed")
    expect(ended["state"] == "succeeded" and ended["spec"]["model"] == done["spec"]["model"], f"from a model: {ended['error']}")
    expect(ended["latest"]["val_dice"] > 0.8, "it began with what was learnt")
    labels = server.json("POST", "/v1/training-jobs", {"dataset": made["id"], "epochs": 1, "model": {"levels": 2, "classes": 3}}, status=202)
    ended = server.wait(labels["id"], "succeeded", "failed")
    expect(ended["state"] == "succeeded", f"several classes: {ended['error']}")
    small = np.zeros((32, 32), np.uint8)
    scored = server.json("POST", f"/v1/training-jobs/{labels['id']}/predict", {"image": small.tolist(), "y_true": small.tolist(), "output": "mask"})
    expect(scored["classes"] == 3 and len(scored["scores"]["items"]) == 2 and scored["mask"]["shape"] == [32, 32], "labels predicted and scored")
    resent = server.json("POST", "/v1/training-jobs", ended["spec"], status=202)
    expect(resent["spec"] == ended["spec"], "a specification that was read may be sent again")
    server.wait(resent["id"], "succeeded")

    # The same key is the same job.
    keyed = {"Idempotency-Key": "once"}
    one = server.ask("POST", "/v1/training-jobs", {"dataset": first["id"], **spec}, keyed)
    two = server.ask("POST", "/v1/training-jobs", {"dataset": first["id"], **spec}, keyed)
    expect(json.loads(one.data)["id"] == json.loads(two.data)["id"] and two.headers["Idempotency-Replayed"] == "true", "a key")
    server.json("POST", "/v1/training-jobs", {"dataset": first["id"]}, keyed, 422)
    server.json("POST", "/v1/training-jobs", {"dataset": first["id"]}, {"Idempotency-Key": "a b"}, 400)
    one = json.loads(one.data)["id"]
    with ThreadPoolExecutor(8) as executor:
        replies = list(executor.map(lambda _: server.ask("POST", "/v1/training-jobs", {"dataset": first["id"], **spec}, {"Idempotency-Key": "many"}), range(16)))
    expect({reply.status for reply in replies} <= {202, 409}, f"at once: {[reply.status for reply in replies]}")
    expect(len({json.loads(reply.data)["id"] for reply in replies if reply.status == 202}) == 1, "at once it is one job")
    server.json("DELETE", f"/v1/datasets/{first['id']}", status=409)
    server.json("DELETE", f"/v1/training-jobs/{one}", status=409)

    # Cancelled while it runs, and in the queue.
    server.wait(one, "running", "succeeded")
    long = server.json("POST", "/v1/training-jobs", {"dataset": first["id"], **spec, "epochs": 100_000}, status=202)["id"]
    queued = server.json("POST", "/v1/training-jobs", {"dataset": first["id"], **spec}, status=202)["id"]
    server.wait(long, "running")
    expect(server.json("POST", f"/v1/training-jobs/{queued}/cancel")["state"] == "cancelled", "cancelled in the queue")
    for _ in range(600):
        if server.json("GET", f"/v1/training-jobs/{long}")["epochs"] > 2:
            break
        time.sleep(0.1)
    server.json("POST", f"/v1/training-jobs/{long}/cancel", status=202)
    asked = time.monotonic()
    server.wait(long, "cancelled")
    print(f"cancelled in {time.monotonic() - asked:.2f} s", flush=True)
    server.json("POST", f"/v1/training-jobs/{long}/cancel")
    server.json("POST", f"/v1/training-jobs/{job['id']}/cancel", status=409)
    expect(server.ask("GET", f"/v1/training-jobs/{long}/model").status == 200, "what a cancelled job had is kept")
    states = server.json("GET", "/v1/training-jobs?state=cancelled&limit=1")
    expect([one["id"] for one in states["jobs"]] == [queued] and states["next_cursor"] == queued, "jobs in a state")

    # Deleted, with its files.
    expect(server.ask("DELETE", f"/v1/training-jobs/{job['id']}").status == 204, "deleted")
    server.json("GET", f"/v1/training-jobs/{job['id']}", status=404)
    server.json("GET", f"/v1/training-jobs/{job['id']}/events", status=404)
    expect(not (Path(folder) / "data" / "jobs" / job["id"]).exists(), "its files are gone")
    expect(server.ask("DELETE", f"/v1/datasets/{second['id']}").status == 204, "a data set deleted")
    expect(len(list((Path(folder) / "data" / "datasets").iterdir())) == 2, "its file is gone")
    server.stop()


def bad_input(folder, store):
    server = Server(folder, "--training-jobs=0", "--max-upload=1000000", "--max-data=3000000", "--max-queued-jobs=2", "--max-event-streams=4", store=store)
    images, masks = discs(8, (32, 32))
    good = server.json("POST", "/v1/datasets", npz(images, masks), {"Content-Type": "application/octet-stream"}, 201)["id"]

    def pointers(body):
        problem = server.json("POST", "/v1/training-jobs", body, status=422)
        return {error["pointer"]: error["detail"] for error in problem["errors"]}

    found = pointers({"dataset": "x", "epochs": 0, "batch_size": "many", "colour": 1, "model": {"levels": 99, "depth": 3}, "noise": 1,
                      "augment": {"noise": -1}, "losses": ["nothing"], "learning_rate": None, "threads": 2, "name": "a\nb"})
    expect(set(found) == {"/dataset", "/epochs", "/batch_size", "/colour", "/model/levels", "/model/depth", "/noise", "/augment/noise",
                          "/losses/0", "/learning_rate", "/threads", "/name"}, f"all that is wrong at once: {found}")
    expect(set(pointers({})) == {"/dataset"}, "a data set is needed")
    nobody = "01900000-0000-7000-8000-000000000000"
    found = pointers({"dataset": nobody, "validation_dataset": nobody, "init_from": nobody})
    expect(set(found) == {"/dataset", "/validation_dataset", "/init_from"}, f"nothing of it is there: {found}")
    found = pointers({"dataset": good, "model": {"levels": 6}})
    expect("too small for 6 levels" in found.get("/dataset", ""), f"too small: {found}")
    expect("/input_size" in pointers({"dataset": good, "input_size": [4_000_000_000, 4_000_000_000]}), "a size beyond all products")
    labelled = server.json("POST", "/v1/datasets", {"synthetic": {"samples": 4, "size": 32, "classes": 3}}, status=201)["id"]
    found = pointers({"dataset": labelled, "model": {"classes": 2}})
    expect("has label" in found.get("/dataset", ""), f"labels: {found}")
    for body, status in ((b"{", 400), (b"[]", 400), (b'{"dataset": 1, "dataset": 2}', 400), (b'{"name": "' + b"a" * (1 << 20) + b'"}', 413)):
        server.json("POST", "/v1/training-jobs", body, {"Content-Type": "application/json"}, status)

    for name, body, status, words in (
        ("not an archive", b"hello" * 100, 422, "archive"),
        ("cut short", npz(images, masks)[:-40], 422, ""),
        ("too large", bytes(1_000_001), 413, "1000000"),
        ("empty", b"", 422, ""),
    ):
        reply = server.ask("POST", "/v1/datasets", body, {"Content-Type": "application/octet-stream"})
        expect(reply.status == status and words in reply.data.decode(), f"{name}: {reply.status} {reply.data}")
    bomb = npz(np.zeros((4000, 32, 32), np.uint8), np.zeros((4000, 32, 32), np.uint8))
    reply = server.ask("POST", "/v1/datasets", bomb, {"Content-Type": "application/octet-stream"})
    expect(reply.status == 413, f"a bomb: {reply.status} {reply.data}")
    random = np.random.default_rng(1).integers(0, 256, (300, 32, 32)).astype(np.uint8)
    fat = npz(random, random)
    hollow = npz(np.zeros((1, 1, 1, 200_000), np.uint8), np.zeros((1, 1, 1), np.uint8))
    reply = server.ask("POST", "/v1/datasets", hollow, {"Content-Type": "application/octet-stream"})
    expect(reply.status == 413 and b"channels" in reply.data, f"far too many channels: {reply.status} {reply.data}")
    for attempt in range(6):
        reply = server.ask("POST", "/v1/datasets", fat, {"Content-Type": "application/octet-stream"})
        if reply.status != 201:
            break
    expect(reply.status in (413, 507) and attempt >= 3, f"all data sets together: {reply.status} {attempt} {reply.data}")
    for body, pointer in (({"synthetic": {"samples": 0}}, "/synthetic/samples"), ({"synthetic": 1}, "/synthetic"), ({"synthetic": {"samples": 100_000, "size": 4096}}, "/synthetic/samples"), ({}, "/synthetic"), ({"synthetic": {}, "x": 1}, "/x"), ({"synthetic": {"seed": 2**53 + 1}}, "/synthetic/seed")):
        problem = server.json("POST", "/v1/datasets", body, status=422)
        expect([error["pointer"] for error in problem["errors"]] == [pointer], f"{body}: {problem}")
    server.json("POST", "/v1/datasets?name=x", {"synthetic": {}}, status=400)

    # Cut off in the middle: nothing stays.
    files = sorted(path.name for path in (Path(folder) / "data" / "datasets").iterdir())
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("POST", "/v1/datasets")
    connection.putheader("Content-Type", "application/zip")
    connection.putheader("Content-Length", "500000")
    connection.endheaders()
    connection.send(bytes(100_000))
    connection.close()
    time.sleep(0.5)
    expect(sorted(path.name for path in (Path(folder) / "data" / "datasets").iterdir()) == files, "an upload cut off leaves nothing")
    expect(all(one["state"] == "ready" for one in server.json("GET", "/v1/datasets")["datasets"]), "no data set hangs")

    # Nobody runs jobs here: they wait, and only so many.
    waiting = [server.json("POST", "/v1/training-jobs", {"dataset": good}, status=202)["id"] for _ in range(2)]
    reply = server.ask("POST", "/v1/training-jobs", {"dataset": good})
    expect(reply.status == 429 and reply.headers["Retry-After"], f"a full queue: {reply.status}")
    for path in ("model", "model?format=onnx"):
        expect(server.ask("GET", f"/v1/training-jobs/{waiting[0]}/{path}").status == 409, "no model yet")
    server.json("POST", f"/v1/training-jobs/{waiting[0]}/predict", {"image": [[1]]}, status=409)
    server.json("GET", f"/v1/training-jobs/{waiting[0]}/model?format=pickle", status=422)
    for path in ("/v1/training-jobs?state=sleeping", "/v1/training-jobs?limit=0", "/v1/training-jobs?cursor=x", "/v1/training-jobs?x=1", "/v1/datasets?cursor=x"):
        server.json("GET", path, status=422)
    for name in (nobody, "..", "x" * 300, "%2e%2e"):
        server.json("GET", f"/v1/training-jobs/{name}", status=404)
        server.json("DELETE", f"/v1/datasets/{name}", status=404)
    reply = server.ask("GET", f"/v1/training-jobs/{waiting[0]}/events", headers={"Last-Event-ID": "x"})
    expect(reply.status == 400, "an event of no stream")
    # Streams of clients that have gone, and heads, take nobody's place.
    for _ in range(20):
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
            connection.request("GET", f"/v1/training-jobs/{waiting[0]}/events")
            expect(connection.getresponse().status == 200, "a stream in the place of one that was left")
    for _ in range(20):
        expect(server.ask("HEAD", f"/v1/training-jobs/{waiting[0]}/events").status == 200, "the head of a stream")
    await_comment(server, waiting[0])
    server.stop()


def large_upload(folder, store):
    """Archives far larger than what the server takes of memory for them; pages of files that it has mapped are the system's."""
    server = Server(folder, store=store)
    seen, is_done = [], threading.Event()

    def watch():
        while not is_done.is_set():
            text = Path(f"/proc/{server.process.pid}/status").read_text()
            seen.append(1024 * int(re.search(r"RssAnon:\s+(\d+)", text)[1]))
            is_done.wait(0.005)

    images = np.random.default_rng(1).integers(0, 256, (4000, 192, 192), np.uint8)
    path = Path(folder) / "large.npz"
    np.savez(path, images=images, masks=(images > 127).astype(np.uint8))
    size = path.stat().st_size
    with ThreadPoolExecutor(1) as executor:
        watching = executor.submit(watch)
        for length, status in ((size, 201), (size - 100, 422)):
            with open(path, "r+b") as file:
                file.truncate(length)
                headers = {"Content-Type": "application/zip", "Content-Length": str(length)}
                reply = server.ask("POST", "/v1/datasets", file, headers)
            expect(reply.status == status, f"{length} bytes: {reply.status} {reply.data}")
        is_done.set()
        watching.result()
    print(f"{size >> 20} MB uploaded, {seen[0] >> 20} MB of memory before, {max(seen) >> 20} MB at most, in {len(seen)} looks", flush=True)
    expect(max(seen) < seen[0] + (48 << 20), "a large upload takes little memory")
    server.stop()


def main():
    test, store = sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory() as folder:
        {"whole_path": whole_path, "bad_input": bad_input, "large_upload": large_upload}[test](folder, store)
    print(f"\n{len(differences)} differences")


if __name__ == "__main__":
    main()

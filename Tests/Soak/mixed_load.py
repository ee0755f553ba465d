"""Everything that clients do, good and bad, for half an hour: memory stays flat, and no descriptor and no thread is left behind."""

import contextlib
import http.client
import json
import os
import random
import socket
import struct
import time

import numpy as np

from answers import allowed_errors
from bodies import archive, average_hausdorff, blobs, form_request, json_type, octets_type, scores
from corpus import requests
from customers import Client
from grammar import Breaker
from report import megabytes
from service import Service, Watch, ask

specification = {"epochs": 2, "batch_size": 4, "losses": "dice_loss,hausdorff_dt:0.1", "precision": "f32", "model": {"levels": 2, "base_channels": 4}}


class Load(Client):
    """Does one thing after the other, as its dice fall."""

    def __init__(self, port, dataset, job, seed):
        super().__init__(_go_on, port, dataset, job, seed)

    def take(self, result):
        self.counts, self.failures = result


class _Doings:
    """What a client may do; each returns what was wrong, or nothing."""

    def __init__(self, port, dataset, job, dice):
        self.port, self.dataset, self.job, self.dice = port, dataset, job, dice
        self.pairs = []
        for size, seed in ((16, 1), (128, 2), (512, 3)):
            pair = blobs(size, seed)
            self.pairs.append((average_hausdorff(*pair), list(scores(*pair).values())))
        truth, prediction = blobs(64, 4)
        self.loss = truth.tobytes() + (prediction * np.float32(0.75)).tobytes()
        self.picture = scores(truth, prediction)["PNG"]
        self.archive = archive()
        self.corpus = requests(job, dataset)

    def ask(self, method, target, headers, body, *wanted):
        """The answer; raises where it is none of those that are right."""
        status, found, data = ask(self.port, method, target, body, headers)
        if status not in wanted:
            raise ValueError(f"{method} {target}: {status} {data[:300]}")
        return found, data

    def json(self, method, target, value, *wanted):
        body = None if value is None else json.dumps(value)
        data = self.ask(method, target, json_type if body else {}, body, *wanted)[1]
        return json.loads(data) if data else None

    def score(self):
        right, forms = self.dice.choice(self.pairs)
        target, headers, body = self.dice.choice(forms)
        found = json.loads(self.ask("POST", target, headers, body, 200)[1])["loss"]
        if abs(found - right) > 1e-9 * right:
            raise ValueError(f"{target}: {found}, not {right}")

    def losses(self):
        target = "/v1/loss?shape=64,64&dtype_true=uint8&dtype_pred=float32&losses=hausdorff_dt:0.5,dice_loss,soft_average_hausdorff"
        headers = {**octets_type, "Accept": self.dice.choice(["application/octet-stream", "application/json"])}
        found, data = self.ask("POST", target + "&gradient=true", headers, self.loss, 200)
        if found["Content-Type"] == "application/octet-stream" and len(data) != 4 * 64 * 64:
            raise ValueError(f"a gradient of {len(data)} bytes")

    def draw(self):
        target, headers, body = self.picture
        data = self.ask("POST", target, {**headers, "Accept": "image/png"}, body, 200)[1]
        if not data.startswith(b"\x89PNG"):
            raise ValueError(f"no PNG: {data[:50]}")

    def err(self):
        """A request that is well formed and wrong."""
        target, headers, body, status = self.dice.choice([
            ("/v1/score", json_type, b'{"y_true": [[1]], "y_pred": [[1, 2]]}', 422), ("/v1/score", json_type, b"[" * 2000, 400),
            ("/v1/score?shape=9,9", octets_type, b"123", 422), ("/v1/loss", json_type, b'{"y_true": [[1]], "y_pred": [[7]]}', 422),
            ("/v1/score", {"Content-Type": "text/plain"}, b"x", 415), ("/v1/training-jobs", json_type, b"{}", 422),
            ("/v1/datasets", octets_type, os.urandom(500), 422), ("/nowhere", json_type, b"{}", 404),
        ])
        self.ask("POST", target, headers, body, status, 400)

    def break_grammar(self):
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(Breaker(self.corpus[:6] + self.corpus[16:22], self.dice).octets())
                connection.settimeout(0.1)
                received = connection.recv(65536)
                status = int(received[9:12]) if received.startswith(b"HTTP/1.") else 0
                if status >= 500 and status not in allowed_errors:
                    raise ValueError(f"broken grammar: {received[:300]}")

    def upload(self):
        if self.dice.random() < 0.5:
            headers, body = form_request([("file", self.archive), ("name", "sent")])
        else:
            headers, body = json_type, json.dumps({"synthetic": {"samples": 16, "size": 32}})
        made = json.loads(self.ask("POST", "/v1/datasets", headers, body, 201)[1])["id"]
        self.json("GET", f"/v1/datasets/{made}", None, 200)
        self.json("DELETE", f"/v1/datasets/{made}", None, 204)

    def train(self):
        """Submits a job, and cancels it or waits for it; deletes it at last."""
        job = self.json("POST", "/v1/training-jobs", {"dataset": self.dataset, **specification}, 202)["id"]
        path = f"/v1/training-jobs/{job}"
        if self.dice.random() < 0.7:
            self.json("POST", path + "/cancel", None, 200, 202, 409)
        for _ in range(1200):
            if self.json("GET", path, None, 200)["state"] not in ("queued", "running"):
                break
            time.sleep(0.1)
        self.json("GET", path + "/epochs", None, 200)
        self.ask("GET", path + "/log", {}, None, 200)
        self.json("DELETE", path, None, 204)

    def predict(self):
        image = np.zeros((32, 32)).tolist()
        self.json("POST", f"/v1/training-jobs/{self.job}/predict", {"image": image, "output": "mask"}, 200)
        self.ask("GET", f"/v1/training-jobs/{self.job}/model?format=onnx", {}, None, 200)

    def follow(self):
        """Opens a stream of events and drops it, at its end or before."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", f"/v1/training-jobs/{self.job}/events")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read(self.dice.choice([1, 100])):
                raise ValueError(f"events: {answer.status}")

    def vanish(self):
        """Leaves in the middle of a request, or right behind it."""
        target, headers, body = self.dice.choice(self.pairs[2][1])
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        octets = head.encode() + b"\r\n" + (body if isinstance(body, bytes) else body.encode())
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            if self.dice.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                connection.sendall(octets[: self.dice.choice([10, len(octets) // 2, len(octets)])])

    def look(self):
        path = self.dice.choice(["/livez", "/readyz?verbose", "/v1/info", "/openapi.yaml", "/v1/training-jobs", "/v1/datasets"])
        self.ask("GET", path, {}, None, 200)


def _go_on(begun, done, port, dataset, job, seed):
    doings = _Doings(port, dataset, job, random.Random(seed))
    often = [doings.score] * 10 + [doings.losses] * 3 + [doings.vanish] * 2
    choices = often + [doings.draw, doings.err, doings.break_grammar, doings.upload, doings.train, doings.predict, doings.follow, doings.look]
    counts, failures = {}, []
    begun.set()
    while not done.is_set():
        doing = doings.dice.choice(choices)
        counts[doing.__name__] = counts.get(doing.__name__, 0) + 1
        try:
            doing()
        except Exception as error:
            failures.append(f"{doing.__name__}: {type(error).__name__}: {error}")
        # Many things at once, not as many as there can be: other scenarios do that.
        done.wait(0.002)
    return counts, failures


def run(context):
    """A round to get warm, then the load for so long; what there was behind the first is there behind the second."""
    report = context.report
    minutes = context.minutes or (0.1 if context.short else 30)
    with Service(context.binary, context.folder) as service:
        dataset = service.json("POST", "/v1/datasets", {"synthetic": {"samples": 16, "size": 32}}, status=201)["id"]
        job = service.json("POST", "/v1/training-jobs", {"dataset": dataset, **specification}, status=202)["id"]
        path = f"/v1/training-jobs/{job}"
        service.settles(lambda: service.json("GET", path)["state"] in ("succeeded", "failed"), 300)

        def load(seconds, seed):
            crew = [Load(service.port, dataset, job, f"{seed}:{number}") for number in range(4)]
            with contextlib.ExitStack() as stack, Watch(service) as watch:
                for one in crew:
                    stack.enter_context(one)
                time.sleep(seconds)
            return crew, watch

        def is_quiet():
            return service.places() == 0 and not service.json("GET", "/v1/training-jobs?state=running")["jobs"]

        load(2 if context.short else 60, "warm")
        service.settles(is_quiet)
        descriptors, threads = service.descriptors(), service.threads()
        crew, watch = load(60 * minutes, context.seed)
        counts = {name: sum(one.counts.get(name, 0) for one in crew) for name in crew[0].counts}
        failures = sum((one.failures for one in crew), [])
        report.figure("done", ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())))
        report.check("doings, failures", f"{sum(counts.values()):,}, {len(failures)}", "0 failures", not failures)
        for failure in failures[:10]:
            print(f"    {failure[:500]}", flush=True)
        report.figure("memory", ", ".join(megabytes(watch.median(at / 10, at / 10 + 0.1)) for at in range(10)))
        growth = watch.growth(1 / 3)
        report.timing("memory's growth from the first third to the end", f"{growth:+.1%}", "5 %", growth <= 0.05)
        report.check("memory at most", megabytes(service.peak()), "2,000 MB", service.peak() < 2e9)
        # The end of some connections is noticed only when they have idled for a minute; in the short form they may be left.
        spare = 64 if context.short else 2
        is_free = service.settles(lambda: is_quiet() and service.descriptors() <= descriptors + spare, 150)
        report.check("descriptors afterwards", service.descriptors(), f"{descriptors} + {spare}", is_free)
        is_free = service.settles(lambda: service.threads() <= threads + (16 if context.short else 2))
        report.check("threads afterwards", service.threads(), f"{threads} + {16 if context.short else 2}", is_free)
        service.close(report)

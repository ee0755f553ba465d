"""Scoring and the training API under each other's overload: neither keeps the other from answering."""

import json
import time

from bodies import average_hausdorff, blobs, scores
from customers import Client, Customer, check_customers
from overload import Work, check_load
from report import milliseconds, percentile
from service import Service, ask
from wrk import Saturation

specification = {"epochs": 1, "batch_size": 4, "losses": "dice_loss", "precision": "f32", "model": {"levels": 1, "base_channels": 4}}


class Trainer(Client):
    """Goes the whole way of the training API again and again, in a process of its own."""

    def __init__(self, port):
        super().__init__(_train, port)

    def take(self, result):
        self.seconds, self.failures = result


def _train(begun, done, port):
    seconds, failures = [], []

    def step(method, target, status, body=None):
        start = time.perf_counter()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            found, _, answer = ask(port, method, target, body is not None and json.dumps(body) or None, headers)
        except OSError as error:
            found, answer = None, repr(error)
        seconds.append(time.perf_counter() - start)
        if found not in status:
            failures.append(f"{method} {target}: {found} {answer[:300]}")
            return {}
        return json.loads(answer) if answer else {}

    begun.set()
    while not done.is_set():
        dataset = step("POST", "/v1/datasets", (201,), {"synthetic": {"samples": 8, "size": 32}}).get("id")
        job = step("POST", "/v1/training-jobs", (202,), {"dataset": dataset, **specification}).get("id")
        if not job:
            continue
        step("GET", "/v1/training-jobs", (200,))
        # It may have ended, or its worker may still have to stop.
        step("POST", f"/v1/training-jobs/{job}/cancel", (200, 202, 409))
        while step("GET", f"/v1/training-jobs/{job}", (200,)).get("state") in ("queued", "running"):
            done.wait(0.05)
        step("DELETE", f"/v1/training-jobs/{job}", (204,))
        step("DELETE", f"/v1/datasets/{dataset}", (204,))
    return seconds, failures


def tell(report, name, seconds, failures):
    """How it went with those who are not to starve."""
    check_customers(report, name, seconds, failures)
    late = percentile(seconds, 0.99)
    report.timing(f"{name}: 99th percentile", milliseconds(late), "500 ms", late < 0.5)


def run(context):
    """Overloads scoring while jobs are submitted, then the training API while masks are scored."""
    report, seconds = context.report, 3 if context.short else 60
    with Service(context.binary, context.folder, "--max-requests=64") as service:
        work = Work(service)
        rate = work.saturation(context.folder).run(16, 1).accepted
        with Trainer(service.port) as trainer:
            check_load(report, work.offer(4 * rate, seconds).outcome())
        tell(report, "training API while scoring is overloaded", trainer.seconds, trainer.failures)

        dataset = service.json("POST", "/v1/datasets", {"synthetic": {"samples": 8, "size": 32}}, status=201)["id"]
        for _ in range(50 if context.short else 500):
            service.json("POST", "/v1/training-jobs", {"dataset": dataset, **specification}, status=202)
        truth, prediction = blobs(256, 2)
        target, headers, body = scores(truth, prediction)["raw"]
        right = service.ask("POST", target, body, headers)[2]
        if abs(json.loads(right)["loss"] - average_hausdorff(truth, prediction)) > 1e-9:
            raise RuntimeError(f"a wrong score: {right}")
        with Customer([("score", service.port, "POST", target, body, headers, right)]) as customer:
            # Far more than have a place at a time.
            check_load(report, Saturation(context.folder, service.port, "GET", "/v1/training-jobs?limit=100").run(256, seconds))
        tell(report, "scores while the training API is overloaded", customer.seconds["score"], customer.failures + customer.refused)
        service.close(report)

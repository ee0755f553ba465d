"""Thousands of clients that send or read as slowly as they can, and what an ordinary client has of it."""

import json
import re
import subprocess

from bodies import average_hausdorff, blobs, scores
from customers import Customer, check_customers, health
from report import megabytes, milliseconds, percentile
from service import Service

# What makes slowhttptest slow in the three ways: heads that never end, bodies that never end, answers that are hardly read.
modes = {
    "slow heads": ["-H", "-i", "5", "-t", "GET"],
    "slow bodies": ["-B", "-i", "5", "-s", "100000", "-f", "application/json"],
    "slow readers": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"],
}
targets = {"slow heads": "/livez", "slow bodies": "/v1/score", "slow readers": "/openapi.yaml"}


def attack(service, mode, count, seconds):
    """Runs slowhttptest to its end; what it says of its connections: pending, connected, error and closed ones."""
    url = f"http://127.0.0.1:{service.port}{targets[mode]}"
    extent = ["-c", str(count), "-r", str(count // 5), "-l", str(seconds), "-p", "3", "-v", "1"]
    command = ["slowhttptest", *modes[mode], *extent, "-u", url]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    found = {name: int(value) for name, value in re.findall(r"(initializing|pending|connected|error|closed):\s+(\d+)", text)}
    if not found:
        raise RuntimeError(f"slowhttptest ended with {done.returncode}: {text[-2000:]}")
    return found


def ordinary(service):
    """What a `Customer` asks: a score, of which SciPy agrees with the answer, and the health."""
    truth, prediction = blobs(256, 3)
    target, headers, body = scores(truth, prediction)["raw"]
    right = service.ask("POST", target, body, headers)[2]
    if abs(json.loads(right)["loss"] - average_hausdorff(truth, prediction)) > 1e-9:
        raise RuntimeError(f"a wrong score: {right}")
    return [("score", service.port, "POST", target, body, headers, right), *health(service)]


def run(context):
    """With room for all of them; and with the limits that there are by default, so that they take every connection or place."""
    report = context.report
    count, seconds = (300, 2) if context.short else (10_000, 30)
    for name, options, is_room in (
        ("room for all", [f"--max-connections={count + 200}", f"--max-requests={count + 200}"], True),
        # By default there is room for 4096.
        ("room for half", [f"--max-connections={count // 2}"] if context.short else [], False),
    ):
        with Service(context.binary, context.folder / name.replace(" ", "-"), *options) as service:
            for mode in modes if is_room or not context.short else ["slow heads"]:
                attacked(context, service, f"{mode}, {name}", mode, count, seconds, is_room)
            # A connection's buffer and a slow body are 228 KiB.
            limit = 100e6 + count * 240e3
            report.check(f"{name}: memory at most", megabytes(service.peak()), megabytes(limit), service.peak() < limit)
            service.close(report)


def attacked(context, service, name, mode, count, seconds, is_room):
    """One attack, and how it went with others."""
    report = context.report
    descriptors = service.descriptors()
    with Customer(ordinary(service), timeout=120) as customer:
        slow = attack(service, mode, count, seconds)
    report.figure(f"{name}: connections", ", ".join(f"{value:,} {kind}" for kind, value in slow.items() if value))
    # Without room others wait until deadlines make some, which is the promise then.
    limit = 0.1 if is_room else 60
    scored = customer.seconds.pop("score")
    told = sum(customer.seconds.values(), [])
    for kind, times in (("scores", scored), ("health", told)):
        late = percentile(times, 0.99)
        report.timing(f"{name}: {kind}, 99th percentile", milliseconds(late), milliseconds(limit), late < limit)
    report.figure(f"{name}: longest of others", milliseconds(max(scored + told)))
    # Without room slow bodies have all places, and others are told so.
    report.check(f"{name}: others refused", f"{len(customer.refused):,}", 0 if is_room else "", not (is_room and customer.refused))
    check_customers(report, f"{name}: others", scored + told, customer.failures)
    is_free = service.settles(lambda: service.descriptors() <= descriptors + 2 and service.places() == 0)
    report.check(f"{name}: descriptors afterwards", service.descriptors(), f"{descriptors} + 2", is_free)

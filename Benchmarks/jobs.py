"""Scoring beside a training job, and what the server says of many jobs, each beside the same server without them."""
import http.client
import json
import re
import sqlite3
import subprocess
import tempfile
import time
from statistics import median

import masks
from server import bare, connections, hausdorffd, post_script


def ask(server, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    if reply.status >= 300:
        raise SystemExit(f"{method} {path}: {reply.status} {data}")
    return json.loads(data) if data and data[:1] == b"{" else data


def wait(server, job, *states):
    while (found := ask(server, "GET", f"/v1/training-jobs/{job}"))["state"] not in states:
        time.sleep(0.02)
    return found


def load(server, path, seconds, script=None, clients=connections):
    """Requests a second, and the median and the 99th percentile of their latencies in seconds."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency"] + (["-s", script] if script else [])
    report = subprocess.run(command + [f"http://127.0.0.1:{server.port}{path}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise SystemExit(report)
    units = {"us": 1e-6, "ms": 1e-3, "s": 1}

    def latency(percent):
        number, unit = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)", report).groups()
        return float(number) * units[unit]

    return float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1]), latency(50), latency(99)


def beside_training(table, server, peer, folder, quick):
    """Both servers idle and beside the same training: what the bare one loses is the system's, which lets a waiting thread wait
    for a tick of the clock where another core is busy, be it with threads that give way to all others."""
    rounds, seconds = (3, 2) if quick else (7, 5)
    dataset = ask(server, "POST", "/v1/datasets", {"synthetic": {"samples": 64, "size": 256}})["id"]
    small, large = masks.blobs((16, 16)), masks.blobs((256, 256))
    small_json = json.dumps({"y_true": small[0].astype(int).tolist(), "y_pred": small[1].astype(int).tolist()}).encode()
    small_script = post_script(folder, "small", "application/json", small_json)
    large_script = post_script(folder, "large", "application/octet-stream", b"".join(mask.tobytes() for mask in large))
    loads = [
        ("JSON, 16×16", server, "/v1/score", small_script),
        ("raw uint8, 256²", server, "/v1/score?shape=256,256", large_script),
        ("same, bare C", peer, "/", large_script),
    ]
    figures = {name: {"idle": [], "training": []} for name, *_ in loads}
    starts = []
    for _ in range(rounds):
        for name, target, path, script in loads:
            figures[name]["idle"].append(load(target, path, seconds, script))
        begin = time.perf_counter()
        job = ask(server, "POST", "/v1/training-jobs", {"dataset": dataset, "epochs": 100_000})["id"]
        while not ask(server, "GET", f"/v1/training-jobs/{job}")["progress"]:
            time.sleep(0.005)
        starts.append(time.perf_counter() - begin)
        for name, target, path, script in loads:
            figures[name]["training"].append(load(target, path, seconds, script))
            ask(server, "GET", "/readyz")
        ask(server, "POST", f"/v1/training-jobs/{job}/cancel")
        wait(server, job, "cancelled")
    for name, target, *_ in loads:
        rates, halves, tails = ([median(run[i] for run in figures[name][side]) for side in ("training", "idle")] for i in range(3))
        least, most = ((0.5, 0.9), (3, 1.5)) if target is server else ((None, None),) * 2
        table.rate(f"{name}: requests", *rates, "idle", *least)
        table.share("median latency", *halves, "idle", *most)
        table.share(f"{name}: 99th percentile", *tails, "idle", *most)
    table.row("submitted to first step told", f"{median(starts) * 1e3:,.0f} ms", "", "", "1,000 ms", "", median(starts) <= 1)


def many(table, server, store, quick):
    """Latencies with 1,000 queued jobs, one of them of 100,000 epochs, beside those of a store with two."""
    dataset = ask(server, "POST", "/v1/datasets", {"synthetic": {"samples": 4, "size": 32}})["id"]
    spec = {"dataset": dataset, "epochs": 100_000}
    job = ask(server, "POST", "/v1/training-jobs", spec)["id"]
    ask(server, "POST", "/v1/training-jobs", spec)
    record = json.dumps({"epoch": 1, "train_loss": 0.1234567, "val_loss": 0.1234567, "val_dice": 0.9, "val_average_hausdorff": 0.1234567,
                         "val_hausdorff_95": 1.234567, "val_hausdorff": 2.34567, "val_misses": 0, "is_best": False, "seconds": 1.23456})

    def add_epochs(first, count):
        with sqlite3.connect(store, timeout=30) as database:
            database.executemany("INSERT INTO event (job, number, at, kind, attempt, data) VALUES (?, ?, 0, 'epoch', 1, ?)",
                                 ((job, number, record) for number in range(first, first + count)))
            database.execute("UPDATE job SET epochs = epochs + ?, events = events + ? WHERE id = ?", (count, count, job))

    add_epochs(2, 150)
    seconds = 1 if quick else 3
    paths = [
        ("status of a job", f"/v1/training-jobs/{job}"),
        ("list of 50 jobs", "/v1/training-jobs?state=queued&limit=50"),
        ("100 epochs", f"/v1/training-jobs/{job}/epochs?limit=100"),
        ("100 epochs, of the last", f"/v1/training-jobs/{job}/epochs?limit=100&cursor=LAST"),
    ]
    few = [load(server, path.replace("LAST", "51"), seconds, clients=1)[1] for _, path in paths]
    add_epochs(152, 100_000 - 150)
    for _ in range(998):
        ask(server, "POST", "/v1/training-jobs", spec)
    for (name, path), before in zip(paths, few):
        latency = load(server, path.replace("LAST", "99900"), seconds, clients=1)[1]
        if name == "status of a job":
            table.row(name, f"{latency * 1e6:,.0f} µs", f"of two {before * 1e6:,.0f} µs", f"{latency / before:.2f}×", "1,000 µs", "", latency <= 1e-3)
        elif name == "list of 50 jobs":
            # Of the two there were, for comparison with what 50 are.
            table.row(name, f"{latency * 1e6:,.0f} µs", f"of two {before * 1e6:,.0f} µs", f"{latency / before:.2f}×", "", "", True)
        else:
            table.row(name, f"{latency * 1e6:,.0f} µs", f"of 150 {before * 1e6:,.0f} µs", f"{latency / before:.2f}×", "", "", latency <= 2 * before)


def run(table, binary, tools, quick):
    table.section("Scoring while a job trains on all cores (U-Net, 8×256²), wrk with 8 connections")
    with tempfile.TemporaryDirectory() as folder:
        with hausdorffd(binary, folder, 2) as server, bare(tools, 2) as peer:
            beside_training(table, server, peer, folder, quick)
    table.section("1,000 queued jobs, one of them with 100,000 epochs (SQLite), one connection, medians")
    with tempfile.TemporaryDirectory() as folder:
        with hausdorffd(binary, folder, 2, "--training-jobs=0") as server:
            many(table, server, f"{folder}/store.sqlite", quick)

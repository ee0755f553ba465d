"""What may befall a training job: `faults.py HAUSDORFFD FAULT [STORE]`, FAULT being the name of a function below.

Prints how many things were not as they should be.
"""
import glob
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobs import Server, differences, expect, workers

store = sys.argv[3] if len(sys.argv) > 3 else None
quick = {"epochs": 12, "batch_size": 4, "precision": "f32", "losses": "dice_loss,bce", "model": {"levels": 2, "base_channels": 8}}


def made(server, **options):
    return server.json("POST", "/v1/datasets", {"synthetic": {"samples": 20, "size": 32, **options}}, status=201)["id"]


def submit(server, dataset, **options):
    return server.json("POST", "/v1/training-jobs", {"dataset": dataset, **quick, **options}, status=202)["id"]


def until(condition, what, seconds=400):
    for _ in range(seconds * 20):
        if found := condition():
            return found
        time.sleep(0.05)
    expect(False, f"not in time: {what}")


def stopped_worker(folder):
    """A worker is stopped like a machine that hangs, its job goes on elsewhere, and it wakes up again."""
    server = Server(folder, "--training-jobs=2", "--training-threads=1", "--lease-seconds=3", "--heartbeat-seconds=0.5", store=store)
    dataset = made(server)
    job = submit(server, dataset, epochs=400)
    until(lambda: server.json("GET", f"/v1/training-jobs/{job}")["epochs"] > 2, "some epochs")
    (first,) = workers(folder)
    os.kill(first, signal.SIGSTOP)
    until(lambda: server.json("GET", f"/v1/training-jobs/{job}")["attempt"] == 2, "a second attempt")
    folders = Path(folder) / "data" / "jobs" / job
    before = {path.name: path.stat().st_mtime_ns for path in (folders / "1").iterdir()}
    os.kill(first, signal.SIGCONT)
    until(lambda: first not in workers(folder), "the first worker ends")
    after = {path.name: path.stat().st_mtime_ns for path in (folders / "1").iterdir()}
    # It may have been stopped within a write, which then ends.
    expect(sum(before.get(name) != time for name, time in after.items()) <= 1, f"it has written nothing more: {before} {after}")
    log = server.ask("GET", f"/v1/training-jobs/{job}/log").data.decode()
    expect("attempt 1: the worker was not heard of in time" in log, f"what the log says: {log}")
    expect(server.json("GET", f"/v1/training-jobs/{job}")["state"] == "running", "it goes on")
    until(lambda: server.json("GET", f"/v1/training-jobs/{job}")["state"] == "succeeded", "its end")
    history = server.json("GET", f"/v1/training-jobs/{job}/epochs")["epochs"]
    expect([epoch["epoch"] for epoch in history] == list(range(1, 401)), "each epoch once")
    server.stop()


def causes(folder):
    """Jobs that cannot succeed say why."""
    server = Server(folder, "--training-threads=1", store=store)
    dataset = made(server)
    diverging = server.wait(submit(server, dataset, optimizer="sgd", learning_rate=100, epochs=50), "failed", "succeeded")
    expect(diverging["state"] == "failed" and diverging["error"]["title"] == "Training diverged", f"diverged: {diverging['error']}")
    expect("epoch" in (diverging["error"] or {}).get("detail", ""), f"where: {diverging['error']}")
    server.stop()

    # Nobody works until its data set has been taken away.
    server = Server(folder, "--training-jobs=0", store=store)
    job = submit(server, dataset)
    server.stop()
    os.unlink(f"{folder}/data/datasets/{dataset}.dataset")
    server = Server(folder, "--training-threads=1", "--max-event-streams=1", store=store)
    lost = server.wait(job, "failed", "succeeded")
    expect(lost["state"] == "failed" and f"the data set {dataset} cannot be used" in lost["error"]["detail"], f"lost: {lost['error']}")

    # A worker that is killed again and again.
    dataset = made(server)
    job = submit(server, dataset, epochs=100_000, model={"levels": 2, "base_channels": 64})
    for attempt in range(1, 4):
        found = until(lambda: server.json("GET", f"/v1/training-jobs/{job}")["attempt"] == attempt and workers(folder), f"attempt {attempt}")
        for worker in found or {}:
            os.kill(worker, signal.SIGKILL)
    killed = server.wait(job, "failed")
    if killed["failures"] == 3:
        expect("ended by signal 9 (Killed), 3 times without getting further" in killed["error"]["detail"], f"killed: {killed['error']}")

    # As many streams as may be.
    job = submit(server, dataset, epochs=100_000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"/v1/training-jobs/{job}/events")
    stream = connection.getresponse()
    expect(stream.readline() == b"retry: 2000\n", "a stream")
    reply = server.ask("GET", f"/v1/training-jobs/{job}/events")
    expect(reply.status == 503 and reply.headers["Retry-After"], "a limit on streams")
    until(lambda: server.json("GET", f"/v1/training-jobs/{job}")["state"] == "running", "it runs")
    server.json("POST", f"/v1/training-jobs/{job}/cancel", status=202)
    expect(b'"state":"cancelled"' in stream.read(), "the stream goes to the end")
    connection.close()
    server.stop()


def full_disk(folder):
    """The disk is full when a checkpoint is to be saved: the job says so, and the server goes on scoring."""
    os.mkdir(f"{folder}/data")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", f"{folder}/data"], check=True)
    try:
        server = Server(folder, "--training-threads=1", store=store)
        dataset = made(server)
        good = submit(server, dataset)
        expect(server.wait(good, "succeeded", "failed")["state"] == "succeeded", "there is room at first")
        large = submit(server, dataset, model={"levels": 3, "base_channels": 32}, epochs=3)
        ended = server.wait(large, "succeeded", "failed")
        expect(ended["state"] == "failed" and "No space left on device" in ended["error"]["detail"], f"its cause: {ended['error']}")
        upload = server.ask("POST", "/v1/datasets", bytes(30_000_000), {"Content-Type": "application/octet-stream"})
        expect(upload.status == 507, f"no room for an upload: {upload.status} {upload.data}")
        pair = {"y_true": [[0, 1]], "y_pred": [[1, 0]]}
        expect(server.json("POST", "/v1/score", pair)["loss"] == 1, "it scores on")
        until(lambda: server.ask("GET", "/readyz").status == 503, "a full disk is unreadiness")
        expect(server.ask("GET", f"/v1/training-jobs/{good}/model").status == 200, "what was there is there")
        server.json("DELETE", f"/v1/training-jobs/{large}", status=204)
        again = submit(server, dataset, seed=2)
        expect(server.wait(again, "succeeded", "failed")["state"] == "succeeded", "with room again it trains again")
        server.stop()
    finally:
        subprocess.run(["umount", "-l", f"{folder}/data"], check=True)


def wrong_clocks(folder):
    """Workers whose clocks are an hour off: the store's clock counts."""
    options = ["--lease-seconds=5", "--heartbeat-seconds=0.5", "--training-threads=1"]
    server = Server(folder, "--training-jobs=0", *options, store=store)
    dataset = made(server)
    (library,) = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    works = []
    for offset in ("+1h", "-1h"):
        environment = {**os.environ, "LD_PRELOAD": library, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        # By way of env: the library changes the environment when it is loaded, and then Swift does not find its arguments.
        command = ["/usr/bin/env", sys.argv[1], "work", f"--data={folder}/data", f"--store={store}", *options]
        works.append(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    jobs = [submit(server, dataset, seed=seed) for seed in range(6)]
    for job in jobs:
        ended = server.wait(job, "succeeded", "failed")
        expect(ended["state"] == "succeeded" and ended["attempt"] == 1, f"{job}: {ended['state']}, attempt {ended['attempt']}, {ended['error']}")
        expect(abs(time.time() - time.mktime(time.strptime(ended["finished_at"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 600, f"the store's time: {ended['finished_at']}")
    for work in works:
        work.terminate()
        work.wait()
    server.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[2]](folder)
    print(f"\n{len(differences)} differences")

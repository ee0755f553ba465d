"""Two servers and two workers on one PostgreSQL store of their own: `cluster.py HAUSDORFFD POSTGRES_SCRIPT`.

Any server answers for any job; a worker dies, the database restarts, and every job ends as it would have. Prints how many things were not as they should be.
"""
import atexit
import os
import subprocess
import sys
import tempfile
import time

from jobs import Server, differences, events, expect

script, postgres = sys.argv[2], f"/tmp/hausdorffd-cluster-{os.getpid()}"
store = subprocess.run([script, "start", postgres], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
atexit.register(subprocess.run, [script, "stop", postgres], check=True)
short = ["--lease-seconds=5", "--heartbeat-seconds=0.5", "--training-threads=1"]


class Work:
    """`hausdorffd work`"""

    def __init__(self, folder, name):
        self.log = open(f"{folder}/{name}.log", "w")
        self.process = subprocess.Popen([sys.argv[1], "work", f"--data={folder}/data", f"--store={store}", *short], stderr=self.log, stdin=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        expect(self.process.wait(60) == 0, f"a worker ends with {self.process.returncode}")


def health(server):
    return server.ask("GET", "/readyz").status


def score(server):
    pair = {"y_true": [[0, 1], [0, 1]], "y_pred": [[1, 0], [1, 0]]}
    return server.json("POST", "/v1/score", pair)["loss"]


with tempfile.TemporaryDirectory() as folder:
    first = Server(folder, "--training-jobs=0", *short, store=store)
    second = Server(folder, "--training-jobs=0", *short, store=store)
    works = [Work(folder, "work-1"), Work(folder, "work-2")]
    dataset = first.json("POST", "/v1/datasets", {"synthetic": {"samples": 20, "size": 32}}, status=201)["id"]
    expect(second.json("GET", f"/v1/datasets/{dataset}")["state"] == "ready", "a data set is everywhere")
    spec = {"dataset": dataset, "epochs": 30, "batch_size": 4, "losses": "dice_loss,bce", "precision": "f32", "model": {"levels": 2, "base_channels": 8}}
    jobs = [(first, second)[number % 2].json("POST", "/v1/training-jobs", {**spec, "seed": number % 3}, status=202)["id"] for number in range(6)]

    # One of the two that run dies.
    second.wait(jobs[1], "running", "succeeded")
    works[1].process.kill()
    works[1].process.wait()
    found = events(second, jobs[0])
    expect(found[-1][1:] == ("state", found[-1][2]) and found[-1][2]["state"] == "succeeded", f"followed elsewhere: {found[-1]}")
    works[1] = Work(folder, "work-3")

    # The database goes away for a moment.
    subprocess.run([script, "restart", postgres], check=True)
    expect(score(first) == 1, "scores do not need the store")
    for server in (first, second):
        for _ in range(600):
            if health(server) == 200:
                break
            time.sleep(0.1)
        expect(health(server) == 200, "ready again")
    for job in jobs:
        ended = first.wait(job, "succeeded", "failed", "cancelled")
        expect(ended["state"] == "succeeded", f"{job}: {ended['state']} {ended['error']}")
        history = second.json("GET", f"/v1/training-jobs/{job}/epochs")["epochs"]
        expect([epoch["epoch"] for epoch in history] == list(range(1, 31)), "each epoch once")
    models = [(first, second)[number % 2].ask("GET", f"/v1/training-jobs/{job}/model?format=onnx").data for number, job in enumerate(jobs)]
    expect(models[:3] == models[3:] and len(set(models)) == 3, "the same weights, whoever ran it")
    print("attempts:", [first.json("GET", f"/v1/training-jobs/{job}")["attempt"] for job in jobs])

    # A worker that is asked to stop gives its job back, in good order.
    last = second.json("POST", "/v1/training-jobs", {**spec, "epochs": 100_000}, status=202)["id"]
    first.wait(last, "running")
    for work in works:
        work.stop()
    given = first.json("GET", f"/v1/training-jobs/{last}")
    expect(given["state"] == "queued" and given["failures"] == 0, f"given back: {given['state']}, {given['failures']} failures")
    first.json("POST", f"/v1/training-jobs/{last}/cancel")
    for server in (first, second):
        server.stop()
print(f"\n{len(differences)} differences")

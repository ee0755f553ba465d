"""Kills servers and workers at random while jobs are submitted and run: `kills.py HAUSDORFFD KILLS [STORE]`.

Every job that was acknowledged must end, once, in the weights that an undisturbed run gives. Prints how many things were not as
they should be.
"""
import hashlib
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from jobs import Server, differences, expect, workers

kills = int(sys.argv[2])
store = sys.argv[3] if len(sys.argv) > 3 else None
options = ["--lease-seconds=10", "--heartbeat-seconds=1", "--training-jobs=2", "--training-threads=1"]
seeds = 4


def spec(dataset, seed):
    return {"dataset": dataset, "seed": seed, "epochs": 60, "batch_size": 4, "precision": "f32", "losses": "dice_loss,bce",
            "model": {"levels": 2, "base_channels": 8}}


def add_data_set(server):
    made = {"synthetic": {"samples": 20, "size": 32, "seed": 5}}
    return server.json("POST", "/v1/datasets", made, status=201)["id"]


def digest(server, job):
    reply = server.ask("GET", f"/v1/training-jobs/{job}/model?format=onnx")
    expect(reply.status == 200, f"the model of {job}: {reply.status}")
    return hashlib.sha256(reply.data).hexdigest()


def undisturbed():
    """The digests of the models, by seed."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, *options)
        dataset = add_data_set(server)
        jobs = [server.json("POST", "/v1/training-jobs", spec(dataset, seed), status=202)["id"] for seed in range(seeds)]
        for job in jobs:
            server.wait(job, "succeeded")
        models = [digest(server, job) for job in jobs]
        server.stop()
        return models


def is_at_budget(cluster):
    """Whether one more crash without progress would rightly fail a job."""
    return any(
        job["failures"] > 1
        for state in ("queued", "running")
        for job in json.loads(cluster.ask("GET", f"/v1/training-jobs?state={state}").data)["jobs"])


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.server = Server(folder, *options, store=store)

    def ask(self, method, path, body=None, headers={}):
        """Asks until a server answers."""
        while True:
            try:
                reply = self.server.ask(method, path, body, headers)
                if reply.status != 503:
                    return reply
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)

    def kill_server(self):
        self.server.process.kill()
        self.server.process.wait()
        self.server = Server(self.folder, *options, store=store)


def main():
    models = undisturbed()
    expect(len(set(models)) == seeds, "seeds give different models")
    acknowledged = {}
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        dataset = add_data_set(cluster.server)
        isDone = threading.Event()

        def submit():
            number = 0
            while not isDone.is_set():
                reply = cluster.ask("POST", "/v1/training-jobs", spec(dataset, number % seeds), {"Idempotency-Key": f"job-{number}"})
                if reply.status == 202:
                    acknowledged[json.loads(reply.data)["id"]] = number % seeds
                    number += 1
                elif reply.status != 409:
                    expect(False, f"submission {number}: {reply.status} {reply.data}")
                    return
                # As many as are worked off, some waiting.
                waiting = json.loads(cluster.ask("GET", "/v1/training-jobs?state=queued").data)["jobs"]
                isDone.wait(0.2 if len(waiting) < 3 else 2)

        submitting = threading.Thread(target=submit)
        submitting.start()
        killed = {"server": 0, "worker": 0}
        dice = random.Random(kills)
        while sum(killed.values()) < kills:
            time.sleep(dice.uniform(0.1, 1.5))
            running = workers(folder)
            if dice.random() < 0.3:
                cluster.kill_server()
                killed["server"] += 1
            elif running and not is_at_budget(cluster):
                try:
                    os.kill(dice.choice(running), signal.SIGKILL)
                    killed["worker"] += 1
                except ProcessLookupError:
                    pass
        isDone.set()
        submitting.join()
        print(f"killed: {killed}; jobs: {len(acknowledged)}", flush=True)

        crashes, attempts = 0, 0
        for job, seed in acknowledged.items():
            ended = cluster.server.wait(job, "succeeded", "failed", "cancelled")
            attempts += ended["attempt"]
            expect(ended["state"] == "succeeded", f"{job} {ended['state']}: {ended['error']}")
            events, after = [], 0
            history = cluster.server.json("GET", f"/v1/training-jobs/{job}/epochs")["epochs"]
            expect([epoch["epoch"] for epoch in history] == list(range(1, 61)), f"{job} has each epoch once: {[epoch['epoch'] for epoch in history]}")
            log = cluster.server.ask("GET", f"/v1/training-jobs/{job}/log").data.decode()
            finals = [line for line in log.splitlines() if line.endswith(("state: succeeded", "state: failed", "state: cancelled"))]
            expect(len(finals) == 1, f"{job} ends once: {finals}")
            numbers = [int(line.split("attempt ")[1].split(":")[0]) for line in log.splitlines()]
            expect(numbers == sorted(numbers), f"{job}: an older attempt was heard behind a newer: {numbers}")
            crashes += log.count("was ended by signal 9")
            if ended["state"] == "succeeded":
                expect(digest(cluster.server, job) == models[seed], f"{job} has the weights of an undisturbed run")
        print(f"attempts: {attempts}; crashes that jobs saw: {crashes}", flush=True)
        listed, cursor = set(), ""
        while cursor is not None:
            page = cluster.server.json("GET", f"/v1/training-jobs?limit=500{cursor and '&cursor='}{cursor}")
            listed |= {job["id"] for job in page["jobs"]}
            cursor = page["next_cursor"]
        expect(listed == set(acknowledged), f"jobs and no others: {len(listed)} {len(acknowledged)}")
        cluster.kill_server()  # The next one keeps house when it starts.
        for _ in range(300):
            if not any(len(list(path.iterdir())) > 1 for path in (Path(folder) / "data" / "jobs").iterdir()):
                break
            time.sleep(0.1)
        folders = {path.name: sorted(one.name for one in path.iterdir()) for path in (Path(folder) / "data" / "jobs").iterdir()}
        expect(all(len(names) == 1 for names in folders.values()), f"only the last attempt's files are kept: {[names for names in folders.values() if len(names) > 1]}")
        cluster.server.stop()
    print(f"\n{len(differences)} differences")


main()

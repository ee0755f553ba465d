"""Times losses with gradients: in process beside MONAI and kornia, over HTTP, and within a training step of Keras.

All of it on two cores, in wall-clock time. kornia's loss takes two channels of which one is background, so half of its time counts.
"""
import http.client
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from statistics import median

import numpy as np
import scipy.ndimage

import masks
import server

os.environ["KERAS_BACKEND"] = "torch"
shape = (8, 256, 256)


def batch():
    """Blobs, and probabilities of the displaced ones with soft edges and some noise; every item its own way."""
    random = np.random.default_rng(2)
    truth, moved = masks.blobs(shape[1:])
    truth = np.stack([np.roll(truth, 3 * item, 0) for item in range(shape[0])]).astype(np.uint8)
    soft = [scipy.ndimage.gaussian_filter(np.roll(moved, 3 * item, 0).astype(float), 2) for item in range(shape[0])]
    prediction = 0.02 + 0.96 * np.stack(soft) + random.uniform(-0.02, 0.02, shape)
    return truth, prediction.astype(np.float32)


class Ours:
    """The program that times the library, fed through a pipe."""

    def __init__(self, program, truth, prediction):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(f"batch {','.join(map(str, shape))}\n".encode())
        self.process.stdin.write(truth.tobytes() + prediction.tobytes())

    def time(self, loss, count=20):
        """The loss and the seconds that it takes with its gradient."""
        self.process.stdin.write(f"time {loss} {count}\n".encode())
        self.process.stdin.flush()
        value, seconds = map(float, self.process.stdout.readline().split())
        return value, seconds

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(function):
    """What the function returns and the seconds that it takes."""
    start = time.perf_counter()
    value = function()
    return value, time.perf_counter() - start


def monai_loss(truth, prediction):
    import torch
    from monai.losses import HausdorffDTLoss

    loss, truth = HausdorffDTLoss(include_background=True), torch.from_numpy(truth)[:, None].float()

    def step():
        probabilities = torch.from_numpy(prediction)[:, None].clone().requires_grad_()
        value = loss(probabilities, truth)
        value.backward()
        return value.item()

    return step


def kornia_loss(truth, prediction):
    import torch
    from kornia.losses import HausdorffERLoss

    loss, truth = HausdorffERLoss(alpha=2.0, k=10), torch.from_numpy(truth)[:, None].long()

    def step():
        probabilities = torch.from_numpy(prediction)[:, None].clone().requires_grad_()
        value = loss(torch.cat([1 - probabilities, probabilities], 1), truth)
        value.backward()
        return value.item()

    return step


def compare(table, ours, name, peer_name, peer, share, rounds, least, aim):
    """One of our losses beside a peer's; `share` of the peer's time counts."""
    value, _ = ours.time(name, 3)
    peer()
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(ours.time(name)[1])
        peer_value, seconds = timed(peer)
        theirs.append(seconds * share)
    if not abs(value - peer_value) < 1e-4 * value:  # they compute in float32
        raise SystemExit(f"{name}: {value} is not {peer_name}'s {peer_value}")
    table.ratio(f"{name}, 8×256²", median(mine), median(theirs), peer_name, least, aim)


def post(connection, target, body):
    """The loss and the gradient's bytes."""
    connection.request("POST", target, body, {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"})
    answer = connection.getresponse()
    gradient = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {gradient[:500]}")
    return float(answer.headers["Loss"]), gradient


def keras_steps(url, truth, prediction):
    """A training step with the remote loss, and one with the local binary cross-entropy, of one U-Net each."""
    import keras

    sys.path.insert(0, str(Path(__file__).parent.parent / "Examples"))
    import keras_unet

    steps = []
    for loss in (keras_unet.RemoteLoss(url, "hausdorff_dt"), keras.losses.BinaryCrossentropy()):
        keras.utils.set_random_seed(1)
        model = keras_unet.unet(shape[1], 16)
        model.compile(keras.optimizers.Adam(1e-4), loss)
        steps.append(lambda model=model: model.train_on_batch(prediction[..., None], truth[..., None]))
    return steps


def run(table, binary, program, quick):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:2])
    import torch

    torch.set_num_threads(2)
    truth, prediction = batch()
    rounds = 5 if quick else 21

    table.section("Losses with gradients, 8×256², two cores, wall-clock time")
    ours = Ours(program, truth, prediction)
    compare(table, ours, "hausdorff_dt", "MONAI", monai_loss(truth, prediction), 1, rounds, 20, 60)
    compare(table, ours, "hausdorff_er", "kornia, half", kornia_loss(truth, prediction), 0.5, rounds, 10, 30)
    pairs = [[ours.time(name)[1] for name in ("soft_average_hausdorff", "hausdorff_dt")] for _ in range(rounds)]
    table.share("soft_average_hausdorff", *map(median, zip(*pairs)), "hausdorff_dt", 1.0, 0.7)

    with tempfile.TemporaryDirectory() as folder, server.hausdorffd(binary, folder, 2) as process:
        connection = http.client.HTTPConnection("127.0.0.1", process.port)
        for name in ("uint8", "float32"):
            body = truth.astype(name).tobytes() + prediction.tobytes()
            query = {"shape": ",".join(map(str, shape)), "dtype_true": name, "dtype_pred": "float32", "losses": "hausdorff_dt"}
            target = f"/v1/loss?{urllib.parse.urlencode(query)}"
            value, gradient = post(connection, target, body)
            if len(gradient) != prediction.nbytes or abs(value - ours.time("hausdorff_dt", 3)[0]) > 1e-9 * value:
                raise SystemExit("the server's loss is not the library's")
            trips, inside = [], []
            for _ in range(5 * rounds):
                trips.append(min(timed(lambda: post(connection, target, body))[1] for _ in range(5)))
                inside.append(min(ours.time("hausdorff_dt", 1)[1] for _ in range(5)))
            table.share(f"round trip, y_true {name}", median(trips), median(inside), "in process", 2.5, 1.5)
        ours.close()
        steps = keras_steps(f"http://127.0.0.1:{process.port}", truth, prediction)
        for step in steps:
            step()
        times = [[], []]
        for index in range(2 * rounds):
            for side in (0, 1) if index % 2 else (1, 0):
                times[side].append(timed(steps[side])[1])
        table.share("Keras step, remote hausdorff_dt", *map(median, times), "local bce", 1.10, 1.03)
    os.sched_setaffinity(0, cores)

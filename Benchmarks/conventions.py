"""Times metrics under other libraries' conventions beside these libraries, and label volumes through the server."""
import http.client
import json
import os
import re
import tempfile
import time
import warnings
from statistics import median

import numpy as np

np.Inf = np.inf  # surface-distance 0.1 asks for it, NumPy 2 has it no more

import surface_distance
import torch
from monai.metrics import compute_hausdorff_distance

import masks
from kernels import Kernels
from server import hausdorffd, png

EVERY = {
    "modified": ["average_hausdorff", "hausdorff", "hausdorff_95", "average_surface_distance", "mean_average_surface_distance",
                 "balanced_average_hausdorff", "surface_dice", "dice", "iou"],
    "itk": ["average_hausdorff", "hausdorff"], "scikit-image": ["average_hausdorff", "hausdorff"],
    "monai": ["hausdorff", "hausdorff_95", "average_surface_distance", "surface_dice", "dice", "iou"],
    "medpy": ["hausdorff", "hausdorff_95", "average_surface_distance", "dice", "iou"],
    "metrics-reloaded": ["hausdorff", "hausdorff_95", "average_surface_distance", "mean_average_surface_distance", "surface_dice", "dice", "iou"],
    "surface-distance": ["hausdorff", "hausdorff_95", "average_surface_distance_pred_to_true", "average_surface_distance_true_to_pred",
                         "surface_dice", "dice"]}


def by_monai(truth, prediction):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y, y_pred = (torch.from_numpy(mask)[None, None] for mask in (truth, prediction))
        return float(compute_hausdorff_distance(y_pred, y, include_background=True, percentile=95))


def by_surface_distance(truth, prediction, tolerance=1):
    distances = surface_distance.compute_surface_distances(truth, prediction, (1,) * truth.ndim)
    return float(surface_distance.compute_robust_hausdorff(distances, 95)), surface_distance.compute_surface_dice_at_tolerance(distances, tolerance)


def by_surface_distance_whole(truth, prediction, tolerance=1):
    distances = surface_distance.compute_surface_distances(truth, prediction, (1,) * truth.ndim)
    values = [surface_distance.compute_robust_hausdorff(distances, percent) for percent in (100, 95)]
    values += surface_distance.compute_average_surface_distance(distances)
    values.append(surface_distance.compute_surface_dice_at_tolerance(distances, tolerance))
    return values + [surface_distance.compute_dice_coefficient(truth, prediction)]


def ask(server, path, body, content_type="application/octet-stream"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("POST", path, body, {"Content-Type": content_type})
    reply = connection.getresponse()
    data = json.loads(reply.read())
    if reply.status != 200:
        raise SystemExit(f"{path}: {data}")
    connection.close()
    return data


def seconds(work, *arguments):
    start = time.perf_counter()
    value = work(*arguments)
    return time.perf_counter() - start, value


def peak(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def label_volumes(shape, labels=3):
    """Blobs of several labels, one in the other's way."""
    volumes = [np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)]
    for label in range(1, labels + 1):
        for volume, mask in zip(volumes, masks.blobs(shape, seed=label)):
            volume[mask & (volume == 0)] = label
    return volumes


def run(table, program, binary, quick):
    torch.set_num_threads(1)
    kernels = Kernels(program, quick)
    table.section("Other conventions, one core, CPU time")
    for extent in (256, 512):
        pair = masks.blobs((extent, extent))
        ours, theirs, difference = kernels.beside(by_monai, pair, {"monai": ["hausdorff_95"]})
        if not difference < 1e-6:
            raise SystemExit(f"MONAI: the values differ by {difference:.1e}")
        table.ratio(f"monai hausdorff_95, {extent}²", ours, theirs, "MONAI", 40, 100)
    for name, shape in (("256²", (256, 256)), ("128³", (128, 128, 128))):
        ours, theirs, _ = kernels.beside(by_surface_distance, masks.blobs(shape), {"surface-distance": ["hausdorff_95", "surface_dice"]})
        table.ratio(f"surface-distance, two metrics, {name}", ours, theirs, "surface-distance", 15, 40)
    pair = masks.blobs((256, 256))
    alone, everything = kernels.alone(pair), kernels.alone(pair, EVERY)
    table.share("all metrics of all conventions, 256²", everything, alone, "average_hausdorff", 8, 4)
    kernels.close()

    table.section("Through the server, two cores, whole requests")
    with tempfile.TemporaryDirectory() as folder, hausdorffd(binary, folder, 2, "--training-jobs=0") as server:
        idle = peak(server)
        pair = masks.blobs((512, 512, 256))
        body = b"".join(mask.tobytes() for mask in pair)
        ask(server, "/v1/score?shape=512,512,256&layout=DHW", body)
        voxels = len(body) // 2
        table.row("peak memory, 512×512×256 uint8", f"{(peak(server) - idle) / 1e6:,.0f} MB", "bytes a voxel of one mask",
                  f"{(peak(server) - idle) / voxels:.2f}", "5 most", "3", (peak(server) - idle) / voxels <= 5)
        truth, prediction = label_volumes((512, 512, 256))
        body = truth.tobytes() + prediction.tobytes()
        path = ("/v1/score?shape=512,512,256&layout=DHW&labels=1,2,3&tolerance=1&convention=surface-distance&metrics="
                + ",".join(EVERY["surface-distance"]))
        # The peer takes minutes, so it is timed once.
        ours = []
        for _ in range(1 if quick else 5):
            took, reply = seconds(ask, server, path, body)
            ours.append(took)
        theirs, values = seconds(lambda: [by_surface_distance_whole(truth == label, prediction == label) for label in (1, 2, 3)])
        for item, wanted in zip(reply["items"], values):
            if abs(item["hausdorff_95"] - wanted[1]) > 1e-6 * wanted[1]:
                raise SystemExit(f"surface-distance: {item} against {wanted}")
        table.ratio("3 labels of 512×512×256, six metrics", median(ours), theirs, "surface-distance", 20, 60)

        truth, prediction = masks.blobs((512, 512))
        raw = truth.tobytes() + prediction.tobytes()
        form = b"".join(b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, png(mask))
                        for name, mask in ((b"y_true", truth), (b"y_pred", prediction))) + b"--x--\r\n"
        times = {"raw": [], "png": []}
        for _ in range(50 if quick else 400):
            times["raw"].append(seconds(ask, server, "/v1/score?shape=512,512", raw)[0])
            times["png"].append(seconds(ask, server, "/v1/score", form, "multipart/form-data; boundary=x")[0])
        table.share("PNG pair of 512²", median(times["png"]), median(times["raw"]), "raw", 3, 1.5)

        # One direction of one pair has enough to do for all workers.
        body = b"".join(mask.tobytes() for mask in masks.pixel_and_full((256, 512, 512)))
        path = "/v1/score?shape=256,512,512&layout=DHW&metrics=average_hausdorff_pred_to_true"
        with tempfile.TemporaryDirectory() as other, hausdorffd(binary, other, 2, "--training-jobs=0", "--workers=1") as alone:
            times = {server: [], alone: []}
            for _ in range(1 if quick else 5):
                for one, took in times.items():
                    took.append(seconds(ask, one, path, body)[0])
        table.ratio("one pair of 512×512×256, two workers", median(times[server]), median(times[alone]), "one worker", 1.4, 1.8)

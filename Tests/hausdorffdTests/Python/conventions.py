"""Scores under the conventions of other libraries, compared with these: conventions.py PORT COUNT"""

import base64
import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np

np.Inf, np.NaN = np.inf, np.nan  # which surface-distance 0.1 still looks for
import medpy.metric.binary as medpy
import SimpleITK
import surface_distance
from scipy import ndimage
from skimage.metrics import hausdorff_distance

from client import Client
from reference import boundary, distances
from random_pairs import field

warnings.simplefilter("ignore")


def itk(truth, prediction, spacing, tolerance):
    images = []
    for mask in (truth, prediction):
        image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
        image.SetSpacing([float(size) for size in reversed(spacing)])
        images.append(image)
    measure = SimpleITK.HausdorffDistanceImageFilter()
    measure.Execute(*images)
    return {"average_hausdorff": measure.GetAverageHausdorffDistance(), "hausdorff": measure.GetHausdorffDistance()}


def scikit_image(truth, prediction, spacing, tolerance):
    return {"average_hausdorff": hausdorff_distance(truth, prediction, method="modified"),
            "hausdorff": hausdorff_distance(truth, prediction)}


def med_py(truth, prediction, spacing, tolerance):
    options = {"voxelspacing": spacing}
    return {
        "hausdorff": medpy.hd(prediction, truth, **options), "hausdorff_95": medpy.hd95(prediction, truth, **options),
        "average_surface_distance": medpy.assd(prediction, truth, **options),
        "average_surface_distance_pred_to_true": medpy.asd(prediction, truth, **options),
        "average_surface_distance_true_to_pred": medpy.asd(truth, prediction, **options),
        "dice": medpy.dc(prediction, truth), "iou": medpy.jc(prediction, truth)}


def metrics_reloaded(truth, prediction, spacing, tolerance):
    """By the definitions of Maier-Hein et al. 2024, over boundary points."""
    forth = distances(boundary(prediction), boundary(truth), spacing, "euclidean")
    back = distances(boundary(truth), boundary(prediction), spacing, "euclidean")
    both = np.count_nonzero(truth & prediction)
    near = np.count_nonzero(forth <= tolerance) + np.count_nonzero(back <= tolerance)
    return {
        "hausdorff": max(forth.max(), back.max()),
        "hausdorff_95": max(np.percentile(forth, 95), np.percentile(back, 95)),
        "hausdorff_50": max(np.percentile(forth, 50), np.percentile(back, 50)),
        "average_surface_distance": (forth.sum() + back.sum()) / (len(forth) + len(back)),
        "mean_average_surface_distance": (forth.mean() + back.mean()) / 2,
        "surface_dice": near / (len(forth) + len(back)),
        "dice": 2 * both / (truth.sum() + prediction.sum()), "iou": both / (truth | prediction).sum()}


def deepmind(truth, prediction, spacing, tolerance):
    found = surface_distance.compute_surface_distances(truth, prediction, spacing)
    to_prediction, to_truth = surface_distance.compute_average_surface_distance(found)
    return {
        "hausdorff": surface_distance.compute_robust_hausdorff(found, 100),
        "hausdorff_95": surface_distance.compute_robust_hausdorff(found, 95),
        "hausdorff_50": surface_distance.compute_robust_hausdorff(found, 50),
        "average_surface_distance_pred_to_true": to_truth, "average_surface_distance_true_to_pred": to_prediction,
        "surface_dice": surface_distance.compute_surface_dice_at_tolerance(found, tolerance),
        "dice": surface_distance.compute_dice_coefficient(truth, prediction)}


LIBRARIES = {"itk": itk, "scikit-image": scikit_image, "medpy": med_py, "metrics-reloaded": metrics_reloaded,
             "surface-distance": deepmind}


def mask(random, shape):
    """Blobs or noise, with holes, at borders, single points, or all of the grid."""
    kind = random.integers(10)
    if kind == 0:
        points = np.zeros(shape, bool)
        for _ in range(random.integers(1, 4)):
            points[tuple(random.integers(size) for size in shape)] = True
        return points
    if kind == 1:
        return np.ones(shape, bool)
    if kind == 2:
        box = np.zeros(shape, bool)
        box[tuple(slice(*sorted(random.integers(0, size + 1, 2))) for size in shape)] = True
        return box
    return field(random, shape) > random.choice([0.3, 0.5, 0.7, 0.9])


def pair(random, size):
    shape = tuple(random.integers(1, 48, 2)) if size == 2 else tuple(random.integers(1, 18, 3))
    while True:
        truth = mask(random, shape)
        prediction = truth.copy() if random.random() < 0.05 else mask(random, shape)
        if random.random() < 0.3:
            prediction = np.roll(truth, tuple(random.integers(-3, 4, size)), tuple(range(size)))
        if truth.any() and prediction.any():
            return truth, prediction


def same(value, expected):
    value = {"NaN": math.nan, "Infinity": math.inf}.get(value, value)
    if value is None or expected is None:
        return value is expected
    if math.isnan(expected) or math.isinf(expected):
        return str(value) == str(float(expected))
    return math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-9)


def monai_cases():
    """What record_monai.py wrote down: pairs, options and MONAI's values."""
    def mask(case, name):
        bits = np.unpackbits(np.frombuffer(base64.b64decode(case[name]), np.uint8), count=math.prod(case["shape"]))
        return bits.astype(bool).reshape(case["shape"])

    for case in json.loads((Path(__file__).parent / "monai.json").read_text())["cases"]:
        options = {name: case[name] for name in ("distance", "spacing", "tolerance")}
        yield mask(case, "y_true"), mask(case, "y_pred"), options, case["values"]


def main():
    client, count = Client(int(sys.argv[1])), int(sys.argv[2])
    random = np.random.default_rng(7)
    failures, compared = [], 0
    for name, library in LIBRARIES.items():
        for number in range(2 * count):
            truth, prediction = pair(random, 2 + number % 2)
            equal = name == "scikit-image" or random.random() < 0.4
            spacing = [1.0] * truth.ndim if equal else [float(random.choice([0.5, 0.7, 1.0, 2.5, random.uniform(0.1, 5)])) for _ in range(truth.ndim)]
            tolerance = float(random.choice([0, 0.5, 0.7, 1, 2, 2.5]))
            expected = library(truth, prediction, spacing, tolerance)
            options = {} if name == "scikit-image" else {"spacing": spacing}
            if "surface_dice" in expected:
                options["tolerance"] = tolerance
            reply = client.raw(truth, prediction, metrics=list(expected), convention=name,
                               layout="HW" if truth.ndim == 2 else "DHW", **options)
            for metric, value in expected.items():
                compared += 1
                if not same(reply["metrics"][metric], float(value)):
                    failures.append(f"{name}, {truth.shape}, {spacing}, {tolerance}: {metric} is {reply['metrics'][metric]}, not {value}")
    for truth, prediction, options, expected in monai_cases():
        reply = client.raw(truth, prediction, metrics=list(expected), convention="monai", empty="convention",
                           layout="HW" if truth.ndim == 2 else "DHW", **options)
        for metric, value in expected.items():
            compared += 1
            if not same(reply["metrics"][metric], float(value)):
                failures.append(f"monai, {truth.shape}, {options}: {metric} is {reply['metrics'][metric]}, not {value}")
    # Empty masks, where the libraries answer; MetricsReloaded's own answers there depend on what lies in memory.
    some, none = np.zeros((6, 7), bool), np.zeros((6, 7), bool)
    some[2:4, 3:5] = True
    for name in ("scikit-image", "surface-distance"):
        for truth, prediction in ((some, none), (none, some), (none, none)):
            expected = LIBRARIES[name](truth, prediction, [1, 1], 1)
            options = {"tolerance": 1} if "surface_dice" in expected else {}
            reply = client.raw(truth, prediction, metrics=list(expected), convention=name, empty="convention", **options)
            for metric, value in expected.items():
                compared += 1
                if not same(reply["metrics"][metric], float(value)):
                    failures.append(f"{name}, empty: {metric} is {reply['metrics'][metric]}, not {value}")
    print(f"{compared} values, {len(failures)} differences")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

"""Scores under the conventions of other libraries, compared with these: conventions.py PORT COUNT"""

import base64
import itertools
import json
import math
import re
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
    values = {"average_hausdorff": measure.GetAverageHausdorffDistance(), "hausdorff": measure.GetHausdorffDistance()}
    # SimpleITK lacks ITK's directed filter.
    for direction, points, targets in (("pred_to_true", prediction, truth), ("true_to_pred", truth, prediction)):
        found = distances(points, targets, spacing, "euclidean")
        values[f"average_hausdorff_{direction}"], values[f"hausdorff_{direction}"] = found.mean(), found.max()
    return values


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
    if not (truth.any() and prediction.any()):
        return metrics_reloaded_without(truth.any() or prediction.any())
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


def metrics_reloaded_without(either):
    """What the package returns early where a mask is empty, or both are, by its source (cb38dfc).

    Its surface Dice of one empty mask is of distances to a point beside the grid, so that it is no value here.
    """
    distance = math.nan if either else 0
    names = ("hausdorff", "hausdorff_95", "hausdorff_50", "average_surface_distance", "mean_average_surface_distance")
    return {**dict.fromkeys(names, distance), "surface_dice": math.nan if either else 1, "dice": 0 if either else 1,
            "iou": 0 if either else math.nan}


def monai(truth, prediction, spacing, tolerance, distance="euclidean"):
    """MONAI without torch: distances, ranks and what lies between two in float32. monai_cases are what it is held to."""
    edges = boundary(truth), boundary(prediction)

    def side(points, targets):
        if points.any() and targets.any():
            return distances(points, targets, spacing, distance).astype(np.float32)
        return np.full(max(np.count_nonzero(points), np.count_nonzero(targets)), np.inf, np.float32)

    def percentile(values, percent):
        if len(values) == 0:
            return math.nan
        values, rank = np.sort(values), np.float32(percent / 100) * np.float32(len(values) - 1)
        below = int(rank)
        low, high = values[below], values[min(below + 1, len(values) - 1)]
        weight = rank - np.float32(below)
        return low + weight * (high - low) if weight < 0.5 else high - (high - low) * (1 - weight)

    def greatest(values):
        return values.max() if len(values) else math.nan

    def mean(values):
        return values.mean(dtype=float) if len(values) else math.nan

    forth, back = side(edges[1], edges[0]), side(edges[0], edges[1])
    pooled = np.concatenate([forth, back])
    count, both = np.count_nonzero(truth), np.count_nonzero(truth & prediction)
    return {
        "hausdorff": np.maximum(greatest(forth), greatest(back)), "hausdorff_pred_to_true": greatest(forth),
        "hausdorff_95": np.maximum(percentile(forth, 95), percentile(back, 95)),
        "hausdorff_62.5": np.maximum(percentile(forth, 62.5), percentile(back, 62.5)),
        "hausdorff_95_pred_to_true": percentile(forth, 95),
        "average_surface_distance": mean(pooled), "average_surface_distance_pred_to_true": mean(forth),
        "surface_dice": mean(np.isfinite(pooled) & (pooled <= np.float32(tolerance))),
        "dice": 2 * both / (count + np.count_nonzero(prediction)) if count else math.nan,
        "iou": both / np.count_nonzero(truth | prediction) if count else math.nan}


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
             "surface-distance": deepmind, "monai": monai}
WIDE = 150  # Wide pairs of each; of fewer not all widths and distances are seen.


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


def wide_pair(random, number):
    """Masks of rows of several words of 64 bits: edges at the words' ends, points far apart, or what `mask` makes."""
    shape = [(random.integers(1, 30), random.integers(70, 300)), (random.integers(1, 8), random.integers(260, 400)),
             (random.integers(20, 60), random.integers(129, 200)), (random.integers(260, 400), random.integers(1, 20)),
             (random.integers(2, 9), random.integers(2, 9), random.integers(65, 141))][number % 5]
    shape = tuple(map(int, shape))

    def wide_mask():
        kind, made = random.integers(3), np.zeros(shape, bool)
        if kind == 0:
            made[tuple(random.integers(size) for size in shape[:-1])][random.choice([0, -1])] = True
        elif kind == 1:
            ends = [end for end in (60, 63, 64, 65, 100, 127, 128, 129, 192, 255, 256, shape[-1]) if end <= shape[-1]]
            start, stop = sorted(random.choice([0, *ends], 2, replace=False))
            made[tuple(slice(*sorted(random.integers(0, size + 1, 2))) for size in shape[:-1])][..., start:stop] = True
        else:
            made = mask(random, shape)
        return made

    while True:
        truth = wide_mask()
        prediction = np.roll(truth, random.integers(-70, 71), -1) if random.random() < 0.3 else wide_mask()
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


class Comparison:
    """Scores of the server beside what they should be."""

    def __init__(self, client):
        self.client, self.compared, self.failures = client, 0, []

    def add(self, name, truth, prediction, expected, **options):
        layout = "HW" if truth.ndim == 2 else "DHW"
        reply = self.client.raw(truth, prediction, metrics=list(expected), convention=name, layout=layout, **options)
        self.note(reply["metrics"], expected, f"{name}, {truth.shape}, {options}")

    def note(self, values, expected, what):
        for metric, value in expected.items():
            self.compared += 1
            if not same(values[metric], float(value)):
                self.failures.append(f"{what}: {metric} is {values[metric]}, not {value}")

    def refused(self, name, truth, prediction, metric):
        """That the server refuses empty masks as the library does."""
        self.compared += 1
        target = f"/v1/score?shape=6,7&convention={name}&empty=convention&metrics={metric}"
        status, _, answer = self.client.ask("POST", target, truth.tobytes() + prediction.tobytes(), {"Content-Type": "application/octet-stream"})
        if status != 422 or b"no foreground" not in answer:
            self.failures.append(f"{name}, empty: {metric} is answered {status}: {answer}")


def compare_pairs(comparison, random, count):
    """Random pairs, some of them wide, against each library."""
    for name, library in LIBRARIES.items():
        seen, farthest = set(), 0
        for number in range(2 * count + WIDE):
            is_wide = number >= 2 * count
            if name == "monai" and not is_wide:
                continue  # It has monai_cases.
            truth, prediction = wide_pair(random, number) if is_wide else pair(random, 2 + number % 2)
            equal = name == "scikit-image" or random.random() < 0.4
            spacing = [1.0] * truth.ndim if equal else [float(random.choice([0.5, 0.7, 1.0, 2.5, random.uniform(0.1, 5)])) for _ in range(truth.ndim)]
            tolerance = float(random.choice([0, 0.5, 0.7, 1, 2, 2.5]))
            options = {} if name == "scikit-image" else {"spacing": spacing}
            if name == "monai" and equal:
                options["distance"] = str(random.choice(["euclidean", "manhattan", "chebyshev"]))
            more = {"distance": options["distance"]} if "distance" in options else {}
            expected = library(truth, prediction, spacing, tolerance, **more)
            if "surface_dice" in expected:
                options["tolerance"] = tolerance
            comparison.add(name, truth, prediction, expected, **options)
            if is_wide:
                seen |= {(truth.ndim, int(column) // 64) for mask in (truth, prediction) for column in np.nonzero(mask)[-1]}
                farthest = max(farthest, expected["hausdorff"] if equal and truth.ndim == 2 else 0)
        assert {(2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (3, 0), (3, 1)} <= seen and farthest > 254, (name, seen, farthest)


def compare_recorded(comparison):
    """What was recorded of MONAI, against the server and against what stands for MONAI elsewhere here."""
    for truth, prediction, options, expected in monai_cases():
        comparison.add("monai", truth, prediction, expected, empty="convention", **options)
        found = monai(truth, prediction, **options)
        comparison.note(found, expected, f"monai in NumPy, {truth.shape}, {options}")


def compare_empty(comparison):
    """Empty masks: what the libraries answer, or that they refuse."""
    some, none = np.zeros((6, 7), bool), np.zeros((6, 7), bool)
    some[2:4, 3:5] = True
    for name, library in LIBRARIES.items():
        for truth, prediction in ((some, none), (none, some), (none, none)):
            try:
                expected = library(truth, prediction, [1, 1], 1)
            except RuntimeError:
                assert name in ("itk", "medpy"), name
                for metric in library(some, some, [1, 1], 1):
                    if metric not in ("dice", "iou"):
                        comparison.refused(name, truth, prediction, metric)
                # MedPy's overlaps have values. It means a Dice of 1 for two empty masks, but catches the wrong thing since NumPy
                # divides its own 0 by 0 there.
                expected = {"dice": float(not truth.any() and not prediction.any()), "iou": medpy.jc(prediction, truth)} if name == "medpy" else {}
            options = {"tolerance": 1} if "surface_dice" in expected else {}
            if expected:
                comparison.add(name, truth, prediction, expected, empty="convention", **options)


def compare_readme(comparison):
    """The README's table of its example, made anew: as printed, as the libraries have it, and without two rows that agree."""
    text = (Path(__file__).parents[3] / "README.md").read_text()
    section = text[text.index("**Conventions.**") : text.index("**Empty masks.**")]
    body = json.loads(re.search(r"-d '(.*?)'\n", section, re.DOTALL)[1])
    printed = {}
    for row in re.findall(r"^\| `([a-z-]+)`(?! \| what)(.*)\|$", section, re.MULTILINE):
        printed[row[0]] = [cell.strip() for cell in row[1].split("|")[2:]]

    def ask(**changes):
        status, _, answer = comparison.client.ask("POST", "/v1/score", json.dumps({**body, **changes}), {"Content-Type": "application/json"})
        return json.loads(answer) if status == 200 else None

    def cell(value):
        return {"Infinity": "∞", "NaN": "NaN"}.get(value) or f"{value:.4g}"

    replies = ask()["conventions"]
    empty = {"rle": {"size": body["y_true"]["rle"]["size"], "counts": [math.prod(body["y_true"]["rle"]["size"])]}}
    computed = {}
    for name, reply in replies.items():
        missed = ask(y_pred=empty, convention=name, empty="convention", metrics=["hausdorff"])
        computed[name] = [cell(reply["metrics"][metric]) if metric in reply["metrics"] else "" for metric in body["metrics"]]
        computed[name].append(cell(missed["loss"]) if missed else "refused")
    comparison.compared += 1
    if printed != computed:
        comparison.failures.append(f"README.md has {printed}, not {computed}")
    for (name, row), (other, values) in itertools.combinations(computed.items(), 2):
        comparison.compared += 1
        if not any(one and two and one != two for one, two in zip(row, values)):
            comparison.failures.append(f"README.md: {name} and {other} do not differ")

    truth, prediction = (unpacked(**body[name]["rle"]) for name in ("y_true", "y_pred"))
    for name, library in LIBRARIES.items():
        expected = library(truth, prediction, [1, 1], body["tolerance"])
        comparison.note(replies[name]["metrics"], {metric: expected[metric] for metric in replies[name]["metrics"]}, f"README.md, {name}")


def unpacked(size, counts):
    """The mask of run lengths down the columns."""
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(size, order="F")


def main():
    comparison, count = Comparison(Client(int(sys.argv[1]))), int(sys.argv[2])
    compare_pairs(comparison, np.random.default_rng(7), count)
    compare_recorded(comparison)
    compare_empty(comparison)
    compare_readme(comparison)
    compared, failures = comparison.compared, comparison.failures
    print(f"{compared} values, {len(failures)} differences")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

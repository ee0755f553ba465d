"""Records in monai.json what MONAI says of random pairs; needs `pip install monai==1.6.1 torch==2.13.0`."""

import base64
import json
import sys
import types
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
import monai
import torch
from monai.metrics import (compute_average_surface_distance, compute_dice, compute_hausdorff_distance, compute_iou,
                           compute_surface_dice)

# The pairs are those of conventions.py, without the libraries that it compares with.
for name in ("medpy", "medpy.metric", "medpy.metric.binary", "SimpleITK", "skimage", "skimage.metrics", "surface_distance"):
    sys.modules.setdefault(name, types.ModuleType(name))
sys.modules["medpy.metric"].binary = sys.modules["medpy.metric.binary"]
sys.modules["skimage.metrics"].hausdorff_distance = None
from conventions import pair

NAMES = {"euclidean": "euclidean", "chebyshev": "chessboard", "manhattan": "taxicab"}


def metrics(truth, prediction, distance, spacing, tolerance):
    y, y_pred = (torch.from_numpy(mask[None, None]) for mask in (truth, prediction))
    options = {"include_background": True, "distance_metric": NAMES[distance], "spacing": spacing}

    def hausdorff(**more):
        return compute_hausdorff_distance(y_pred, y, **options, **more)

    values = {
        "hausdorff": hausdorff(), "hausdorff_pred_to_true": hausdorff(directed=True),
        "hausdorff_95": hausdorff(percentile=95), "hausdorff_62.5": hausdorff(percentile=62.5),
        "hausdorff_95_pred_to_true": hausdorff(percentile=95, directed=True),
        "average_surface_distance": compute_average_surface_distance(y_pred, y, symmetric=True, **options),
        "average_surface_distance_pred_to_true": compute_average_surface_distance(y_pred, y, **options),
        "surface_dice": compute_surface_dice(y_pred, y, class_thresholds=[tolerance], **options),
        "dice": compute_dice(y_pred, y, include_background=True), "iou": compute_iou(y_pred, y)}
    return {name: repr(float(value)) for name, value in values.items()}


def packed(mask):
    return base64.b64encode(np.packbits(mask).tobytes()).decode()


def main():
    random = np.random.default_rng(11)
    cases = []
    for number in range(632):
        truth, prediction = pair(random, 2 + number % 2)
        if number >= 620:
            truth = truth if number % 3 else np.zeros_like(truth)
            prediction = prediction if number % 3 == 0 and number % 2 else np.zeros_like(prediction)
        distance = str(random.choice(["euclidean", "euclidean", "chebyshev", "manhattan"]))
        isotropic = distance != "euclidean" or random.random() < 0.4
        spacing = [1.0] * truth.ndim if isotropic else [round(float(random.uniform(0.1, 5)), 3) for _ in truth.shape]
        tolerance = float(random.choice([0, 0.5, 0.7, 1, 2, 2.5]))
        cases.append({"shape": truth.shape, "y_true": packed(truth), "y_pred": packed(prediction), "distance": distance,
                      "spacing": spacing, "tolerance": tolerance, "values": metrics(truth, prediction, distance, spacing, tolerance)})
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    versions = json.dumps({"monai": monai.__version__, "torch": torch.__version__})
    (Path(__file__).parent / "monai.json").write_text(f'{{"versions": {versions},\n"cases": [\n{text}\n]}}\n')


main()

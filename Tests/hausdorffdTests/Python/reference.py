"""The scores of a pair of masks, by scipy."""

import math

import numpy as np
from scipy import ndimage
from scipy.spatial.distance import cdist

METRICS = {"manhattan": "cityblock", "chebyshev": "chebyshev"}


def scores(truth, prediction, spacing, distance="euclidean", percentiles=(95,), tolerance=1):
    """Every metric under its name; both masks are boolean and have foreground."""
    to_truth = distances(prediction, truth, spacing, distance)
    to_prediction = distances(truth, prediction, spacing, distance)
    both = np.count_nonzero(truth & prediction)
    values = {
        "average_hausdorff": (to_truth.mean() + to_prediction.mean()) / 2,
        "average_hausdorff_pred_to_true": to_truth.mean(),
        "average_hausdorff_true_to_pred": to_prediction.mean(),
        "hausdorff": max(to_truth.max(), to_prediction.max()),
        "hausdorff_pred_to_true": to_truth.max(),
        "hausdorff_true_to_pred": to_prediction.max(),
        "dice": 2 * both / (np.count_nonzero(truth) + np.count_nonzero(prediction)),
        "iou": both / np.count_nonzero(truth | prediction),
        "balanced_average_hausdorff": (to_truth.sum() + to_prediction.sum()) / (2 * np.count_nonzero(truth)),
    }
    edge_to_truth = distances(boundary(prediction), boundary(truth), spacing, distance)
    edge_to_prediction = distances(boundary(truth), boundary(prediction), spacing, distance)
    both_edges = np.concatenate([edge_to_truth, edge_to_prediction])
    values["average_surface_distance"] = both_edges.mean()
    values["average_surface_distance_pred_to_true"] = edge_to_truth.mean()
    values["average_surface_distance_true_to_pred"] = edge_to_prediction.mean()
    values["mean_average_surface_distance"] = (edge_to_truth.mean() + edge_to_prediction.mean()) / 2
    values["surface_dice"] = np.mean(both_edges <= tolerance)
    for percent in percentiles:
        forth, back = np.percentile(edge_to_truth, percent), np.percentile(edge_to_prediction, percent)
        values[f"hausdorff_{percent}"] = max(forth, back)
        values[f"hausdorff_{percent}_pred_to_true"] = forth
        values[f"hausdorff_{percent}_true_to_pred"] = back
    return values


def distances(points, targets, spacing, distance):
    """From each point of one mask to the nearest of the other."""
    if distance == "euclidean":
        return ndimage.distance_transform_edt(~targets, sampling=spacing)[points]
    # scipy's chamfer transform knows unit spacing only, so all pairs are measured.
    here, there = np.argwhere(points) * np.asarray(spacing), np.argwhere(targets) * np.asarray(spacing)
    rows = max(1, 4_000_000 // len(there))
    parts = [here[start : start + rows] for start in range(0, len(here), rows)]
    return np.concatenate([cdist(part, there, METRICS[distance]).min(axis=1) for part in parts])


def boundary(mask):
    """Foreground with a background neighbour; outside the grid is background."""
    cross = ndimage.generate_binary_structure(mask.ndim, 1)
    return mask & ~ndimage.binary_erosion(mask, cross, border_value=0)


def agree(value, expected, tolerance=1e-9):
    """Whether a number of a reply is the one expected, up to rounding."""
    return isinstance(value, (int, float)) and math.isclose(
        value, expected, rel_tol=tolerance, abs_tol=tolerance
    )


def differences(reply, expected):
    """What a reply says otherwise, as text; empty where it agrees."""
    return [
        f"{name}: {reply.get(name)}, not {value}"
        for name, value in expected.items()
        if not agree(reply.get(name), value)
    ]

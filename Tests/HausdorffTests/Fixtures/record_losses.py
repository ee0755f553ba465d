"""Records what MONAI's and kornia's Hausdorff losses give, with gradients, for the tests.

    pip install torch==2.13.0 monai==1.6.1 kornia==0.9.0 numpy==2.4.6 scipy==1.17.1
    python record_losses.py

It writes losses.json beside itself: the versions used, and a list of cases, each with the inputs,
the loss and its derivative with respect to every predicted probability.

The inputs are made from fixed seeds. Probabilities are rounded to four digits, then to float32,
and written with nine digits, so that reading one as a float32 gives what was computed on. Losses
and gradients are computed in float64, but for MONAI's distances: it rounds those to float32.

Shapes are [items, rows, columns] or [items, planes, rows, columns], the last index fastest.
"hausdorff_dt" is MONAI's loss of its one channel. Both its reductions average over the points of
an item; "mean" then averages over the items and "sum" adds them. "hausdorff_er" is kornia's loss
of channel 1 of two, averaged over the points and the items. Options a loss does not have are
false or 0.
"""

import json
import pathlib

import kornia
import monai
import numpy as np
import scipy
import torch
from kornia.losses import HausdorffERLoss, HausdorffERLoss3D
from monai.losses import HausdorffDTLoss, LogHausdorffDTLoss

PLANE = (9, 13)
WIDE_PLANE = (12, 17)
VOLUME = (6, 7, 9)
SMALL_VOLUME = (4, 5, 7)


def distance_from(grid, centre):
    """The distance of every point of the grid from a centre."""
    offsets = [axis - at for axis, at in zip(np.indices(grid), centre)]
    return np.sqrt(sum(offset**2 for offset in offsets))


def ball(grid, centre, radius):
    """The mask of the points nearer than a radius to a centre."""
    return distance_from(grid, centre) < radius


def box(grid, low, high):
    """The mask of the points from the corner low up to, but not at, the corner high."""
    mask = np.zeros(grid, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high))] = True
    return mask


def soft_ball(grid, centre, radius, rng):
    """Probabilities above 0.5 about inside a ball, falling off at its edge, with noise."""
    steepness = (radius - distance_from(grid, centre)) / 0.8
    return np.clip(1 / (1 + np.exp(-steepness)) + rng.uniform(-0.15, 0.15, grid), 0, 1)


def wrong_within(truth, errors, rng, wrong=(0.86, 0.98)):
    """Probabilities near the truth but within the mask of errors, where they are far from it."""
    error = np.where(errors, rng.uniform(*wrong, truth.shape), rng.uniform(0, 0.3, truth.shape))
    return np.abs(truth - error)


def as_recorded(probabilities):
    """The probabilities rounded to four digits and then to float32."""
    return np.round(probabilities, 4).astype(np.float32)


def shortened(values):
    """A flat list of the values with nine significant digits."""
    return [float(f"{value:.9g}") for value in np.asarray(values, dtype=np.float64).ravel()]


def monai_loss(truth, prediction, alpha, log, reduction):
    """MONAI's loss of one foreground channel."""
    kind = LogHausdorffDTLoss if log else HausdorffDTLoss
    loss = kind(alpha=alpha, include_background=True, reduction=reduction)
    return loss(prediction[:, None], truth[:, None].double())


def kornia_loss(truth, prediction, alpha, iterations):
    """kornia's loss of channel 1, the foreground: it keeps the channels apart unless reduced."""
    kind = HausdorffERLoss if truth.dim() == 3 else HausdorffERLoss3D
    loss = kind(alpha=alpha, k=iterations, reduction="none")
    channels = torch.stack([1 - prediction, prediction], dim=1)
    return loss(channels, truth[:, None])[1].mean()


def record(name, library, items, alpha, log=False, iterations=0, reduction="mean"):
    """One case: a library's loss of a list of (truth, prediction) items, and the gradient."""
    truth = np.stack([truth for truth, _ in items]).astype(np.int64)
    prediction = as_recorded(np.stack([prediction for _, prediction in items]))
    masks = torch.from_numpy(truth)
    probabilities = torch.from_numpy(prediction).double().requires_grad_()
    if library == "monai":
        value = monai_loss(masks, probabilities, alpha, log, reduction)
    else:
        value = kornia_loss(masks, probabilities, alpha, iterations)
    value.backward()
    return {
        "name": name,
        "library": library,
        "loss": "hausdorff_dt" if library == "monai" else "hausdorff_er",
        "options": {"alpha": alpha, "log": log, "iterations": iterations, "reduction": reduction},
        "precision": "float64",
        "shape": list(truth.shape),
        "truth": truth.ravel().tolist(),
        "prediction": shortened(prediction),
        "value": value.item(),
        "gradient": shortened(probabilities.grad),
    }


def distance_cases():
    """Cases of the loss by distance transforms."""
    rng = np.random.default_rng(1)
    plane = [
        (ball(PLANE, (4, 4), 3), soft_ball(PLANE, (5, 7), 3.2, rng)),
        (ball(PLANE, (5, 9), 2.5), soft_ball(PLANE, (3, 6), 2.7, rng)),
    ]
    volume = [(ball(VOLUME, (2, 3, 3), 2.3), soft_ball(VOLUME, (3, 3, 5), 2.6, rng))]
    volumes = [
        (ball(SMALL_VOLUME, (1, 2, 2), 1.8), soft_ball(SMALL_VOLUME, (2, 2, 4), 1.9, rng)),
        (ball(SMALL_VOLUME, (2, 3, 5), 1.5), soft_ball(SMALL_VOLUME, (1, 2, 3), 2.2, rng)),
    ]
    below_half = rng.uniform(0, 0.45, PLANE)
    above_half = rng.uniform(0.55, 1, PLANE)
    nothing, everything = np.zeros(PLANE, dtype=bool), np.ones(PLANE, dtype=bool)
    (first_truth, first_prediction), second = plane
    return [
        record("2D, alpha 2", "monai", plane, 2.0),
        record("2D, alpha 1.5", "monai", plane, 1.5),
        record("2D, alpha 2, sum", "monai", plane, 2.0, reduction="sum"),
        record("2D, alpha 2, log", "monai", plane, 2.0, log=True),
        record("2D, alpha 1.5, log, sum", "monai", plane, 1.5, log=True, reduction="sum"),
        record("3D, alpha 2", "monai", volume, 2.0),
        record("3D, alpha 1.5", "monai", volume, 1.5),
        record("3D, alpha 2, log", "monai", volume, 2.0, log=True),
        record("3D, alpha 1.5, sum", "monai", volumes, 1.5, reduction="sum"),
        record("3D, alpha 1.5, log", "monai", volumes, 1.5, log=True),
        record("one prediction empty", "monai", [(first_truth, below_half), second], 2.0),
        record("one prediction full", "monai", [(first_truth, above_half), second], 2.0),
        record("one truth empty", "monai", [(nothing, first_prediction), second], 2.0),
        record("one truth full", "monai", [(everything, first_prediction), second], 1.5),
        record("one item empty in both", "monai", [(nothing, below_half), second], 2.0),
    ]


def erosion_cases():
    """Cases of the loss by erosions."""
    rng = np.random.default_rng(2)
    truth = ball(WIDE_PLANE, (5, 5), 4.5)
    wide = (truth, wrong_within(truth, box(WIDE_PLANE, (1, 4), (11, 15)), rng))
    truth = ball(WIDE_PLANE, (7, 11), 4.2)
    errors = box(WIDE_PLANE, (0, 0), (7, 6)) | box(WIDE_PLANE, (3, 9), (12, 16))
    two_blobs = (truth, wrong_within(truth, errors, rng))
    right = (truth, wrong_within(truth, np.zeros(WIDE_PLANE, dtype=bool), rng))
    everywhere = np.ones(PLANE, dtype=bool)
    truth = ball(PLANE, (4, 7), 3.5)
    all_wrong = (truth, wrong_within(truth, everywhere, rng, (0.93, 0.99)))
    truth = ball(VOLUME, (2, 3, 4), 2.5)
    volume = (truth, wrong_within(truth, box(VOLUME, (1, 1, 2), (6, 6, 8)), rng))
    volumes = []
    for centre, low, high in [((1, 2, 3), (0, 0, 1), (4, 5, 6)), ((2, 2, 4), (0, 1, 2), (4, 5, 7))]:
        truth = ball(SMALL_VOLUME, centre, 2)
        volumes.append((truth, wrong_within(truth, box(SMALL_VOLUME, low, high), rng)))
    return [
        record("2D, alpha 2", "kornia", [wide, two_blobs], 2.0, iterations=10),
        record("2D, alpha 1.5", "kornia", [wide, two_blobs], 1.5, iterations=4),
        record("2D, one iteration", "kornia", [wide], 2.0, iterations=1),
        record("2D, one item right", "kornia", [right, two_blobs], 2.0, iterations=5),
        record("2D, all wrong", "kornia", [all_wrong], 2.0, iterations=6),
        record("3D, alpha 2", "kornia", [volume], 2.0, iterations=10),
        record("3D, alpha 1.5", "kornia", volumes, 1.5, iterations=4),
    ]


def main():
    """Records the cases in losses.json."""
    torch.set_default_dtype(torch.float64)  # kornia makes its kernels in the default type
    libraries = {"torch": torch, "monai": monai, "kornia": kornia, "numpy": np, "scipy": scipy}
    versions = {name: str(library.__version__) for name, library in libraries.items()}
    cases = [json.dumps(case, separators=(",", ":")) for case in distance_cases() + erosion_cases()]
    text = f'{{"versions":{json.dumps(versions)},\n"cases":[\n' + ",\n".join(cases) + "\n]}\n"
    pathlib.Path(__file__).with_name("losses.json").write_text(text)


if __name__ == "__main__":
    main()

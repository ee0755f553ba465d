"""Scores of random pairs, in a plane and in space, compared with scipy's: random_pairs.py PORT COUNT"""

import sys

import numpy as np
from scipy import ndimage

from client import Client
from reference import differences, scores

PERCENTILES = (95, 50, 97.5, 0, 100, 12.5)


def field(random, shape):
    """Numbers from 0 to 1, as noise or as smooth blobs."""
    values = random.random(shape)
    if random.random() < 0.6:
        values = ndimage.gaussian_filter(values, random.uniform(0.5, 3))
        values = (values - values.min()) / (np.ptp(values) or 1)
    return values


def pair(random):
    """Two arrays of float32 and a threshold that gives both of them foreground."""
    kind = random.random()
    if kind < 0.5:
        shape = tuple(random.integers(1, 70, 2))
    elif kind < 0.6:
        shape = tuple(random.integers((1, 70), (20, 300)))
    else:
        shape = tuple(random.integers(1, 20, 3))
    while True:
        truth = field(random, shape).astype(np.float32)
        near = field(random, shape).astype(np.float32)
        prediction = near if random.random() < 0.5 else (0.7 * truth + 0.3 * near).astype(np.float32)
        threshold = float(random.choice([0.5, 0.3, 0.9, 0.99, random.random()]))
        masks = truth.astype(float) > threshold, prediction.astype(float) > threshold
        if masks[0].any() and masks[1].any():
            return truth, prediction, threshold, masks


def main():
    client, count = Client(int(sys.argv[1])), int(sys.argv[2])
    random = np.random.default_rng(20240217)
    failures = []
    seen = set()
    for number in range(count):
        truth, prediction, threshold, masks = pair(random)
        distance = str(random.choice(["euclidean", "euclidean", "manhattan", "chebyshev"]))
        unit = random.random() < 0.3
        spacing = [1.0 if unit else float(random.uniform(0.1, 5)) for _ in truth.shape]
        # Where points may be exactly as far as the tolerance, both sides compute with integers.
        tolerance = float(random.choice([0, 1, 2]) if unit else random.uniform(0, 8))
        expected = scores(*masks, spacing, distance, PERCENTILES, tolerance)
        reply = client.raw(
            truth,
            prediction,
            metrics=list(expected),
            distance=distance,
            spacing=spacing,
            tolerance=tolerance,
            threshold=threshold,
            layout="HW" if truth.ndim == 2 else "DHW",
        )
        seen.add((truth.ndim, distance, unit))
        for difference in differences(reply["metrics"], expected):
            failures.append(f"pair {number}, {truth.shape}, {distance}, {spacing}, {tolerance}, {threshold}: {difference}")
    assert len(seen) == 12, f"only {seen}"
    print(f"{count} pairs, {len(failures)} differences")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

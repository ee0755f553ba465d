"""Writes rle.json beside it: masks, and how pycocotools encodes them.

Each has the size, the rows of the mask as text of 0 and 1, COCO's string, and the list of counts, which pycocotools takes
for the same mask.
"""
import itertools
import json
import pathlib

import numpy as np
from pycocotools import mask as coco

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(1)


def blob(height, width):
    y, x = np.mgrid[:height, :width]
    return ((y - height * 0.4) ** 2 * 2 + (x - width * 0.6) ** 2 < (min(height, width) * 0.4) ** 2).astype(np.uint8)


masks = [
    np.zeros((4, 5)), np.ones((4, 5)), np.eye(7), np.array([[1]]), np.array([[0]]), np.array([[1, 0, 1, 1]]),
    np.array([[0], [1], [1], [0]]), np.zeros((20, 700)), np.ones((20, 700)), blob(97, 130), blob(33, 64),
    1 - blob(65, 40),
]
for density in (0.01, 0.1, 0.5, 0.9, 0.99):
    for shape in ((1, 40), (40, 1), (23, 31), (64, 64), (70, 33)):
        masks.append(random.random(shape) < density)
cases = []
for mask in masks:
    mask = np.asfortranarray(mask, np.uint8)
    height, width = mask.shape
    encoded = coco.encode(mask)
    runs = [(value, len(list(run))) for value, run in itertools.groupby(mask.ravel(order="F").tolist())]
    counts = [0] * (runs[0][0] == 1) + [length for _, length in runs]
    assert coco.frPyObjects({"size": [height, width], "counts": counts}, height, width) == encoded
    assert (coco.decode(encoded) == mask).all()
    cases.append({
        "size": [height, width], "rows": "".join(map(str, mask.ravel().tolist())),
        "compressed": encoded["counts"].decode(), "counts": counts,
    })
with open(HERE / "rle.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
print(len(cases), "masks")

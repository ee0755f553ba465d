"""Pairs of masks in every form that the server takes, and the scores that are right."""

import base64
import gzip
import io
import json
import sys
from pathlib import Path

import nibabel
import numpy as np
from scipy.ndimage import distance_transform_edt

sys.path.append(str(Path(__file__).parents[1] / "hausdorffdTests" / "Python"))
from client import encoded, form, npy, png  # noqa: E402

json_type = {"Content-Type": "application/json"}
octets_type = {"Content-Type": "application/octet-stream"}


def blobs(size, seed):
    """Two masks that are unions of discs."""
    dice = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    masks = np.zeros((2, size, size), bool)
    for mask in masks:
        for y, x, radius in dice.uniform([0.1, 0.1, 0.04], [0.9, 0.9, 0.2], (12, 3)) * size:
            mask |= (rows - y) ** 2 + (columns - x) ** 2 < radius**2
    return masks


def average_hausdorff(truth, prediction):
    """By SciPy's distance transforms."""
    return (distance_transform_edt(~truth)[prediction].mean() + distance_transform_edt(~prediction)[truth].mean()) / 2


def runs(mask):
    """Run lengths as COCO has them."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *changes, flat.size]).tolist()
    return {"rle": {"size": list(mask.shape), "counts": [0] * bool(flat[0]) + lengths}}


def nifti(mask):
    """The bytes of a NIfTI file in gzip."""
    return gzip.compress(nibabel.Nifti1Image(mask.astype(np.uint8), np.eye(4)).to_bytes(), 1)


def file(octets):
    """A file as JSON has it."""
    return {"file": base64.b64encode(octets).decode()}


def form_request(parts):
    """Headers and body of a form."""
    content_type, body = form(parts)
    return {"Content-Type": content_type}, body


def scores(truth, prediction):
    """Requests for the average Hausdorff distance, by name: target, headers and body."""
    raw = truth.tobytes() + prediction.tobytes()
    bits = b"".join(np.packbits(mask, axis=-1, bitorder="little").tobytes() for mask in (truth, prediction))
    shape = ",".join(map(str, truth.shape))

    def pair(make):
        return json_type, json.dumps({"y_true": make(truth), "y_pred": make(prediction)}).encode()

    def files(make):
        return form_request([("y_true", make(truth)), ("y_pred", make(prediction))])

    return {
        "raw": (f"/v1/score?shape={shape}", octets_type, raw),
        "bits": (f"/v1/score?shape={shape}&dtype=bit", octets_type, bits),
        "nested": ("/v1/score", *pair(lambda mask: mask.astype(int).tolist())),
        "base64": ("/v1/score", *pair(encoded)),
        "runs": ("/v1/score", *pair(runs)),
        "PNG in JSON": ("/v1/score", *pair(lambda mask: file(png(mask)))),
        "gzip": ("/v1/score", {**json_type, "Content-Encoding": "gzip"}, gzip.compress(pair(runs)[1], 1)),
        "PNG": ("/v1/score", *files(png)),
        "npy": ("/v1/score", *files(npy)),
        "NIfTI": ("/v1/score", *files(nifti)),
    }


def hard_work(size=1024):
    """A small JSON body that costs the server milliseconds of work."""
    metrics = ["hausdorff_95", "average_hausdorff", "average_surface_distance", "dice"]
    truth, prediction = blobs(size, 1)
    return json.dumps({"y_true": runs(truth), "y_pred": runs(prediction), "metrics": metrics}).encode()


def archive(count=16, size=32, seed=1):
    """An npz file of images with masks."""
    masks = np.stack([blobs(size, seed + number)[0] for number in range(count)])
    images = masks + np.random.default_rng(seed).normal(0, 0.2, masks.shape)
    stream = io.BytesIO()
    np.savez(stream, images=images.astype(np.float32), masks=masks.astype(np.uint8))
    return stream.getvalue()

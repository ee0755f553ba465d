"""Writes seeds beside it: small NIfTI files by nibabel, packed bytes, COCO's strings, lists of pairs in JSON, forms, tensors."""
import base64
import gzip
import json
import pathlib
import zlib

import nibabel as nib
import numpy as np
from pycocotools import mask as coco

HERE = pathlib.Path(__file__).parent
affine = np.diag([0.5, 2, 3, 1])
affine[:3, 3] = 1, -2, 3


def seed(name, data):
    (HERE / name).write_bytes(data)


for version, image in {"1": nib.Nifti1Image, "2": nib.Nifti2Image}.items():
    for order, dtype, shape in [("<", "u1", (5, 4, 3)), (">", "i2", (3, 4, 2)), ("<", "f4", (6, 2)), (">", "f8", (2, 1, 3, 1))]:
        header = image.header_class(endianness=order)
        header.set_data_dtype(dtype)
        volume = image(np.arange(np.prod(shape)).reshape(shape).astype(dtype), affine, header)
        volume.header["sform_code"] = dtype != "i2"
        seed(f"nifti/{version}{dtype}.nii", volume.to_bytes())
    seed(f"nifti/{version}.nii.gz", gzip.compress(volume.to_bytes(), mtime=0))
text = bytes(range(64)) * 20
seed("gzip/one.gz", gzip.compress(text, mtime=0))
seed("gzip/two.gz", gzip.compress(text, mtime=0) + gzip.compress(b"", mtime=0) + bytes(8))
seed("gzip/stored.gz", gzip.compress(text[:100], 0, mtime=0))
seed("gzip/zlib", zlib.compress(text))
random = np.random.default_rng(1)
for index, (shape, density) in enumerate([((5, 7), 0.5), ((30, 20), 0.02), ((200, 3), 0.9), ((4, 4), 1)]):
    mask = np.asfortranarray(random.random(shape) < density, np.uint8)
    seed(f"rle/{index}", bytes(shape) + coco.encode(mask)["counts"])
seed("rle/list", bytes([3, 4, 0, 5, 2, 5]))

masks = [np.asfortranarray(random.random((6, 9)) < 0.5, np.uint8) for _ in range(2)]
bits = base64.b64encode(np.packbits(masks[0], axis=1, bitorder="little").tobytes()).decode()
arrays = [masks[0].tolist(), {"rle": {"size": [6, 9], "counts": coco.encode(masks[1])["counts"].decode()}},
          {"shape": [6, 9], "dtype": "bit", "data": bits}, {"rle": {"counts": [10, 40, 4], "size": [6, 9]}}, {"file": "AAAA"},
          [[0, 1], [0.5]], {"rle": {"size": [0, 5], "counts": []}}, {"shape": [1], "dtype": "int7"}, None, "a", {"b": [{}]}]
pairs = [{"y_true": truth, "y_pred": prediction} for truth, prediction in zip(arrays, arrays[1:] + arrays[:1])]
seed("json/pairs.json", json.dumps({"pairs": pairs[:4], "metrics": "dice"}).encode())
seed("json/pairs_at_fault.json", json.dumps({"layout": "HW", "pairs": [*pairs[4:], {}, 1]}, separators=(",", ":")).encode())
parts = ['name="y_true"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--limi', "name=metrics\r\n\r\ndice,iou",
         'NAME="a\\"b%22"; filename="C:\\dir\\x"\r\nX-Other: 1\r\n\r\n', "name*=utf-8\'\'%c3%a4; name=b\r\n\r\n\r\n"]
for count in range(len(parts) + 1):
    form = "".join(f"--limit\r\nContent-Disposition: form-data; {part}\r\n" for part in parts[:count])
    seed(f"form/{count}", ("before\r\n" * (count % 2) + form + "--limit--\r\n").encode("latin-1"))

# Requests of the Open Inference Protocol, the length of their JSON before them.
numbers = {"name": "y_true", "shape": [2, 2], "datatype": "FP16", "data": [[0, 0.5], [1, 255]]}
octets = {"name": "y_pred", "shape": [2, 2], "datatype": "UINT8", "parameters": {"binary_data_size": 4}}
for number, (inputs, rest) in enumerate([([numbers, {**numbers, "name": "y_pred", "data": [1, 2, 3, 4], "datatype": "INT8"}], b""), ([numbers, octets], bytes(4))]):
    outputs = [{"name": "loss", "parameters": {"binary_data": True}}]
    text = json.dumps({"id": "1", "inputs": inputs, "outputs": outputs, "parameters": {"a": 1, "b": "x", "c": False}}).encode()
    seed(f"tensors/{number}", (len(text) if rest else 65535).to_bytes(2, "little") + text + rest)

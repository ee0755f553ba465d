"""Writes the seeds that are not text beside it: small NIfTI files by nibabel, packed bytes, COCO's strings."""
import gzip
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

"""Writes nifti.json beside it: files that nibabel writes, and what it reads in them.

Each has the file in base64, and the shape (without trailing axes of length 1 from the fourth on), type, values, zooms and
affine that nibabel finds. Values are those of `get_fdata()` in C order.
"""
import base64
import gzip
import json
import pathlib
import tempfile
import warnings

import nibabel as nib
import numpy as np

HERE = pathlib.Path(__file__).parent
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
random = np.random.default_rng(1)
cases = []


def written(array, affine=None, image=nib.Nifti1Image, order="<", change=None, extension=None):
    """The bytes of a file; `change` sets fields of its header past nibabel's own checks."""
    header = image.header_class(endianness=order)
    header.set_data_dtype(array.dtype)
    volume = image(array, affine, header)
    if extension:
        volume.header.extensions.append(nib.nifti1.Nifti1Extension("comment", extension))
    data = bytearray(volume.to_bytes())
    if change:
        fields = np.ndarray((), image.header_class.template_dtype.newbyteorder(order), buffer=data)
        for name, value in change.items():
            field = fields[name]
            field[...] = np.reshape(value, field.shape)
    return bytes(data)


def record(name, data, image=nib.Nifti1Image):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        volume = image.from_bytes(data)
    values = volume.get_fdata()
    shape = volume.shape[:3]
    header = volume.header
    scaled = (volume.dataobj.slope, volume.dataobj.inter) != (1, 0)
    cases.append({
        "name": name, "file": base64.b64encode(data).decode(), "shape": shape,
        "type": "float64" if scaled else header.get_data_dtype().name,
        "values": values.ravel().tolist(), "zooms": [float(z) for z in header.get_zooms()[:3]],
        "affine": header.get_best_affine()[:3].ravel().tolist(),
    })


def ramp(shape, dtype="uint8", factor=1):
    return (np.arange(np.prod(shape)) * 7 % 127 * factor).reshape(shape).astype(dtype)


images = {"1": nib.Nifti1Image, "2": nib.Nifti2Image}
nib.imageglobals.logger.setLevel("CRITICAL")
affine = np.array([[-0.7, 0.1, 0, 12], [0.2, 1.5, 0.3, -7.25], [0, -0.25, 3, 4], [0, 0, 0, 1]])
for version, image in images.items():
    for order in "<>":
        for dtype in TYPES:
            data = written(ramp((3, 5, 4), dtype), affine, image, order)
            record(f"{dtype} {order} {version}", data, image)

for dtype in TYPES:
    for slope, inter in [(0.5, -3), (1, 2), (-1e-3, 0)]:
        data = written(ramp((2, 3, 4), dtype), affine, change={"scl_slope": slope, "scl_inter": inter})
        record(f"{dtype} times {slope} plus {inter}", data)
for slope, inter in [(0, 5), (np.nan, 5), (np.inf, 5), (1, 0), (0, np.nan)]:
    record(f"int16 times {slope} plus {inter}",
           written(ramp((2, 3, 4), "int16"), affine, change={"scl_slope": slope, "scl_inter": inter}))

for shape in [(5, 3), (5, 1), (1, 1), (5, 3, 1), (1, 5, 3), (5, 1, 3), (5, 3, 2, 1), (5, 3, 2, 1, 1, 1, 1), (1, 1, 1, 1)]:
    for codes in [{"sform_code": 0, "qform_code": 0}, {}]:
        record(f"shape {shape} {codes}", written(ramp(shape), affine, change=codes))
record("extension", written(ramp((2, 3, 4)), affine, extension=b"a comment of some length"))

none = {"sform_code": 0, "qform_code": 0}
for version, image in images.items():
    for order in "<>":
        for index, change in enumerate([
            none, none | {"pixdim": [1, 0.7, 1.1, 3, 1, 1, 1, 1]}, none | {"pixdim": [1, 0, -2, 3, 0, 1, 1, 1]},
            none | {"pixdim": [0, -1.5, 0, -3, 0, 1, 1, 1]}, {"sform_code": 0}, {"sform_code": 9}, {"sform_code": -1},
            {"sform_code": 0, "qform_code": 6}, {"sform_code": 5, "qform_code": 5}, {"sform_code": 3},
        ]):
            record(f"geometry {index} {order} {version}", written(ramp((2, 3, 4)), affine, image, order, change), image)
        for index in range(12):
            quaternion = random.normal(size=4)
            if index % 4 == 0:
                quaternion[0] = 0
            if index == 3:
                quaternion = np.array([0.0, 1, 0, 0])
            quaternion *= np.sign(quaternion[0] or 1) / np.linalg.norm(quaternion)
            change = {
                "sform_code": 0, "qform_code": 1 + index % 5, "quatern_b": quaternion[1], "quatern_c": quaternion[2],
                "quatern_d": quaternion[3], "qoffset_x": 1.5, "qoffset_y": -2, "qoffset_z": 1e4,
                "pixdim": [[1, -1, 0][index % 3], 0.5, 2, 3.25, 1, 1, 1, 1],
            }
            if version == "2" and index % 4 == 0:
                # Longer than 1 by what rounding does, as far as nibabel forgives it.
                change |= {"quatern_b": 1 + 2.3e-16, "quatern_c": 0, "quatern_d": 0}
            record(f"qform {index} {order} {version}", written(ramp((2, 3, 4)), affine, image, order, change), image)

with tempfile.TemporaryDirectory() as folder:
    for version, image in images.items():
        path = pathlib.Path(folder) / f"{version}.nii.gz"
        image(ramp((6, 5, 4), "int16"), affine).to_filename(path)
        packed = path.read_bytes()
        record(f"gzip {version}", gzip.decompress(packed), image)
        cases[-1]["file"] = base64.b64encode(packed).decode()

with open(HERE / "nifti.json", "w") as file:
    json.dump(cases, file, separators=(",", ":"))
print(len(cases), "files")

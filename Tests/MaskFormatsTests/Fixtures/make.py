"""Writes the fixtures beside it: small arrays as NumPy and Pillow store them.

Every array is the same ramp, v[i] = i * 7 % 251 over its elements in C order (booleans: v > 125; 16 bit: v * 256 + 1
where the type holds it), so that the tests can name the expected values without reading another file.
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
SHAPE = (5, 13)


def ramp(shape):
    return (np.arange(np.prod(shape)) * 7 % 251).reshape(shape)


def npy(name, array, version=None):
    with open(HERE / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version, allow_pickle=True)


for dtype in ["u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8",
              "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
    name = dtype.replace("<", "little_").replace(">", "big_")
    npy(f"c_{name}", (ramp(SHAPE) // 2).astype(dtype))
npy("c_b1", ramp(SHAPE) > 125)
for dtype in ["u1", "<u2", ">f4", "<f8"]:
    name = dtype.replace("<", "little_").replace(">", "big_")
    npy(f"fortran_{name}", np.asfortranarray((ramp((3, 37, 41)) // 2).astype(dtype)))
npy("fortran_rank5", np.asfortranarray(ramp((2, 3, 4, 3, 2)).astype("u1")))
npy("version2", ramp(SHAPE).astype("u1"), version=(2, 0))
npy("version3", ramp(SHAPE).astype("u1"), version=(3, 0))
npy("rank1", ramp((13,)).astype("u1"))
npy("refused_object", np.array([None, 1], dtype=object))
npy("refused_structured", np.zeros(3, dtype=[("a", "u1"), ("b", "f4")]))
npy("refused_string", np.array(["a", "b"]))
npy("refused_complex", np.zeros(3, dtype="c8"))
npy("refused_longdouble", np.zeros(3, dtype="g"))
npy("refused_datetime", np.zeros(3, dtype="M8[s]"))
npy("refused_rank0", np.array(1.0))
npy("refused_empty", np.zeros((0, 3), dtype="u1"))


def png(name, image, **options):
    image.save(HERE / f"{name}.png", **options)


grey = ramp(SHAPE).astype("u1")
png("grey8", Image.fromarray(grey))
png("grey1", Image.fromarray(grey > 125))
png("grey16", Image.fromarray(grey.astype("u2") * 256 + 1))
png("rgb_grey", Image.fromarray(np.dstack([grey] * 3)))
png("rgba_grey", Image.fromarray(np.dstack([grey] * 3 + [np.full_like(grey, 255)])))
png("grey_alpha", Image.fromarray(np.dstack([grey, np.full_like(grey, 255)]), "LA"))
coloured = np.dstack([grey] * 3)
coloured[3, 4, 1] ^= 1
png("refused_coloured", Image.fromarray(coloured))
translucent = np.dstack([grey, np.full_like(grey, 255)])
translucent[2, 5, 1] = 254
png("refused_translucent", Image.fromarray(translucent, "LA"))
png("refused_colour_key", Image.fromarray(grey), transparency=7)

# Labels with a palette of colours, as PASCAL VOC stores them, at every depth; the background may be transparent.
for bits in (1, 2, 4, 8):
    image = Image.fromarray((grey & (1 << bits) - 1), "P")
    image.putpalette([c for i in range(1 << bits) for c in (i * 37 % 256, 255 - i, 7)])
    png(f"palette{bits}", image, bits=bits)
png("palette_transparent", image, transparency=0)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def handmade(name, width, height, depth, colour, rows, interlace=0, signature=b"\x89PNG\r\n\x1a\n"):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    body = signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / f"{name}.png").write_bytes(body)


def packed(values, bits):
    unpacked = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(unpacked.reshape(values.shape[0], -1).astype("u1"), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


for bits in (2, 4):
    handmade(f"grey{bits}", 13, 5, bits, 0, packed(grey & (1 << bits) - 1, bits))
passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
for bits in (1, 8, 16):
    values = grey.astype("u2") * 256 + 1 if bits == 16 else grey & (1 << bits) - 1
    parts = [values[y::dy, x::dx] for y, x, dy, dx in passes]
    handmade(f"interlaced{bits}", 13, 5, bits, 0, b"".join(packed(part, bits) for part in parts if part.size), 1)
rgb16 = np.dstack([grey.astype("u2") * 256 + 1] * 3).astype(">u2")
handmade("rgb16", 13, 5, 16, 2, b"".join(b"\0" + row.tobytes() for row in rgb16))

rgba16 = np.dstack([rgb16, np.full_like(grey, 65535, ">u2")]).astype(">u2")
handmade("rgba16", 13, 5, 16, 6, b"".join(b"\0" + row.tobytes() for row in rgba16))
rgba = np.dstack([grey] * 3 + [translucent[..., 1]])
Image.fromarray(rgba).save(HERE / "refused_rgba_translucent.png")
# Two colours, and an index of 2.
index = Image.fromarray(grey % 3, "P")
index.putpalette([1, 2, 3, 4, 5, 6, 7, 8, 9])
index.save(buffer := io.BytesIO(), "PNG", bits=2)
whole = buffer.getvalue()
start = whole.index(b"PLTE") - 4
length = int.from_bytes(whole[start:start + 4], "big")
(HERE / "refused_no_index.png").write_bytes(
    whole[:start] + chunk(b"PLTE", bytes(range(6))) + whole[start + 12 + length:])

handmade("refused_huge", 60000, 60000, 1, 0, b"\0" * 300000)
handmade("refused_ends_early", 13, 5, 8, 0, b"".join(b"\0" + row.tobytes() for row in grey[:3]))
handmade("refused_lying_size", 20000, 20000, 8, 0, b"\0" * 1000)

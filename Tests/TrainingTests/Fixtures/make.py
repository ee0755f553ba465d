"""Writes the fixtures beside it: small archives as NumPy and zipfile make them, and images as Pillow stores them.

Images are a ramp, v[i] = i * 7 % 251 over all their elements in C order, before axes are moved; masks are m[i] = i % 3.
"""
import pathlib
import stat
import warnings
import zipfile

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
N, H, W = 3, 4, 5


def ramp(*shape):
    return (np.arange(np.prod(shape)) * 7 % 251).reshape(shape)


def npz(name, images, masks, save=np.savez, **more):
    with open(HERE / f"{name}.npz", "wb") as file:
        save(file, **{k: v for k, v in dict(images=images, masks=masks, **more).items() if v is not None})


grey = ramp(N, H, W).astype("<f4")
labels = (np.arange(N * H * W) % 3).reshape(N, H, W).astype("u1")
npz("grey", grey, labels)
npz("grey_compressed", grey, labels, np.savez_compressed)
npz("channels_last", ramp(N, H, W, 3).astype("u1"), labels[..., None])
npz("channels_first", np.ascontiguousarray(ramp(N, H, W, 3).astype("u1").transpose(0, 3, 1, 2)), labels[:, None])
npz("either", ramp(2, 4, 4, 4).astype("u1"), np.zeros((2, 4, 4), "u1"))
npz("one_channel", grey[..., None], labels)
npz("fortran", np.asfortranarray(grey), np.asfortranarray(labels))
npz("big_endian", grey.astype(">f4"), labels.astype(">i4"))
npz("masks_bool", grey, labels > 0)
npz("masks_float", grey, labels.astype("<f8"))
npz("masks_int64", grey, labels.astype("<i8"))
npz("extra", grey, labels, note=np.zeros(3))
for dtype in ["?", "u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8"]:
    npz(f"type_{np.dtype(dtype).name}", (ramp(N, H, W) // 2).astype(dtype), labels)


def changed(array, index, value, dtype=None):
    array = array.astype(dtype or array.dtype).copy()
    array[index] = value
    return array


bad = (2, 1, 3)
npz("bad_nan", changed(grey, bad, np.nan), labels)
npz("bad_infinite", changed(ramp(N, H, W, 3), bad + (1,), -np.inf, "<f8"), labels)
npz("bad_beyond_float32", changed(grey, bad, 1e39, "<f8"), labels)
npz("bad_mask_half", grey, changed(labels, bad, 0.5, "<f4"))
npz("bad_mask_negative", grey, changed(labels, bad, -1, "i1"))
npz("bad_mask_large", grey, changed(labels, bad, 256, "<u2"))
npz("bad_mask_nan", grey, changed(labels, bad, np.nan, "<f4"))
npz("bad_no_masks", grey, None)
npz("bad_names", None, None, arr_0=grey, arr_1=labels)
npz("bad_count", grey, labels[:2])
npz("bad_size", grey, labels[:, :, :4])
npz("bad_image_rank", grey[0], labels)
npz("bad_image_rank5", grey[..., None, None], labels)
npz("bad_one_hot", grey, np.eye(3, dtype="u1")[labels])
npz("bad_object", np.array([None, 1], dtype=object), labels)
npz("bad_complex", grey.astype("<c8"), labels)
npz("bad_no_samples", grey[:0], labels[:0])


def archive(name, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(HERE / f"{name}.zip", "w", compression) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for member, data in members:
            file.writestr(member, data)


def link(name, kind):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


archive("members", [("a.txt", b"alpha"), ("folder/", b""), ("folder/b.txt", b"beta"), ("gr\u00fcn.txt", b"")])
archive("zeros", [(f"{i}.bin", bytes(100_000)) for i in range(4)])
archive("bad_climbing", [("../a.txt", b"")])
archive("bad_climbing_inside", [("images/../../a.txt", b"")])
archive("bad_absolute", [("/etc/passwd", b"")])
archive("bad_link", [(link("images", stat.S_IFLNK), b"/etc")])
archive("bad_device", [(link("null", stat.S_IFCHR), b"")])
images_npy = zipfile.ZipFile(HERE / "grey.npz").read("images.npy")
archive("bad_twice", [("images.npy", images_npy), ("images.npy", images_npy)])
archive("bad_no_npy", [("images.npy", b"not an npy file"), ("masks.npy", b"")])
archive("bad_npy_cut_short", [("images.npy", images_npy[:-1]), ("masks.npy", b"")])
whole = bytearray((HERE / "grey.npz").read_bytes())
whole[whole.index(images_npy) + len(images_npy) - 1] ^= 1
(HERE / "bad_checksum.npz").write_bytes(whole)

# Images and masks of single files, to be put into folders.
colour = ramp(H, W, 3).astype("u1")
Image.fromarray(colour).save(HERE / "colour.png")
Image.fromarray(np.dstack([colour, np.full((H, W), 255, "u1")])).save(HERE / "colour_alpha.png")
Image.fromarray(ramp(H, W).astype("u1")).save(HERE / "grey.png")
Image.fromarray(ramp(H, W).astype("<u2") * 256).save(HERE / "grey16.png")
Image.fromarray(labels[0]).save(HERE / "mask.png")
palette = Image.fromarray(labels[0], "P")
palette.putpalette([1, 2, 3, 40, 50, 60, 200, 210, 220])
palette.save(HERE / "palette.png")

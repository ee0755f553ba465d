"""Writes the fixtures beside it: small archives as NumPy and zipfile make them, and images as Pillow stores them.

Images are a ramp, v[i] = i * 7 % 251 over all their elements in C order, before axes are moved; masks are m[i] = i % 3.
"""
import io
import pathlib
import stat
import tarfile
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

# A folder of samples, and archives of it as Python's zipfile and tarfile write them.
pairs = [("Z", 3, 4), ("a10", 4, 5), ("a9", 2, 2), ("gr\u00f6\u00dfer", 8, 6)]
for index, (stem, height, width) in enumerate(pairs):
    for folder in ["images", "masks"]:
        (HERE / "set" / folder).mkdir(parents=True, exist_ok=True)
    image = ((ramp(height, width) + index) % 256).astype("u1")
    mask = ((np.arange(height * width) + index) % 3).reshape(height, width).astype("u1")
    Image.fromarray(image).save(HERE / "set" / "images" / f"{stem}.png")
    if index == 2:
        np.save(HERE / "set" / "masks" / f"{stem}.npy", mask)
    else:
        Image.fromarray(mask).save(HERE / "set" / "masks" / f"{stem}.PNG")
# In no order, with what systems leave behind.
files = sorted((path.relative_to(HERE / "set").as_posix(), path.read_bytes())
               for path in (HERE / "set").rglob("*") if path.is_file())
files = files[3:] + files[:3]
litter = [("__MACOSX/images/._Z.png", b"x"), ("images/.DS_Store", b"x"), ("masks/._Z.PNG", b"x"),
          ("README.md", b"# A set"), ("docs/images.txt", b"x"), (".git/images/Z.png", b"x")]


def below(top, members):
    return [(f"{top}/{name}", data) for name, data in members]


class Pipe(io.RawIOBase):
    """A file that cannot be sought in, so that lengths come behind the data."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


archive("set", files)
archive("set_stored", files, zipfile.ZIP_STORED)
archive("set_top", [("set-main/", b""), ("set-main/images/", b"")] + below("set-main", files) + litter)
for name, method in [("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)]:
    archive(f"bad_{name}", files, method)
# Found by fuzzing: messages quote keys.
archive("bad_npy_key", [(f"{folder}/a.npy", (HERE / "set" / "masks" / "a9.npy").read_bytes().replace(
    b"fortran_order", b"fortranPK\1\2er")) for folder in ["images", "masks"]])
pipe = Pipe()
with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
    file.comment = b"a comment"
    for member, data in files:
        with file.open(member, "w", force_zip64=True) as target:
            target.write(data)
(HERE / "set_streamed.zip").write_bytes(pipe.bytes)


def tar(name, members, mode="w", format=tarfile.PAX_FORMAT):
    with tarfile.open(HERE / name, mode, format=format) as file:
        for member, data in members:
            info = tarfile.TarInfo(member.rstrip("/"))
            info.size = len(data)
            info.type = tarfile.DIRTYPE if member.endswith("/") else tarfile.REGTYPE
            file.addfile(info, io.BytesIO(data))


tar("set_pax.tar", [("./", b""), ("./images/", b"")] + below(".", files))
tar("set_gnu.tar", files, format=tarfile.GNU_FORMAT)
tar("set_ustar.tar.gz", files, "w:gz", tarfile.USTAR_FORMAT)
tar("set_long.tar.gz", below("set" * 40, files + litter), "w:gz", tarfile.GNU_FORMAT)
tar("set_long_pax.tar.gz", below("set" * 40, files + litter), "w:gz")
for name in ["bz2", "xz"]:
    tar(f"bad.tar.{name}", files, f"w:{name}")

"""Loads a U-Net that hausdorffd trained into PyTorch, and applies it to an image.

    python load_pytorch.py best.safetensors image.npy --output probabilities.npy

It needs torch and numpy. The image is an array (height, width) or (channels, height, width) of any size; the
probabilities are (classes, height, width). To go on with a model in code of your own, copy `read`, `preprocess`
and `UNet`; what `load` returns can be trained further.
"""

import argparse
import json

import numpy as np
import torch
from torch import nn


def read(path):
    """A .safetensors file's metadata and arrays, without a checkpoint's moments of the optimiser."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata, arrays = header.pop("__metadata__", {}), {}
    if metadata.get("format") != "hausdorffd-unet-1":
        raise SystemExit(f"{path} is not a model of hausdorffd, or of another version")
    for name, entry in header.items():
        if not name.startswith(("moment1.", "moment2.")):
            start, end = entry["data_offsets"]
            arrays[name] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"]).copy()
    return metadata, arrays


def preprocess(image, metadata):
    """Clips and normalises each channel of an image (channels, height, width), as before training."""
    if metadata["preprocessing.fit"] == "resize":
        size = metadata["preprocessing.input_size"].replace(" ", " x ")
        raise SystemExit(f"this model was trained on images interpolated to {size}, which is not done here")
    image = image.astype("float32").astype("float64")
    for channel in image:
        if clip := metadata.get("preprocessing.clip"):
            ranks = [int(float(percent) / 100 * (channel.size - 1) + 0.5) for percent in clip.split()]
            np.clip(channel, *np.sort(channel, axis=None)[ranks], out=channel)
        if metadata["preprocessing.normalization"] == "zscore":
            channel -= channel.mean()
            channel /= channel.std() or 1
        elif metadata["preprocessing.normalization"] == "minmax":
            channel -= channel.min()
            channel /= channel.max() or 1
    return image.astype("float32")


class Block(nn.Module):
    """Two 3 x 3 convolutions, each with its norm, if any, and rectifier."""

    def __init__(self, channels_in, channels, normalized):
        super().__init__()
        for index, before in ((1, channels_in), (2, channels)):
            convolution = nn.Conv2d(before, channels, 3, padding=1, bias=not normalized)
            self.add_module(f"convolution{index}", convolution)
            self.add_module(f"normalization{index}", nn.BatchNorm2d(channels) if normalized else nn.Identity())

    def forward(self, x):
        x = torch.relu(self.normalization1(self.convolution1(x)))
        return torch.relu(self.normalization2(self.convolution2(x)))


class UNet(nn.Module):
    """The architecture that a model's metadata describes, from images to logits."""

    def __init__(self, metadata):
        super().__init__()
        names = "levels", "base_channels", "in_channels", "classes"
        levels, base, channels_in, classes = (int(metadata[f"architecture.{name}"]) for name in names)
        normalized = metadata["architecture.normalization"] == "batch"
        widths = [base << level for level in range(levels + 1)]
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths[:-1]):
            self.encoder.append(Block(widths[level - 1] if level else channels_in, width, normalized))
            self.decoder.append(Block(2 * width, width, normalized))
            self.decoder[level].up = nn.ConvTranspose2d(widths[level + 1], width, 2, stride=2)
        self.bottleneck = Block(widths[-2], widths[-1], normalized)
        self.dropout = nn.Dropout(float(metadata["architecture.dropout"]))
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, image):
        height, width = image.shape[2:]
        multiple = 1 << len(self.encoder)
        x, skips = nn.functional.pad(image, (0, -width % multiple, 0, -height % multiple)), []
        for block in self.encoder:
            skips.append(block(x))
            x = nn.functional.max_pool2d(skips[-1], 2)
        x = self.dropout(self.bottleneck(x))
        for block, skip in zip(reversed(self.decoder), reversed(skips)):
            x = block(torch.cat([skip, block.up(x)], 1))
        return self.head(x)[..., :height, :width]


def load(path):
    """The network of a file, ready to predict, and the file's metadata."""
    metadata, arrays = read(path)
    model = UNet(metadata)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return model.eval(), metadata


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", help="a .safetensors file, such as a run's best.safetensors")
    parser.add_argument("image", help="a .npy file")
    parser.add_argument("--output", help="a .npy file for the probabilities")
    args = parser.parse_args()

    model, metadata = load(args.model)
    image = np.load(args.image)
    image = preprocess(image if image.ndim == 3 else image[None], metadata)
    with torch.no_grad():
        logits = model(torch.from_numpy(image)[None])[0]
    probabilities = torch.sigmoid(logits) if len(logits) == 1 else torch.softmax(logits, 0)
    print("mean probability of each class:", *(f"{plane.mean():.6f}" for plane in probabilities))
    if args.output:
        np.save(args.output, probabilities.numpy())


if __name__ == "__main__":
    main()

"""Loads a U-Net that hausdorffd trained into Keras 3, on any of Keras's backends, and applies it to an image.

    KERAS_BACKEND=torch python load_keras.py best.safetensors image.npy        # or jax, or tensorflow

It needs keras with one of its backends, and numpy. The image is an array (height, width) or (channels, height,
width) of any size; the probabilities that --output saves are (classes, height, width). To go on with a model in
code of your own, copy `read`, `preprocess` and `unet`; what `unet` returns can be trained further.
"""

import argparse
import json

import keras
import numpy as np
from keras import layers


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


def unet(metadata, arrays):
    """The network of a file, from images (batch, height, width, channels) to probabilities.

    Height and width must be multiples of 2 to the power of the levels.
    """
    names = "levels", "base_channels", "in_channels", "classes"
    levels, base, channels_in, classes = (int(metadata[f"architecture.{name}"]) for name in names)

    def load(layer, x, *names):
        """Applies a layer with these arrays as its weights; kernels have their channels last here."""
        y = layer(x)
        weights = [arrays.pop(name) for name in names if name in arrays]
        layer.set_weights([w.transpose(2, 3, 1, 0) if w.ndim == 4 else w for w in weights])
        return y

    def block(x, name, channels):
        for index in (1, 2):
            weights = f"{name}.convolution{index}.weight", f"{name}.convolution{index}.bias"
            convolution = layers.Conv2D(channels, 3, padding="same", use_bias=weights[1] in arrays)
            x = load(convolution, x, *weights)
            if metadata["architecture.normalization"] == "batch":
                parts = "weight", "bias", "running_mean", "running_var"
                weights = [f"{name}.normalization{index}.{part}" for part in parts]
                x = load(layers.BatchNormalization(momentum=0.9, epsilon=1e-5), x, *weights)
            x = layers.Activation("relu")(x)
        return x

    image = x = layers.Input((None, None, channels_in))
    skips = []
    for level in range(levels):
        skips.append(block(x, f"encoder.{level}", base << level))
        x = layers.MaxPooling2D()(skips[level])
    x = block(x, "bottleneck", base << levels)
    x = layers.Dropout(float(metadata["architecture.dropout"]))(x)
    for level in reversed(range(levels)):
        name = f"decoder.{level}"
        x = load(layers.Conv2DTranspose(base << level, 2, 2), x, f"{name}.up.weight", f"{name}.up.bias")
        x = block(layers.Concatenate()([skips[level], x]), name, base << level)
    activation = "sigmoid" if classes == 1 else "softmax"
    x = load(layers.Conv2D(classes, 1, activation=activation), x, "head.weight", "head.bias")
    if arrays:
        raise SystemExit(f"the file has tensors that the network has not: {', '.join(arrays)}")
    return keras.Model(image, x)


def predict(model, image, multiple):
    """Probabilities (classes, height, width) of an image (channels, height, width), zeros around it meanwhile."""
    height, width = image.shape[1:]
    padded = np.pad(image, [(0, 0), (0, -height % multiple), (0, -width % multiple)])
    probabilities = model.predict(padded.transpose(1, 2, 0)[None], verbose=0)[0]
    return probabilities[:height, :width].transpose(2, 0, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", help="a .safetensors file, such as a run's best.safetensors")
    parser.add_argument("image", help="a .npy file")
    parser.add_argument("--output", help="a .npy file for the probabilities")
    args = parser.parse_args()

    metadata, arrays = read(args.model)
    model = unet(metadata, arrays)
    image = np.load(args.image)
    image = preprocess(image if image.ndim == 3 else image[None], metadata)
    probabilities = predict(model, image, 1 << int(metadata["architecture.levels"]))
    print("mean probability of each class:", *(f"{plane.mean():.6f}" for plane in probabilities))
    if args.output:
        np.save(args.output, probabilities)


if __name__ == "__main__":
    main()

"""From an npz file to an ONNX model as a newcomer would: `train.py HAUSDORFFD` trains, predicts and compares, in a folder of its own.

Prints the figures, and at the end how many things were not as they should be.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image

binary = sys.argv[1]
differences = []


def expect(is_so, what):
    if not is_so:
        differences.append(what)
        print("NOT AS IT SHOULD BE:", what)


def discs(count, size=(48, 56)):
    """Discs of two kinds, in noise: labels 1 and 2."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:size[0], :size[1]]
    images, masks = [], []
    for _ in range(count):
        mask = np.zeros(size, np.uint8)
        for label in (1, 2):
            row, column = random.uniform(0.25, 0.75, 2) * size
            mask[(y - row) ** 2 + (x - column) ** 2 < random.uniform(6, 10) ** 2] = label
        tint = np.array([[0.1, 0.1, 0.2], [0.9, 0.4, 0.2], [0.3, 0.8, 0.7]])[mask]
        images.append(np.clip(255 * (tint + random.normal(0, 0.1, (*size, 3))), 0, 255).astype(np.uint8))
        masks.append(mask)
    return np.stack(images), np.stack(masks)


def run(*arguments):
    result = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    expect(result.returncode == 0, f"{arguments[0]}: {result.returncode} {result.stderr}")
    return result.stdout


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    images, masks = discs(40)
    np.savez_compressed(folder / "set.npz", images=images, masks=masks)
    lines = run("train", "--data", folder / "set.npz", "--out", folder / "run", "--classes", 3, "--epochs", 20, "--levels", 3,
                "--base-channels", 8, "--learning-rate", 0.003, "--losses", "dice_loss,bce,soft_average_hausdorff:0.02", "--json").splitlines()
    events = [json.loads(line) for line in lines]
    epochs = [event for event in events if event["event"] == "epoch"]
    best = max(epochs, key=lambda event: event["val_dice"])
    print("best dice", best["val_dice"])
    expect(events[0]["event"] == "start" and events[0]["training_samples"] == 32 and events[0]["input_size"] == [48, 56], "the start")
    expect(len(epochs) == 20 and best["val_dice"] > 0.85, f"it learns: {best}")
    expect(sum(event["event"] == "progress" for event in events) == 80, "a line a step")
    expect(events[-1] == {"event": "end", "outcome": "finished", "best_epoch": min(epochs, key=lambda e: e["val_average_hausdorff"])["epoch"]},
           f"the end: {events[-1]}")

    Image.fromarray(images[0]).save(folder / "image.png")
    model = folder / "run/best.safetensors"
    run("predict", "--model", model, "--precision", "f32", folder / "image.png", "-o", folder / "p.npy")
    run("predict", "--model", model, folder / "image.png", "-o", folder / "mask.png")
    probabilities, mask = np.load(folder / "p.npy"), np.asarray(Image.open(folder / "mask.png"))
    expect(probabilities.shape == (3, 48, 56) and np.allclose(probabilities.sum(0), 1, atol=1e-5), "probabilities")
    expect(set(np.unique(mask)) <= {0, 1, 2} and np.mean(mask == masks[0]) > 0.97, "the mask")

    # The same image as npy, its colours last or first.
    for name, array in (("last.npy", images[0]), ("first.npy", images[0].transpose(2, 0, 1).astype(np.float64))):
        np.save(folder / name, array)
        run("predict", "--model", model, "--precision", "f32", folder / name, "-o", folder / "again.npy")
        expect(np.array_equal(np.load(folder / "again.npy"), probabilities), name)

    onnx.checker.check_model(folder / "run/best.onnx", full_check=True)
    session = onnxruntime.InferenceSession(folder / "run/best.onnx", providers=["CPUExecutionProvider"])
    planes = images[0].transpose(2, 0, 1).astype(np.float64)
    planes = (planes - planes.mean((1, 2), keepdims=True)) / planes.std((1, 2), keepdims=True)
    [theirs] = session.run(None, {"image": planes[None].astype(np.float32)})
    error = np.abs(theirs[0] - probabilities).max()
    print("onnxruntime differs by", error)
    expect(error < 1e-4, "onnxruntime")

    # A batch of images, one of another size, into a folder.
    Image.fromarray(images[1][:33, :29]).save(folder / "part.png")
    run("predict", "--model", folder / "run/last.safetensors", folder / "image.png", folder / "part.png", "-o", folder / "out")
    expect(Image.open(folder / "out/part.png").size == (29, 33), "an image of another size")

print(len(differences), "differences")

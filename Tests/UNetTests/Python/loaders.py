"""Runs an example on each NAME.safetensors of a folder and NAME.raw.npy; what it saves must be NAME.probabilities.npy.

What each NAME.refused is refused with is printed.
"""
import runpy
import sys
from pathlib import Path

import numpy as np

# The largest difference seen is 4e-6; a wrong rank of a percentile makes 1e-2.
TOLERANCE = 2e-5

example, folder = sys.argv[1:]
differences = 0
paths = sorted(Path(folder).glob("*.safetensors"))
for path in paths:
    images, expected = (np.load(path.with_suffix(f".{part}.npy")) for part in ("raw", "probabilities"))
    error = 0
    for image, probabilities in zip(images, expected):
        image_path, output_path = path.with_suffix(".image.npy"), path.with_suffix(".output.npy")
        np.save(image_path, image if len(image) > 1 else image[0])
        sys.argv = [example, str(path), str(image_path), f"--output={output_path}"]
        runpy.run_path(example, run_name="__main__")
        output = np.load(output_path)
        assert output.shape == probabilities.shape
        error = max(error, np.abs(output - probabilities).max())
    print(f"{path.stem}: {error:.1e}")
    differences += not error < TOLERANCE
for path in sorted(Path(folder).glob("*.refused")):
    sys.argv = [example, str(path), str(paths[0].with_suffix(".raw.npy"))]
    try:
        runpy.run_path(example, run_name="__main__")
    except SystemExit as refusal:
        print(f"refused: {refusal}")
print(f"{len(paths)} models, {differences} differences")

"""Runs each NAME.onnx of a folder on NAME.images.npy; what comes must be NAME.probabilities.npy."""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

# The largest difference seen is 4e-6; a wrong rank of a percentile makes 1e-2.
TOLERANCE = 2e-5

differences = 0
paths = sorted(Path(sys.argv[1]).glob("*.onnx"))
for path in paths:
    images, expected = (np.load(path.with_suffix(f".{part}.npy")) for part in ("images", "probabilities"))
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert (model.producer_name, model.model_version, model.ir_version) == ("hausdorffd", 1, 8)
    assert metadata["format"] == "hausdorffd-unet-1" and metadata["note"] == 'a "note" in two\nlines'
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    shapes = [[value.name, *value.shape] for value in session.get_inputs() + session.get_outputs()]
    assert shapes == [
        ["image", "batch", images.shape[1], "height", "width"],
        ["probability", "batch", expected.shape[1], "height", "width"],
    ], shapes
    # The same session for other sizes too: all images, the first alone, and a part of it.
    (probabilities,) = session.run(["probability"], {"image": images})
    (first,) = session.run(["probability"], {"image": images[:1]})
    (part,) = session.run(["probability"], {"image": images[:1, :, :5, :3]})
    assert part.shape == (1, expected.shape[1], 5, 3)
    error = max(np.abs(probabilities - expected).max(), np.abs(first - expected[:1]).max())
    print(f"{path.stem}: {error:.1e}")
    differences += not error < TOLERANCE
print(f"{len(paths)} models, {differences} differences")

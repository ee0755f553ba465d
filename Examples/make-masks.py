"""Makes truth.png and prediction.npy: the coins picture of scikit-image, segmented by two thresholds.

    .venv/bin/python3 Examples/make-masks.py
"""
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data, filters

folder = Path(__file__).parent
coins = data.coins()
corner = np.s_[-256:, :256]
truth = (coins > filters.threshold_otsu(coins))[corner]
prediction = (coins > filters.threshold_li(coins))[corner]
Image.fromarray(truth.astype(np.uint8) * 255).save(folder / "truth.png", optimize=True)
np.save(folder / "prediction.npy", prediction.astype(np.uint8))

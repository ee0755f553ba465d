"""A picture, segmented by two methods, in every form, compared with scipy's scores: coins.py PORT"""

import json
import os
import sys

import numpy as np
import skimage.data
from PIL import Image
from skimage.filters import threshold_li, threshold_otsu

from client import Client, encoded, npy, png
from reference import differences, scores

SPACINGS = ([1.0, 1.0], [0.4, 0.7])


def main():
    client = Client(int(sys.argv[1]))
    # The file that ships with the package; its loader might look for it elsewhere.
    picture = np.asarray(Image.open(os.path.join(os.path.dirname(skimage.data.__file__), "coins.png")))
    assert picture.shape == (303, 384), picture.shape
    truth, prediction = picture > threshold_otsu(picture), picture > threshold_li(picture)
    assert (truth != prediction).any()
    failures = []
    for spacing in SPACINGS:
        expected = scores(truth, prediction, spacing, percentiles=(95, 99), tolerance=1.5)
        options = {"metrics": list(expected), "spacing": spacing, "tolerance": 1.5}
        bytes_of = truth.astype(np.uint8), prediction.astype(np.uint8)
        mixed = {"y_true": encoded(bytes_of[0]), "y_pred": prediction.tolist(), **options}
        replies = {
            "PNG": client.form(png(truth), png(prediction), **options),
            "npy": client.form(npy(truth), npy(prediction.astype(">f4")), **options),
            "JSON": client.json(*bytes_of, **options),
            "base64": client.score("application/json", json.dumps(mixed)),
            "raw": client.raw(*bytes_of, **options),
        }
        for form, reply in replies.items():
            if reply != replies["PNG"]:
                failures.append(f"{form} and PNG differ: {reply} and {replies['PNG']}")
            failures += [f"{form}: {difference}" for difference in differences(reply["metrics"], expected)]
        print({name: round(value, 6) for name, value in replies["PNG"]["metrics"].items()})
    print(f"{len(failures)} differences")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

"""Pictures against scipy, and one against a stored one: picture.py PORT"""

import io
import pathlib
import sys
import urllib.parse

import numpy as np
from PIL import Image
from scipy import ndimage

from client import Client, text

OVERLAP, PAPER = (0xE2, 0xE6, 0xEA), (255, 255, 255)
MARGIN = 9
REFERENCE = pathlib.Path(__file__).parent / "picture.png"
failures = []


def check(holds, message):
    if not holds:
        failures.append(message)


def picture(client, truth, prediction, **options):
    """The picture of two masks, as an array of colours."""
    query = urllib.parse.urlencode(
        {"shape": text([str(n) for n in truth.shape]), **{name: text(value) for name, value in options.items()}}
    )
    status, headers, answer = client.ask(
        "POST", f"/v1/score?{query}", truth.astype(np.uint8).tobytes() + prediction.astype(np.uint8).tobytes(),
        {"Content-Type": "application/octet-stream", "Accept": "image/png"},
    )
    assert status == 200 and headers["Content-Type"] == "image/png", f"{status}: {answer[:500]}"
    return np.array(Image.open(io.BytesIO(answer)))


def distances(truth, prediction, spacing):
    """Of the points that only one mask has, the distance to the other."""
    to_truth = ndimage.distance_transform_edt(~truth, sampling=spacing)
    to_prediction = ndimage.distance_transform_edt(~prediction, sampling=spacing)
    return np.where(prediction & ~truth, to_truth, np.where(truth & ~prediction, to_prediction, 0))


def blocks(shape, spacing):
    """Pixels of a point down and across, which for these small masks follow from the longer side."""
    ratios = np.array(spacing) / min(spacing)
    longest = max(np.array(shape) * ratios)
    factor = max(np.ceil(544 / longest), min(6, np.floor(1536 / longest)))
    return np.round(factor * ratios).astype(int)


def compare(client, random, number):
    """The middle of each point has the colour of its distance, but where the worst point is marked."""
    shape = tuple(random.integers(6, 41, 2))
    spacing = [1.0, float(random.choice([1, 2, 0.5]))]
    truth, prediction = (
        ndimage.binary_dilation(random.random(shape) < 0.04, iterations=int(random.integers(1, 4))) for _ in range(2)
    )
    truth[1, 1] = prediction[-2, -2] = True
    image = picture(client, truth, prediction, spacing=spacing)
    down, across = blocks(shape, spacing)
    left = (image.shape[1] - shape[1] * across) // 2
    middles = image[MARGIN * 2 + down // 2 :: down, left + across // 2 :: across][: shape[0], : shape[1]].astype(int)
    expected = distances(truth, prediction, spacing)
    row, column = np.unravel_index(np.argmax(expected), shape)
    # The ring, and the line to the nearest point, lie within the greatest distance and some pixels.
    y, x = np.indices(shape)
    reach = expected.max() + 2 * max(spacing) + 15 / min(down / spacing[0], across / spacing[1])
    marked = np.hypot((y - row) * spacing[0], (x - column) * spacing[1]) <= reach
    ties = np.argwhere(np.isclose(expected, expected.max()))
    for other in ties[1:]:
        marked |= np.hypot((y - other[0]) * spacing[0], (x - other[1]) * spacing[1]) <= reach
    clear = ~marked
    both, neither, one = truth & prediction, ~(truth | prediction), truth ^ prediction
    check((middles[clear & both] == OVERLAP).all(), f"{number}: points of both have another colour")
    check((middles[clear & neither] == PAPER).all(), f"{number}: points of neither have another colour")
    order = np.argsort(expected[clear & one], kind="stable")
    colours, sorted_distances = middles[clear & one][order], expected[clear & one][order]
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    falls = np.diff(lightness) <= 0.5
    check(falls[np.diff(sorted_distances) > 0].all(), f"{number}: colours do not darken with distance")
    rounded = np.round(sorted_distances, 6)
    for distance in np.unique(rounded):
        check(len(np.unique(colours[rounded == distance], axis=0)) == 1, f"{number}: a distance has two colours")
    # The ring around the worst point is drawn in black.
    pad = max(12, down, across)
    around = image[
        max(0, MARGIN * 2 + row * down - pad) : MARGIN * 2 + (row + 1) * down + pad,
        max(0, left + column * across - pad) : left + (column + 1) * across + pad,
    ]
    check((around.max(axis=2) < 0x30).any() or len(ties) > 1, f"{number}: the worst point has no ring")
    return int((clear & one).sum())


def reference():
    """The masks of the stored picture."""
    y, x = np.indices((48, 64))
    truth = ((y - 24) / 14) ** 2 + ((x - 28) / 18) ** 2 < 1
    prediction = ((y - 26) / 13) ** 2 + ((x - 31) / 20) ** 2 < 1
    prediction[8:11, 52:56] = True
    truth[22:26, 24:30] = False
    return truth, prediction


def main():
    client = Client(int(sys.argv[1]))
    random = np.random.default_rng(11)
    measured = sum(compare(client, random, number) for number in range(39))
    check(measured > 500, f"only {measured} distances were compared")
    drawn = picture(
        client, *reference(), spacing=[1.5, 1.0], metrics=["average_hausdorff", "hausdorff", "hausdorff_95", "dice"]
    )
    if "--record" in sys.argv:
        Image.fromarray(drawn).save(REFERENCE, optimize=True)
    stored = np.array(Image.open(REFERENCE))
    check(drawn.shape == stored.shape and (drawn == stored).all(), "the picture is not as it was")
    print(f"40 pictures, {len(failures)} differences")
    print("\n".join(failures))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

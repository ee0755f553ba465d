"""The pairs of masks that are timed, as arrays of bool."""
import numpy as np


def discs(shape, centres, radii):
    """The union of discs (balls), placed in units of the grid's first extent."""
    axes = np.ogrid[tuple(slice(extent) for extent in shape)]
    mask = np.zeros(shape, bool)
    for centre, radius in zip(centres * shape[0], radii * shape[0]):
        # Only the box around the disc is looked at.
        box = tuple(slice(max(0, int(c - radius)), int(c + radius) + 2) for c in centre)
        squares = [(axis[tuple(b if i == k else slice(None) for k in range(len(shape)))] - c) ** 2
                   for i, (axis, b, c) in enumerate(zip(axes, box, centre))]
        mask[box] |= sum(squares) <= radius**2
    return mask


def dice(truth, prediction):
    return 2 * np.count_nonzero(truth & prediction) / (np.count_nonzero(truth) + np.count_nonzero(prediction))


def blobs(shape, target=0.83, seed=3):
    """Eight blobs and the same ones displaced, each its own way, until Dice is the target."""
    random = np.random.default_rng(seed)
    centres = random.uniform(0.15, 0.85, (8, len(shape)))
    radii = random.uniform(0.06, 0.16, 8)
    ways = random.normal(size=centres.shape) * radii[:, None]

    def pair(shape, displacement):
        return discs(shape, centres, radii), discs(shape, centres + displacement * ways, radii)

    # The displacement is found on a small grid, so that all sizes show the same picture.
    small = (256, 256) if len(shape) == 2 else (64, 64, 64)
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if dice(*pair(small, middle)) > target else (low, middle)
    return pair(shape, low)


def far_discs(shape):
    return tuple(discs(shape, np.full((1, 2), place), np.array([1 / 16])) for place in (1 / 8, 7 / 8))


def noise(density):
    def pair(shape):
        random = np.random.default_rng(1)
        return tuple(random.random(shape, np.float32) < density for _ in range(2))
    return pair


def pixel_and_full(shape):
    truth = np.zeros(shape, bool)
    truth[shape[0] // 3, shape[1] // 5] = True
    return truth, np.ones(shape, bool)


def stripes(shape):
    """Vertical ones and horizontal ones, 8 wide, 8 apart."""
    rows, columns = np.indices(shape, sparse=True)
    return tuple(np.broadcast_to(axis % 16 < 8, shape).copy() for axis in (columns, rows))


def checkerboard(shape):
    """Fields of one pixel, and the other colour."""
    rows, columns = np.indices(shape, sparse=True)
    return (rows + columns) % 2 == 0, (rows + columns) % 2 == 1


worst_cases = {
    "far-apart discs": far_discs,
    "noise, density 0.5": noise(0.5),
    "noise, density 0.001": noise(0.001),
    "single pixel, full mask": pixel_and_full,
    "stripes": stripes,
    "checkerboard": checkerboard,
}

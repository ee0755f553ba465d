"""Times the library on one core, alternating with edt and surface-distance on the same core.

Seconds are of CPU time, so that other work on the machine counts on neither side.
"""
import os
import subprocess
import time
from statistics import median

import numpy as np

np.Inf = np.inf  # surface-distance 0.1 asks for it, NumPy 2 has it no more

import edt
import surface_distance

import masks


def by_edt(truth, prediction):
    to_truth, to_prediction = edt.edt(~truth, parallel=1), edt.edt(~prediction, parallel=1)
    return float(0.5 * (to_truth[prediction].mean() + to_prediction[truth].mean()))


def by_surface_distance(truth, prediction):
    distances = surface_distance.compute_surface_distances(truth, prediction, (1,) * truth.ndim)
    return surface_distance.compute_average_surface_distance(distances)


class Ours:
    """The program that times the library, fed through a pipe."""

    def __init__(self, program):
        # As the server sets them: else memory may go back to the system at the end of each turn, or not, as chance has it.
        thresholds = {"MALLOC_MMAP_THRESHOLD_": str((8 << 20) + (64 << 10)), "MALLOC_TRIM_THRESHOLD_": str(16 << 20)}
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **thresholds})

    def load(self, pair, metrics=None):
        """Sets the masks, and the metrics as names by convention."""
        names = [f"{convention}:{name}" for convention, names in (metrics or {"modified": ["average_hausdorff"]}).items() for name in names]
        self.process.stdin.write(f"metrics {','.join(names)}\n".encode())
        self.process.stdin.write(f"pair {','.join(map(str, pair[0].shape))}\n".encode())
        for mask in pair:
            self.process.stdin.write(mask.tobytes())

    def time(self, count):
        self.process.stdin.write(f"time {count}\n".encode())
        self.process.stdin.flush()
        value, seconds = map(float, self.process.stdout.readline().split())
        return value, seconds / count


def time_peer(peer, pair, count):
    start = time.process_time()
    for _ in range(count):
        value = peer(*pair)
    return value, (time.process_time() - start) / count


class Kernels:
    def __init__(self, program, quick):
        self.cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(self.cores)})  # what is started from now on inherits it
        self.ours = Ours(program)
        self.rounds, self.share = (5, 0.01) if quick else (15, 0.05)

    def close(self):
        self.ours.process.stdin.close()
        self.ours.process.wait()
        os.sched_setaffinity(0, self.cores)

    def count(self, seconds):
        """How many repetitions make a round: about `share` seconds of them."""
        return max(1, min(1000, int(self.share / seconds)))

    def alone(self, pair, metrics=None):
        """Median seconds."""
        self.ours.load(pair, metrics)
        count = self.count(self.ours.time(3)[1])
        return median(self.ours.time(count)[1] for _ in range(self.rounds))

    def beside(self, peer, pair, metrics=None):
        """Median seconds of both, and by how much the values differ, relatively."""
        self.ours.load(pair, metrics)
        count = self.count(self.ours.time(3)[1])
        peer_count = self.count(time_peer(peer, pair, 1)[1])
        ours, theirs = [], []
        for _ in range(self.rounds):
            value, seconds = self.ours.time(count)
            ours.append(seconds)
            peer_value, seconds = time_peer(peer, pair, peer_count)
            theirs.append(seconds)
        return median(ours), median(theirs), abs(value - peer_value) / value if isinstance(peer_value, float) else None


def run(table, program, quick):
    kernels = Kernels(program, quick)

    def compare(name, peer, pair, least, aim):
        ours, theirs, difference = kernels.beside(peer, pair)
        if difference is not None and not difference < 1e-4:  # edt computes in float32
            raise SystemExit(f"{name}: the values differ by {difference:.1e}")
        table.ratio(name, ours, theirs, "edt" if peer is by_edt else "surface-distance", least, aim)

    table.section("Average Hausdorff from uint8 bytes to the value, one core, CPU time")
    pair = masks.blobs((256, 256))
    print(f"(blobs of 256²: Dice {masks.dice(*pair):.3f}, {100 * pair[0].mean():.0f} % foreground)")
    compare("256² blobs", by_edt, pair, 100, 250)
    compare("256² blobs", by_surface_distance, pair, 50, 120)
    compare("512² blobs", by_edt, masks.blobs((512, 512)), 100, 250)
    compare("1024² blobs", by_edt, masks.blobs((1024, 1024)), 100, 250)
    for extent in (512, 4096):
        for name, case in masks.worst_cases.items():
            compare(f"{extent}² {name}", by_edt, case((extent, extent)), 8, 20)
    compare("128³ blobs", by_surface_distance, masks.blobs((128, 128, 128)), 15, 40)

    table.section("Time per pixel of blobs, one core, CPU time")
    first = None
    for extent in (256, 512, 1024, 2048, 4096, 8192):
        per_pixel = kernels.alone(masks.blobs((extent, extent))) / extent**2
        first = first or per_pixel
        table.row(f"{extent}²", f"{per_pixel * 1e9:.3f} ns", "", f"{per_pixel / first:.2f}×", "under 2×", "1×",
                  per_pixel / first < 2)
    kernels.close()

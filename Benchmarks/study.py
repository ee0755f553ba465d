"""Trains U-Nets on the synthetic set with dice_loss alone and with other losses beside it; prints a table in Markdown.

Run by `make study`. The setting is hard: few samples, noise, and distractors that look like what is sought. For each seed every
recipe has the same samples, first weights, order of batches and number of epochs, and is judged on samples that it never saw,
behind its last epoch, so that nothing is chosen by them. Where a prediction misses an object, its distances are the image's
diagonal. Weights were chosen on seeds 1 to 4; the table is of the ten from 11 on.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

METRICS = ["hausdorff", "hausdorff_95", "average_hausdorff", "dice", "misses"]


def ramp(name, weight, epochs, **options):
    return {"name": name, "weight": weight, "ramp": {"from": 0, "epochs": epochs}, **options}


def recipes(epochs):
    """Losses by their names in the table; weights rise from 0 in equal parts until the last epoch."""
    distance = ramp("hausdorff_dt", 0.3, epochs, alpha=1)
    return {
        "dice_loss": ["dice_loss"],
        "dice_loss + bce": ["dice_loss", "bce"],
        "dice_loss + hausdorff_dt, α 1, rising to 0.3": ["dice_loss", distance],
        "dice_loss + bce + hausdorff_dt, α 1, rising to 0.3": ["dice_loss", "bce", distance],
        "dice_loss + hausdorff_dt, α 2, rising to 0.01": ["dice_loss", ramp("hausdorff_dt", 0.01, epochs)],
        "dice_loss + hausdorff_dt, α 2, balanced": ["dice_loss", {"name": "hausdorff_dt", "weight": "balanced"}],
        "dice_loss + hausdorff_er, rising to 0.1": ["dice_loss", ramp("hausdorff_er", 0.1, epochs)],
        "dice_loss + boundary, rising to 0.02": ["dice_loss", ramp("boundary", 0.02, epochs)],
        "dice_loss + soft_hausdorff, α 1, rising to 0.0001": ["dice_loss", ramp("soft_hausdorff", 1e-4, epochs, alpha=1)],
        "dice_loss + soft_average_hausdorff, rising to 0.02": ["dice_loss", ramp("soft_average_hausdorff", 0.02, epochs)],
    }


def train(binary, losses, seed, arguments):
    """The figures of the last epoch's validation."""
    def data(samples, seed):
        return (f"synthetic:samples={samples},size={arguments.size},noise={arguments.noise},"
                f"distractors={arguments.distractors},seed={seed}")

    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "train", "--data", data(arguments.samples, seed), "--validation-data", data(arguments.held_out, 1000 + seed),
                   "--out", folder, "--losses", json.dumps(losses), "--seed", str(seed), "--epochs", str(arguments.epochs),
                   "--schedule", "cosine", "--levels", "3", "--threads", "1", "--json"]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise SystemExit(result.stderr)
    epochs = [event for event in map(json.loads, result.stdout.splitlines()) if event["event"] == "epoch"]
    return [float(epochs[-1][f"val_{name}"]) for name in METRICS]


def cell(values, base, is_better_larger):
    """The mean over seeds, and, beside the base, its change, the median of the seeds' changes, and for how many it is better."""
    mean = statistics.mean(values)
    if values == base:
        return f"{mean:.3f}"
    change = mean / statistics.mean(base) - 1
    median = statistics.median(value / reference - 1 for value, reference in zip(values, base))
    better = sum(value > reference if is_better_larger else value < reference for value, reference in zip(values, base))
    return f"{mean:.3f} ({100 * change:+.0f} %, median {100 * median:+.0f} %, {better} of {len(values)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=11)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--distractors", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, on one thread each")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)

    print(f"{arguments.samples} samples of {arguments.size}², noise {arguments.noise}, {arguments.distractors} distractors; "
          f"{arguments.epochs} epochs; means over {arguments.seeds} seeds, with {arguments.held_out} held-out samples each. In "
          "brackets: the change against dice_loss alone, the median of the seeds' changes, and for how many seeds it is better.\n")
    print(f"| losses | {' | '.join(METRICS)} |\n|{'---|' * (len(METRICS) + 1)}", flush=True)
    base = None
    with ThreadPoolExecutor(arguments.jobs) as executor:
        for name, losses in recipes(arguments.epochs).items():
            runs = list(executor.map(lambda seed: train(arguments.binary, losses, seed, arguments), seeds))
            columns = [list(values) for values in zip(*runs)]
            base = base or columns
            cells = [cell(values, reference, metric == "dice") if metric != "misses" else f"{sum(values):.0f}"
                     for metric, values, reference in zip(METRICS, columns, base)]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

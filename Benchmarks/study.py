"""Trains U-Nets on the synthetic set with dice_loss alone and with each Hausdorff loss beside it; prints a table in Markdown.

Run by `make study`. The setting is hard: few samples, noise, and distractors that look like what is sought. Every run has the
same number of epochs, and is judged on samples that it never saw, behind its last epoch, so that nothing is chosen by them.
Where a prediction misses an object, its distances are the image's diagonal.
"""
import argparse
import json
import statistics
import subprocess
import tempfile

METRICS = ["hausdorff", "hausdorff_95", "average_hausdorff", "dice", "misses"]
RECIPES = {
    "dice_loss": "dice_loss",
    "dice_loss + bce": "dice_loss,bce",
    "dice_loss + soft_average_hausdorff": "dice_loss,soft_average_hausdorff:balanced",
    "dice_loss + hausdorff_dt": "dice_loss,hausdorff_dt:balanced",
    "dice_loss + hausdorff_er": "dice_loss,hausdorff_er:balanced",
    "dice_loss + soft_hausdorff": "dice_loss,soft_hausdorff:balanced",
    "dice_loss + boundary": '["dice_loss", {"name": "boundary", "weight": 0.02, "ramp": {"from": 0, "epochs": 20}}]',
}


def train(binary, losses, seed, arguments):
    """The figures of the last epoch's validation."""
    def data(samples, seed):
        return (f"synthetic:samples={samples},size={arguments.size},noise={arguments.noise},"
                f"distractors={arguments.distractors},seed={seed}")

    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "train", "--data", data(arguments.samples, seed), "--validation-data", data(arguments.held_out, 1000 + seed),
                   "--out", folder, "--losses", losses, "--seed", str(seed), "--epochs", str(arguments.epochs), "--schedule", "cosine",
                   "--levels", "3", "--json"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    epochs = [event for event in map(json.loads, output.splitlines()) if event["event"] == "epoch"]
    return [float(epochs[-1][f"val_{name}"]) for name in METRICS]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--distractors", type=int, default=4)
    parser.add_argument("--only", help="recipes, separated by semicolons")
    arguments = parser.parse_args()
    chosen = arguments.only.split(";") if arguments.only else RECIPES

    print(f"{arguments.samples} samples of {arguments.size}², noise {arguments.noise}, {arguments.distractors} distractors; "
          f"{arguments.epochs} epochs, {arguments.seeds} seeds, {arguments.held_out} held-out samples each\n")
    print(f"| losses | {' | '.join(METRICS)} |\n|{'---|' * (len(METRICS) + 1)}", flush=True)
    base = None
    for name in chosen:
        runs = list(zip(*(train(arguments.binary, RECIPES[name], seed, arguments) for seed in range(1, arguments.seeds + 1))))
        base = base or [statistics.mean(values) for values in runs]
        cells = []
        for metric, values, reference in zip(METRICS, runs, base):
            mean = statistics.mean(values)
            change = f", {100 * (mean / reference - 1):+.0f} %" if name != "dice_loss" and reference and metric != "misses" else ""
            deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
            cells.append(f"{mean:.3f}{deviation}{change}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

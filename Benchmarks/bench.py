"""Prints this project's speed beside its peers', both sides measured in one run, in turns, medians quoted.

Run by `make bench`; `make bench QUICK=1` repeats less.
"""
import argparse
import os
import platform

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Keras loads TensorFlow, whichever backend it uses

import conventions
import jobs
import kernels
import losses
import server
import training


class Table:
    """Prints rows as they are measured."""

    widths = (32, 12, 28, 8, 10, 7)

    def __init__(self):
        self.missed = []

    def section(self, title):
        print(f"\n{title}\n")
        self.line("", "hausdorffd", "peer", "ratio", "at least", "aim")

    def line(self, *cells):
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(cells, self.widths))), flush=True)

    def row(self, name, ours, theirs, ratio, least, aim, reached):
        self.line(name, ours, theirs, ratio, least, aim)
        if not reached:
            self.missed.append(name)

    def ratio(self, name, ours, theirs, peer, least, aim):
        """Seconds of both; the ratio is how many times faster ours is."""
        ratio = theirs / ours
        self.row(name, duration(ours), f"{peer} {duration(theirs)}", f"{ratio:,.1f}×", f"{least}×", f"{aim}×",
                 ratio >= least)

    def share(self, name, ours, theirs, peer, most, aim):
        """Seconds of both; the ratio is how many times as long ours takes."""
        ratio = ours / theirs
        self.row(name, duration(ours), f"{peer} {duration(theirs)}", f"{ratio:.2f}×", f"{most:.2f}× most" if most else "",
                 f"{aim:.2f}×" if aim else "", not most or ratio <= most)

    def rate(self, name, ours, theirs, peer, least, aim):
        """Requests per second of both; the ratio is the share that ours reaches."""
        ratio = ours / theirs
        self.row(name, f"{ours:,.0f}/s", f"{peer} {theirs:,.0f}/s", f"{ratio:.2f}", f"{least or ''}", f"{aim or ''}",
                 ratio >= (least or 0))


def duration(seconds):
    return f"{seconds * 1e6:,.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.1f} ms"


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--binary", required=True, help="hausdorffd")
parser.add_argument("--tools", required=True, help="the folder of the timers and bare-server")
parser.add_argument("--quick", action="store_true", help="few repetitions")
parser.add_argument("--only", choices=["kernels", "conventions", "losses", "training", "server", "jobs"], help="one part of the table")
arguments = parser.parse_args()

print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
table = Table()
if arguments.only in (None, "kernels"):
    kernels.run(table, f"{arguments.tools}/pair-timer", arguments.quick)
if arguments.only in (None, "conventions"):
    conventions.run(table, f"{arguments.tools}/pair-timer", arguments.binary, arguments.quick)
if arguments.only in (None, "losses"):
    losses.run(table, arguments.binary, f"{arguments.tools}/loss-timer", arguments.quick)
if arguments.only in (None, "training"):
    training.run(table, f"{arguments.tools}/step-timer", arguments.quick)
if arguments.only in (None, "server"):
    server.run(table, arguments.binary, arguments.tools, arguments.quick)
if arguments.only in (None, "jobs"):
    jobs.run(table, arguments.binary, arguments.tools, arguments.quick)
print(f"\nBelow 'at least': {', '.join(table.missed)}" if table.missed else "\nEverything reaches 'at least'.")

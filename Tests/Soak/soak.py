"""What a server in production meets, in full or in short: `soak.py --binary PATH [--short] [SCENARIO ...]`.

Prints figures beside their limits, and all of them as a table at the end; ends with status 1 where a promise was broken.
"""

import argparse
import importlib
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from report import Report

# The order in which they run.
scenarios = ["overload", "starvation", "slow_clients", "restart", "description", "routes", "grammar", "mixed_load"]


@dataclass
class Context:
    """What a scenario gets: the program, whether to be short, a folder of its own, and the options of the command line."""

    binary: str
    short: bool
    report: Report
    folder: Path
    seed: int
    case: int | None
    minutes: float | None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the built hausdorffd")
    parser.add_argument("--short", action="store_true", help="seconds in place of minutes; asserts nothing about speed")
    parser.add_argument("--seed", type=int, default=1, help="what random requests begin with")
    parser.add_argument("--case", type=int, help="grammar and routes: send only the case of this number, and show it")
    parser.add_argument("--minutes", type=float, help="mixed_load: how long")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(scenarios))
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(scenarios):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    report = Report(options.short)
    for name in options.scenarios or scenarios:
        report.begin(name)
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="hausdorffd-soak-") as folder:
            context = Context(
                str(Path(options.binary).resolve()), options.short, report, Path(folder), options.seed, options.case,
                options.minutes)
            try:
                importlib.import_module(name).run(context)
            except Exception as error:
                traceback.print_exc()
                report.check("ran to its end", type(error).__name__, "without an error", False)
        print(f"  ({time.monotonic() - start:.0f} s)", flush=True)
    sys.exit(not report.table())


if __name__ == "__main__":
    main()

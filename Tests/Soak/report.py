"""What was measured beside what was promised."""


class Report:
    """Rows of scenario, name, figure and limit; the table at the end repeats them."""

    def __init__(self, short):
        self.short = short
        self.rows = []
        self.scenario = ""

    def begin(self, scenario):
        """The rows that follow are of this scenario."""
        self.scenario = scenario
        print(f"\n{scenario}", flush=True)

    def figure(self, name, value):
        """What is only told."""
        self._add(name, value, "", "")

    def check(self, name, value, limit, holds):
        """A promise that holds on any machine."""
        self._add(name, value, limit, "" if holds else "BROKEN")

    def timing(self, name, value, limit, holds):
        """A promise about speed; the short form only tells it."""
        self._add(name, value, limit, "" if holds else "(not asserted)" if self.short else "BROKEN")

    def _add(self, name, value, limit, verdict):
        row = (self.scenario, name, str(value), str(limit), verdict)
        self.rows.append(row)
        print("  " + self._line(row, [0, 50, 22, 26, 0]), flush=True)

    @staticmethod
    def _line(row, widths):
        scenario, name, value, limit, verdict = row
        cells = [name.ljust(widths[1]), value.rjust(widths[2]), limit.rjust(widths[3]), verdict]
        return "  ".join([scenario.ljust(widths[0])] * (widths[0] > 0) + cells).rstrip()

    def table(self):
        """Prints all rows; whether every promise was kept."""
        widths = [max([len(row[column]) for row in self.rows] or [0]) for column in range(5)]
        print("\n" + "\n".join(self._line(row, widths) for row in self.rows))
        broken = [row for row in self.rows if row[4] == "BROKEN"]
        print(f"\n{len(self.rows)} figures, {len(broken)} promises broken")
        return not broken


def milliseconds(seconds):
    """Seconds as text in milliseconds."""
    return f"{seconds * 1e3:,.1f} ms"


def megabytes(count):
    """Bytes as text in megabytes."""
    return f"{count / 1e6:,.1f} MB"


def percentile(values, share):
    """The value that this share of them does not exceed; of none, infinite."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")

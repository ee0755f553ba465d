"""Four times the load that can be sustained: what is accepted is answered, the rest is told to come back, health is told at once."""

import json

from bodies import average_hausdorff, blobs, hard_work
from customers import Customer, check_customers, health
from offer import Offer
from report import megabytes, milliseconds, percentile
from service import Service, Watch
from wrk import Saturation


class Work:
    """A request that costs the server milliseconds; SciPy agrees with its answer."""

    content_type = "application/json"

    def __init__(self, service):
        self.port, self.body = service.port, hard_work()
        status, _, self.answer = service.ask("POST", "/v1/score", self.body, {"Content-Type": self.content_type})
        found, right = json.loads(self.answer)["metrics"]["average_hausdorff"], average_hausdorff(*blobs(1024, 1))
        if status != 200 or abs(found - right) > 1e-9 * right:
            raise RuntimeError(f"{status}: {found}, not {right}")

    def saturation(self, folder):
        """As much of it as the server answers."""
        return Saturation(folder, self.port, "POST", "/v1/score", self.content_type, self.body, self.answer)

    def offer(self, rate, seconds):
        """So much of it a second."""
        return Offer(self.port, "/v1/score", self.content_type, self.body, self.answer, rate, seconds)


def check_load(report, outcome):
    """That nothing was lost under load, and that it was one."""
    report.check("accepted and answered right", f"{outcome.right:,} ({outcome.accepted:,.0f}/s)", "some", outcome.right > 0)
    report.check("refused with Retry-After", f"{outcome.refused:,}", "some", outcome.refused > 0)
    report.check("wrong, otherwise refused or lost", outcome.lost, 0, outcome.lost == 0)
    for example in outcome.examples[:5]:
        print(f"    {example}", flush=True)


def run(context):
    """Measures what can be sustained, offers four times as much, and measures again."""
    report, seconds = context.report, 3 if context.short else 120
    with Service(context.binary, context.folder, "--max-requests=64") as service:
        work = Work(service)
        saturation = work.saturation(context.folder)
        before = saturation.run(16, 1 if context.short else 10)
        report.figure("sustained", f"{before.accepted:,.0f}/s")
        with Customer(health(service)) as probe, Watch(service) as watch:
            under = work.offer(4 * before.accepted, seconds).outcome()
        after = [saturation.run(16, 1) for _ in range(2 if context.short else 5)]

        report.timing("offered", f"{under.offered:,.0f}/s", "3.9 × sustained or more", under.offered >= 3.9 * before.accepted)
        check_load(report, under)
        for name, found in probe.seconds.items():
            late = percentile(found, 0.99)
            report.timing(f"{name}: 99th percentile", milliseconds(late), "50 ms", late < 0.05)
            report.figure(f"{name}: median, longest", f"{milliseconds(percentile(found, 0.5))}, {milliseconds(max(found))}")
        check_customers(report, "health", sum(probe.seconds.values(), []), probe.failures + probe.refused)
        growth = watch.growth(0.2)
        report.timing("memory's growth from the second fifth to the end", f"{growth:+.1%}", "5 %", growth <= 0.05)
        report.check("memory at most", megabytes(service.peak()), "500 MB", service.peak() < 500e6)
        report.figure("rates in the seconds after", ", ".join(f"{one.accepted:,.0f}" for one in after))
        # The third second is the first that begins two seconds after the load.
        full = max(one.accepted for one in after[:3]) / before.accepted
        report.timing("full speed within 2 s", f"{full:.0%}", "90 %", full >= 0.9)
        lost = sum(one.lost + one.refused for one in after)
        report.check("refused or lost afterwards", lost, 0, lost == 0)
        is_idle = service.settles(lambda: service.places() == 0)
        report.check("places given back", "all" if is_idle else service.places(), "all", is_idle)
        service.close(report)

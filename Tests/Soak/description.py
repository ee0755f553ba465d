"""openapi.yaml against the server, by schemathesis: what it says of requests and answers is so, whatever is sent."""

import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from service import Service

# Equal shapes and the like cannot be put into a schema, so what is valid by it may be refused. 507 is what a full store answers.
configuration = """
[checks]
positive_data_acceptance.enabled = false
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501", "507"]
"""


@contextmanager
def cancelled_jobs(service):
    """Cancels the jobs that are submitted meanwhile: they may be as long as they like, and their event streams with them."""
    is_done = threading.Event()

    def cancel():
        while not is_done.wait(0.2):
            for job in service.json("GET", "/v1/training-jobs?state=queued")["jobs"]:
                # It may be gone by now.
                service.ask("POST", f"/v1/training-jobs/{job['id']}/cancel")

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def run(context):
    """Runs all phases of schemathesis; no worker runs the jobs that it submits."""
    report = context.report
    path = context.folder / "schemathesis.toml"
    path.write_text(configuration)
    document = Path(__file__).parents[2] / "openapi.yaml"
    options = ["--training-jobs=0", "--max-data=200000000"]
    # All that is described is then on one port.
    with Service(context.binary, context.folder, *options, has_admin_port=False) as service:
        command = [
            sys.executable, "-m", "schemathesis.cli", "--no-color", f"--config-file={path}", "run", str(document),
            f"--url=http://127.0.0.1:{service.port}", "--continue-on-failure", "--workers=1", f"--seed={context.seed}",
            f"--max-examples={2 if context.short else 120}", "--request-timeout=60", "--suppress-health-check=all",
        ]
        if context.short:
            command += ["--phases=examples,fuzzing"]
        with cancelled_jobs(service):
            done = subprocess.run(command, capture_output=True, text=True, cwd=context.folder)
        text = done.stdout + done.stderr
        cases = re.search(r"([\d,]+) generated", text)
        failures = re.search(r"found (\d+) unique failure", text)
        if not cases:
            raise RuntimeError(text[-3000:])
        count = int(cases[1].replace(",", ""))
        if done.returncode:
            print(text, flush=True)
        report.check("cases", f"{count:,}", "some" if context.short else "5,000 or more", count >= (1 if context.short else 5000))
        report.check("failures", failures[1] if failures else f"status {done.returncode}" if done.returncode else 0, 0,
                     done.returncode == 0)
        service.close(report)

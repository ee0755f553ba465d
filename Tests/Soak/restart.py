"""Two servers on one PostgreSQL store behind HAProxy, restarted in turn under load: no client sees a request fail."""

import http.client
import json
import os
import subprocess
import time
from pathlib import Path

from bodies import blobs, scores
from customers import Client, check_customers
from report import milliseconds, percentile
from service import Service, ask, free_port

postgres = Path(__file__).parents[1] / "postgres.sh"
# Nothing is tried twice: a request that meets a server that has gone fails, as behind a Service of Kubernetes.
proxy_configuration = """
global
  maxconn 2000
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 200ms fall 1 rise 1
  server one 127.0.0.1:{one}
  server two 127.0.0.1:{two}
"""
# Readiness is asked for five times a second, so this is ample; a Kubernetes Service takes longer.
options = ["--drain-delay=2", "--grace-period=20", "--training-jobs=0"]


class Visitor(Client):
    """A client of the proxy that keeps its connection: scores, the training API, and submissions that must not be lost."""

    def __init__(self, port, dataset, number):
        super().__init__(_visit, port, dataset, number)

    def take(self, result):
        self.seconds, self.failures, self.submitted = result


def _visit(begun, done, port, dataset, number):
    seconds, failures, submitted = [], [], []
    truth, prediction = blobs(256, 5)
    requests = list(scores(truth, prediction).values())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask_once(method, target, headers, body, wanted):
        start = time.perf_counter()
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            if answer.status != wanted:
                failures.append(f"{method} {target}: {answer.status} {data[:200]}")
                data = None
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{method} {target}: {error!r}")
            connection.close()
            data = None
        seconds.append(time.perf_counter() - start)
        return data

    # A large volume takes a while, so that some are being scored when their server is asked to stop.
    large = bytes(64 * 256 * 256) + bytes([1]) + bytes(64 * 256 * 256 - 1)
    round = 0
    begun.set()
    while not done.is_set():
        for target, headers, body in requests:
            data = ask_once("POST", target, headers, body, 200)
            if data and not 0 < json.loads(data)["loss"] < 256:
                failures.append(f"{target}: {data[:200]}")
        ask_once("POST", "/v1/score?shape=64,256,256&layout=DHW&metrics=hausdorff_95", {"Content-Type": "application/octet-stream"}, large, 200)
        ask_once("GET", "/v1/training-jobs?limit=5", {}, None, 200)
        body = json.dumps({"dataset": dataset, "name": f"{number}-{round}", "epochs": 1})
        data = ask_once("POST", "/v1/training-jobs", {"Content-Type": "application/json"}, body, 202)
        if data:
            submitted.append(json.loads(data)["id"])
        round += 1
    return seconds, failures, submitted


class Proxy:
    """HAProxy before two servers."""

    def __init__(self, folder, one, two):
        self.port = free_port()
        path = folder / "haproxy.cfg"
        path.write_text(proxy_configuration.format(port=self.port, one=one, two=two))
        self.process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-q", "-f", str(path)], stdin=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                if ask(self.port, "GET", "/readyz", timeout=5)[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("HAProxy finds no server")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Postgres:
    """A PostgreSQL server of its own."""

    def __init__(self):
        # In a place that its user may enter.
        self.folder = f"/tmp/hausdorffd-soak-postgres-{os.getpid()}"

    def __enter__(self):
        return subprocess.run([postgres, "start", self.folder], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def __exit__(self, *_):
        subprocess.run([postgres, "stop", self.folder], check=True)


def run(context):
    """Stops one server, waits for its end, starts it again, waits until it is ready; then the other; and so on."""
    report, rounds = context.report, 1 if context.short else 10
    with Postgres() as store:
        def start(port=None):
            return Service(context.binary, context.folder / "servers", f"--store={store}", *options, port=port)

        servers = [start(), start()]
        try:
            restarts(context, servers, start, rounds, report)
        finally:
            for server in servers:
                server.__exit__()


def restarts(context, servers, start, rounds, report):
    """The load and the restarts under it."""
    dataset = servers[0].json("POST", "/v1/datasets", {"synthetic": {"samples": 8, "size": 32}}, status=201)["id"]
    statuses, drains = [], []
    with Proxy(context.folder, servers[0].port, servers[1].port) as proxy:
        visitors = [Visitor(proxy.port, dataset, number) for number in range(3)]
        for visitor in visitors:
            visitor.__enter__()
        for _ in range(rounds):
            for number, server in enumerate(servers):
                begin = time.monotonic()
                statuses.append(server.stop())
                drains.append(time.monotonic() - begin)
                servers[number] = start(server.port)
                # The other one stops only when the proxy has seen this one, as a rollout waits for it.
                time.sleep(1)
        for visitor in visitors:
            visitor.__exit__(None)
    seconds = sum((visitor.seconds for visitor in visitors), [])
    failures = sum((visitor.failures for visitor in visitors), [])
    submitted = sum((visitor.submitted for visitor in visitors), [])
    report.figure("restarts", len(statuses))
    check_customers(report, "clients of the proxy", seconds, failures)
    report.figure("99th percentile, longest", f"{milliseconds(percentile(seconds, 0.99))}, {milliseconds(max(seconds))}")
    report.check("servers ended with status", ", ".join(map(str, sorted(set(statuses)))), 0, set(statuses) == {0})
    report.timing("longest stop", f"{max(drains):.1f} s", "5 s", max(drains) < 5)
    missing = [job for job in submitted if servers[0].ask("GET", f"/v1/training-jobs/{job}")[0] != 200]
    report.check("jobs submitted, lost", f"{len(submitted):,}, {len(missing)}", "0 lost", submitted and not missing)
    for server in servers:
        server.close(report)

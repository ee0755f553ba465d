"""Clients in processes of their own, so that what they measure is the server."""

import multiprocessing
import time

from service import ask

# Threads may be running, so processes do not begin as copies of this one.
processes = multiprocessing.get_context("spawn")


class Companion:
    """A function of a module that runs in a process of its own."""

    def __init__(self, function, *arguments):
        self._answers, answers = processes.Pipe(duplex=False)
        self._process = processes.Process(target=_call, args=(function, arguments, answers), daemon=True)
        self._process.start()
        answers.close()

    def result(self):
        """What it returned, when it has."""
        try:
            return self._answers.recv()
        except EOFError:
            raise RuntimeError("a client has died; see above") from None
        finally:
            self._process.join()


def _call(function, arguments, answers):
    answers.send(function(*arguments))


class Client:
    """A `Companion` that goes on until it is told to stop: a function that gets two events, begun and done, and more."""

    def __init__(self, function, *arguments):
        self._begun, self._done = processes.Event(), processes.Event()
        self._call = (function, self._begun, self._done, *arguments)

    def __enter__(self):
        self._companion = Companion(*self._call)
        # It takes a while to import; what follows should find it at work.
        self._begun.wait(60)
        return self

    def __exit__(self, kind, *_):
        self._done.set()
        # What went wrong here is more telling than that.
        if kind is None:
            self.take(self._companion.result())

    def take(self, result):
        """Gets what the function returned."""


class Customer(Client):
    """Asks the same things again and again, each on a new connection, and checks and times the answers."""

    def __init__(self, requests, interval=0.02, timeout=60):
        """`requests`: tuples of a name, a port, a method, a target, a body, headers, and the answer that is right; None is any."""
        super().__init__(_ask_on, requests, interval, timeout)

    def take(self, result):
        self.seconds, self.refused, self.failures = result


def _ask_on(begun, done, requests, interval, timeout):
    seconds, refused, failures = {request[0]: [] for request in requests}, [], []
    begun.set()
    while not done.is_set():
        for name, port, method, target, body, headers, right in requests:
            start = time.perf_counter()
            try:
                status, found, answer = ask(port, method, target, body, headers, timeout)
                if status == 503 and found["Retry-After"]:
                    refused.append(f"{name}: {status} {answer[:200]}")
                elif status != 200 or right not in (None, answer):
                    failures.append(f"{name}: {status} {answer[:200]}")
            except OSError as error:
                failures.append(f"{name}: {error!r}")
            seconds[name].append(time.perf_counter() - start)
        done.wait(interval)
    return seconds, refused, failures


def health(service):
    """Requests of a `Customer` that asks for a server's health, wherever that is to be had."""
    names = ["", " (admin port)"]
    return [
        (path + name, port, "GET", path, None, {}, b"ok\n")
        for name, port in zip(names, service.ports)
        for path in ("/livez", "/readyz")
    ]


def check_customers(report, name, seconds, failures):
    """That they were served, each time."""
    report.check(f"{name}: requests, failures", f"{len(seconds):,}, {len(failures)}", "0 failures", seconds and not failures)
    for failure in failures[:5]:
        print(f"    {failure}", flush=True)

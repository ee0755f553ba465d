"""hausdorffd as a process, and what the system tells of it."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path


# The file and its log of a writer, five readers and one that watches, and what they share.
most_store_descriptors = 2 * 7 + 1


def free_port():
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, method, target, body=None, headers=None, timeout=60):
    """One request on a connection of its own: status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Service:
    """`hausdorffd serve` on a free port, from start to stop."""

    def __init__(self, binary, folder, *options, port=None, has_admin_port=True):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.ports = [self.port]
        command = [binary, "serve", f"--port={self.port}", f"--data={self.folder}/data", *options]
        if has_admin_port:
            self.ports.append(free_port())
            command.append(f"--admin-port={self.ports[1]}")
        self.log = self.folder / "server.log"
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
        self.await_ready()

    def await_ready(self):
        """Returns when it takes requests."""
        for _ in range(1200):
            try:
                if self.ask("GET", "/readyz", timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"no server: {self.log.read_text()}")

    def ask(self, *arguments, **options):
        """`ask` of this server."""
        return ask(self.port, *arguments, **options)

    def json(self, method, target, body=None, status=200):
        """The answer to a request that must succeed."""
        text = None if body is None else json.dumps(body)
        found, _, answer = self.ask(method, target, text, {"Content-Type": "application/json"} if text else {})
        if found != status:
            raise RuntimeError(f"{method} {target}: {found}: {answer[:500]}")
        return json.loads(answer) if answer else None

    @property
    def is_alive(self):
        """Whether the process has not ended."""
        return self.process.poll() is None

    def _status(self, name):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])

    def resident(self):
        """Resident memory in bytes."""
        return 1024 * self._status("VmRSS")

    def peak(self):
        """The most that resident memory has been, in bytes."""
        return 1024 * self._status("VmHWM")

    def threads(self):
        """Threads of the process."""
        return self._status("Threads")

    def descriptors(self):
        """Open descriptors of the process; of the store's, which makes its readers as it needs them, those that it may not have."""
        others, store = 0, 0
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                is_store = "/store.sqlite" in os.readlink(entry)
                others, store = others + (not is_store), store + is_store
        return others + max(0, store - most_store_descriptors)

    def places(self):
        """Requests that have a place now; the one that asks has none."""
        text = self.ask("GET", "/readyz?verbose")[2].decode()
        return int(re.search(r"worked on: (\d+)", text)[1])

    def settles(self, holds, seconds=90):
        """Waits until something holds; whether it does."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def stop(self, wait=True):
        """Asks it to stop; its exit status, where it is waited for."""
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120) if wait else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_alive:
            self.process.kill()
            self.process.wait()

    def close(self, report):
        """Stops it, and notes whether it lived until then and ended well."""
        lived = self.is_alive
        status = self.stop()
        fault = re.search(r"^.*(?:Sanitizer|Fatal error|Current stack trace)", self.log.read_text(), re.MULTILINE)
        report.check("server ended", f"status {status}", "status 0, asked to", lived and status == 0 and not fault)
        if fault:
            print(self.log.read_text()[fault.start() :][:20_000], flush=True)


class Watch:
    """Looks at a server's memory twice a second."""

    def __init__(self, service):
        self.service = service
        self.samples = []
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        start = time.monotonic()
        while not self._is_done.wait(0.5):
            try:
                self.samples.append((time.monotonic() - start, self.service.resident()))
            except (OSError, TypeError):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_done.set()
        self._thread.join()

    def median(self, begin, end):
        """The median of resident memory in a share of the time, 0 to 1, in bytes."""
        length = self.samples[-1][0] if self.samples else 0
        found = sorted(bytes for at, bytes in self.samples if begin * length <= at <= end * length)
        return found[len(found) // 2] if found else self.service.resident()

    def growth(self, begin):
        """How much more there is in the last tenth than in the one from `begin` on, as a share."""
        return self.median(0.9, 1) / self.median(begin, begin + 0.1) - 1

"""The Dockerfile's words, and the program as a process with an admin port."""

import http.client
import os
import re
import socket
import subprocess
import tempfile
import time

repository = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))


def stages():
    """The stages of the Dockerfile, each a list of instructions and their arguments."""
    with open(f"{repository}/Dockerfile") as file:
        lines = [line for line in file.read().splitlines() if not line.lstrip().startswith("#")]
    found = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        instruction, argument = line.split(maxsplit=1)
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, argument))
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Program:
    """`hausdorffd COMMAND` on free ports of this machine, with an environment; killed in the end."""

    def __init__(self, path, command, environment):
        self.port, self.admin_port = free_port(), free_port()
        own = {name: value for name, value in os.environ.items() if not name.startswith("HAUSDORFFD_")}
        ports = {"HAUSDORFFD_HOST": "127.0.0.1", "HAUSDORFFD_PORT": str(self.port), "HAUSDORFFD_ADMIN_PORT": str(self.admin_port)}
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([path, command], env={**own, **environment, **ports}, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    @property
    def errors(self):
        """What it wrote to standard error so far."""
        self.log.seek(0)
        return self.log.read()

    @staticmethod
    def ask(port, method, path, body=None):
        """Status and text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def status(self, path):
        """The status of an answer of the admin port; None where there is none."""
        try:
            return self.ask(self.admin_port, "GET", path)[0]
        except OSError:
            return None

    def becomes(self, status):
        """Whether `/readyz` comes to be answered so, which it is given a minute for."""
        for _ in range(600):
            if self.status("/readyz") == status:
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def ready(self):
        return self.becomes(200)

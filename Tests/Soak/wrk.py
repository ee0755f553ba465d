"""As many requests as a server answers, by wrk, which is cheap beside it."""

import json
import re
import subprocess
from pathlib import Path

from outcome import Outcome


class Saturation:
    """One request that each connection sends again as soon as it is answered; `answer` is the right body, None is any."""

    def __init__(self, folder, port, method, target, content_type="", body=b"", answer=None):
        self.url = f"http://127.0.0.1:{port}{target}"
        folder = Path(folder)
        (folder / "body").write_bytes(body)
        if answer is not None:
            (folder / "answer").write_bytes(answer)
        answer_file = "" if answer is None else str(folder / "answer")
        self.arguments = [method, content_type, str(folder / "body"), answer_file]

    def run(self, connections, seconds):
        """What came of it."""
        script = Path(__file__).with_name("load.lua")
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(script)]
        command = ["wrk", *options, self.url, "--", *self.arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        found = re.search(r"^JSON (.*)$", done.stdout, re.MULTILINE)
        if done.returncode or not found:
            raise RuntimeError(f"wrk ended with {done.returncode}: {done.stdout}{done.stderr}")
        return Outcome(**json.loads(found[1]))

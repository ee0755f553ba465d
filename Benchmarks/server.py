"""Times the server over loopback with wrk, alternating with a bare C server, and looks at its start."""
import io
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from statistics import median

import numpy as np
from PIL import Image

import masks

connections = 8


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, path):
    """Whether a GET is answered 200 at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


class Server:
    """A server as a process, from start to stop; `seconds` is what it took to answer."""

    def __init__(self, command, port, ready_path):
        self.port = port
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not answers(port, ready_path):
            if self.process.poll() is not None or time.perf_counter() - start > 10:
                raise SystemExit(f"{command[0]} does not start")
        self.seconds = time.perf_counter() - start

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def hausdorffd(binary, folder, threads, *options):
    port = free_port()
    command = [binary, "serve", "--port", str(port), "--data", folder, "--threads", str(threads), *options]
    return Server(command, port, "/readyz")


def bare(tools, threads):
    port = free_port()
    return Server([f"{tools}/bare-server", str(port), str(threads)], port, "/")


def requests_per_second(server, script, path, seconds):
    report = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}{path}"],
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise SystemExit(report)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1])


def post_script(folder, name, content_type, body):
    """What makes wrk post a body."""
    with open(f"{folder}/{name}", "wb") as file:
        file.write(body)
    script = f"{folder}/{name}.lua"
    with open(script, "w") as file:
        file.write(f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
wrk.body = io.open("{folder}/{name}", "rb"):read("*a")
""")
    return script


def png(mask):
    """A PNG file of 0 and 255."""
    file = io.BytesIO()
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def loss(server, path, content_type, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", body, {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)["loss"]


def json_body(arrays):
    """The arrays as JSON, floats with 3 digits."""
    def text(array):
        return "[" + ",".join("[" + ",".join(f"{value:.3f}" for value in row) + "]" for row in array) + "]"
    return f'{{"y_true":{text(arrays[0])},"y_pred":{text(arrays[1])}}}'.encode()


def probabilities(pair):
    random = np.random.default_rng(5)
    return [np.where(mask, 1, 0) * 0.5 + random.uniform(0.001, 0.499, mask.shape) for mask in pair]


def run(table, binary, tools, quick):
    rounds, seconds = (5, 1) if quick else (21, 1)
    threads = max(2, os.cpu_count())  # what the server takes by itself
    table.section(f"Requests over loopback, wrk with {connections} connections, {threads} threads for sockets each")
    small, large = masks.blobs((16, 16)), masks.blobs((256, 256))
    raw = b"".join(mask.tobytes() for mask in large)
    small_json = json.dumps({"y_true": small[0].astype(int).tolist(), "y_pred": small[1].astype(int).tolist()},
                            separators=(",", ":")).encode()
    large_json = json_body(probabilities(large))
    with tempfile.TemporaryDirectory() as folder:
        with hausdorffd(binary, folder, threads) as ours, bare(tools, threads) as peer:
            for name, path, content_type, body, least, aim in (
                ("raw uint8, 256²", "/v1/score?shape=256,256", "application/octet-stream", raw, 0.6, 0.85),
                ("JSON, 16×16", "/v1/score", "application/json", small_json, 0.5, 0.8),
                ("JSON, 256² floats", "/v1/score", "application/json", large_json, None, None),
            ):
                print(f"({name}: {len(body):,} bytes, loss {loss(ours, path, content_type, body):.6g})")
                script = post_script(folder, "body", content_type, body)
                rates = [[requests_per_second(server, script, path, seconds) for server in (ours, peer)]
                         for _ in range(rounds)]
                mine, theirs = (median(side) for side in zip(*rates))
                table.rate(name, mine, theirs, "bare C", least, aim)
            rate = mine * len(body) / 1e6
            table.row("the same, body bytes", f"{rate:,.0f} MB/s", "", "", "400 MB/s", "1 GB/s", rate >= 400)

        table.section("At rest")
        starts = []
        for _ in range(3 if quick else 15):
            with hausdorffd(binary, folder, threads) as server:
                starts.append(server.seconds)
                time.sleep(0.2)
                resident = server.resident_bytes() / 1e6
        table.row("resident memory", f"{resident:.1f} MB", "", "", "40 MB", "25 MB", resident <= 40)
        table.row("start to ready", f"{median(starts) * 1e3:.1f} ms", "", "", "100 ms", "50 ms", median(starts) <= 0.1)

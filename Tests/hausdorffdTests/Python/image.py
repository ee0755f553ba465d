"""Builds the last stage of the Dockerfile without a container engine, and runs it as a container would be run.

    image.py PROGRAM

As root, with debootstrap. The base is made as the slim images of Debian are; the Dockerfile's own RUN lines are run in it, and
PROGRAM is what its COPY takes from the build stage. Then the image runs as its user, without capabilities, on a root file
system that cannot be written to, in namespaces of its own: it scores a pair, trains, is healthy, and ends on its STOPSIGNAL.
Prints the compressed sizes.
"""

import fcntl
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import time

from container import Program, stages

# What debian:bookworm-slim is beside a minimal debootstrap.
slim = {
    "etc/dpkg/dpkg.cfg.d/docker": "\n".join(
        [
            *(f"path-exclude /usr/share/{name}/*" for name in ["doc", "groff", "info", "lintian", "linda", "locale", "man"]),
            "path-include /usr/share/doc/*/copyright",
        ]
    ),
    "etc/apt/apt.conf.d/docker": 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n'
    'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; Acquire::Languages "none"; Acquire::GzipIndexes "true";\n'
    'Apt::AutoRemove::SuggestsImportant "false";',
}
archive = "http://deb.debian.org/debian"
sources = [f"deb {archive} bookworm main", f"deb {archive} bookworm-updates main", f"deb {archive}-security bookworm-security main"]


class Image:
    """What a stage says of the container, and its file system."""

    def __init__(self, stage, root):
        self.root = root
        self.base = next(argument for instruction, argument in stage if instruction == "FROM")
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.steps = [step for step in stage if step[0] in ("RUN", "COPY")]
        one = dict(stage)
        self.environment |= dict(word.split("=", 1) for word in shlex.split(one["ENV"]))
        self.labels = dict(word.split("=", 1) for word in shlex.split(one["LABEL"]))
        self.user, self.group = one["USER"].split(":")
        self.volume = one["VOLUME"]
        self.signal = signal.Signals[one["STOPSIGNAL"]]
        self.command = json.loads(one["ENTRYPOINT"]) + json.loads(one["CMD"])
        self.health = json.loads(one["HEALTHCHECK"].split("CMD", 1)[1])
        self.ports = [int(port) for port in one["EXPOSE"].split()]

    def make_base(self):
        """What `FROM` stands for."""
        assert self.base == "debian:bookworm-slim", self.base
        run(["debootstrap", "--variant=minbase", "bookworm", self.root, archive])
        for path, text in slim.items():
            with open(f"{self.root}/{path}", "w") as file:
                file.write(text + "\n")
        with open(f"{self.root}/etc/apt/sources.list", "w") as file:
            file.write("\n".join(sources) + "\n")
        shutil.copy("/etc/resolv.conf", f"{self.root}/etc/resolv.conf")
        excluded = re.findall(r"path-exclude (\S+)\*", slim["etc/dpkg/dpkg.cfg.d/docker"])
        for folder, _, names in (walk for top in excluded for walk in os.walk(self.root + top)):
            for name in names:
                if name != "copyright":
                    os.unlink(os.path.join(folder, name))
        for folder in ("var/lib/apt/lists", "var/cache/apt/archives"):
            shutil.rmtree(f"{self.root}/{folder}")
            os.makedirs(f"{self.root}/{folder}/partial")
        for name in ("var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin", "var/log/bootstrap.log"):
            if os.path.exists(f"{self.root}/{name}"):
                os.unlink(f"{self.root}/{name}")

    def make(self, program):
        """The instructions that make files."""
        for instruction, argument in self.steps:
            if instruction == "RUN":
                print(f"RUN {' '.join(argument.split())}")
                within = ["unshare", "--mount", "sh", "-c", 'mount --bind /proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" sh -c "$1"']
                run([*within, self.root, argument], {**self.environment, "DEBIAN_FRONTEND": "noninteractive"})
            else:
                stage, source, target = argument.split()
                assert stage == "--from=build" and os.path.basename(source) == "hausdorffd", argument
                run(["install", "--strip", program, self.root + target])
        self.add_libraries_of_swift(program)

    def add_libraries_of_swift(self, program):
        """Of a program that was built for the tests, which lacks them; the Dockerfile's own has them within."""
        needed = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout
        for path in re.findall(r"=> (\S+/lib/swift/linux/\S+)", needed):
            os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
            shutil.copy(path, self.root + path)

    def compressed_size(self):
        """As a registry would have it in one layer."""
        with tempfile.TemporaryFile() as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6) as packed:
                with tarfile.open(fileobj=packed, mode="w|") as layer:
                    layer.add(self.root, arcname=".")
            return file.tell()

    def popen(self, command, **arguments):
        """Starts a command of the image as its user, who has no capabilities and gets none."""
        bare = [f"--reuid={self.user}", f"--regid={self.group}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        return subprocess.Popen(["chroot", self.root, "setpriv", *bare, *command], env=self.environment, **arguments)

    def call(self, *command):
        """Status, output and errors of a command of the image."""
        process = self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors


def run(command, environment=None):
    """Runs a command that must succeed; what it said, where it does not."""
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}")


def raise_loopback():
    """A new network namespace has its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP


def run_image(image):
    """Within namespaces of its own."""
    raise_loopback()
    data = f"{os.path.dirname(image.root)}/data"
    # As a new volume takes them from the image.
    owner = os.stat(image.root + image.volume)
    os.mkdir(data, owner.st_mode & 0o777)
    os.chown(data, owner.st_uid, owner.st_gid)
    for command in [
        ["mount", "--bind", image.root, image.root],
        ["mount", "-o", "remount,ro,bind", image.root],
        ["mount", "--bind", data, image.root + image.volume],
        ["mount", "-t", "proc", "proc", f"{image.root}/proc"],
        ["mount", "--bind", "/dev", f"{image.root}/dev"],
    ]:
        run(command)
    status, output, errors = image.call(*image.command[:1], "--version")
    assert (status, output.strip()) == (0, image.labels["org.opencontainers.image.version"]), (status, output, errors)
    for path in ("/", "/tmp", "/var/tmp", "/usr/local/bin"):
        assert image.call("touch", f"{path}/file")[0] != 0, f"{path} can be written to"
    print(f"version {output.strip()}", flush=True)

    status, _, errors = image.call(*image.health)
    assert status == 1, f"healthy before there is a server: {errors}"
    server = image.popen(image.command, stderr=subprocess.PIPE, text=True)
    healthy = [1, "", ""]
    for _ in range(600):
        healthy = image.call(*image.health)
        if healthy[0] == 0 or server.poll() is not None:
            break
        time.sleep(0.1)
    if healthy[0] != 0:
        server.kill()
        sys.exit(f"HEALTHCHECK ended with {healthy[0]}: {healthy[2]}\nThe server wrote: {server.communicate()[1]}")
    pair = json.dumps({"y_true": [[0, 1], [0, 1]], "y_pred": [[1, 0], [1, 0]]})
    status, text = Program.ask(image.ports[0], "POST", "/v1/score", pair)
    assert status == 200 and json.loads(text)["loss"] == 1, (status, text)
    status, text = Program.ask(image.ports[0], "POST", "/v1/datasets", json.dumps({"synthetic": {"samples": 4, "size": 16}}))
    assert status == 201, (status, text)
    job = {"dataset": json.loads(text)["id"], "epochs": 1, "model": {"levels": 2, "base_channels": 4}}
    status, text = Program.ask(image.ports[0], "POST", "/v1/training-jobs", json.dumps(job))
    assert status == 202, (status, text)
    job = json.loads(text)
    while job["state"] in ("queued", "running"):
        time.sleep(0.1)
        job = json.loads(Program.ask(image.ports[0], "GET", f"/v1/training-jobs/{job['id']}")[1])
    assert job["state"] == "succeeded", job
    assert [Program.ask(port, "GET", "/livez")[0] for port in image.ports] == [200] * len(image.ports)
    server.send_signal(image.signal)
    errors = server.communicate(timeout=120)[1]
    assert server.returncode == 0, (server.returncode, errors)
    print(f"served and trained as {image.user}:{image.group} on a root file system that cannot be written to")


def main():
    stage = stages()[-1]
    if sys.argv[1] == "--run":
        return run_image(Image(stage, sys.argv[2]))
    program = os.path.realpath(sys.argv[1])
    # Not where the system's folder for passing files cannot hold programs or devices.
    with tempfile.TemporaryDirectory(prefix="hausdorffd-image-", dir="/var/tmp") as folder:
        image = Image(stage, f"{folder}/root")
        image.make_base()
        base = image.compressed_size()
        image.make(program)
        whole = image.compressed_size()
        print(f"compressed: {base / 1e6:.1f} MB base, {whole / 1e6:.1f} MB in all", flush=True)
        assert whole < 150e6, "the image is to be under 150 MB"
        namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        subprocess.run([*namespaces, sys.executable, os.path.realpath(__file__), "--run", image.root], check=True)


main()

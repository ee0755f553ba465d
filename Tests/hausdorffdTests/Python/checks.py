"""What the checks of `deploy` have in common."""

import re
import subprocess
import tempfile

from container import Program, repository

deploy = f"{repository}/deploy"
checks = 0
failures = []


def check(holds, message):
    """Counts, and notes a failure."""
    global checks
    checks += 1
    if not holds:
        failures.append(message)


def read(path):
    with open(path) as file:
        return file.read()


def exits_well(*command):
    """Whether a command ends with status 0 and without a word of complaint on standard error."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 0 and not done.stderr.strip(), f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def options(program, command):
    """The names of a command's options, without dashes."""
    text = exits_well(program, command, "--help")
    return set(re.findall(r"--([a-z][a-z-]*)", text))


def check_variables(program, command, names, where):
    """Every HAUSDORFFD_ variable is an option of the command."""
    known = {"HAUSDORFFD_" + name.upper().replace("-", "_") for name in options(program, command)}
    for name in names:
        check(name in known, f"{where}: {name} is no option of {command}")


def check_flags(program, text, where):
    """Every flag that is named somewhere is one of some command."""
    known = set().union(*(options(program, command) for command in ("serve", "work", "healthcheck", "token")))
    for name in set(re.findall(r"hausdorffd (?:serve|work|healthcheck|token)[^\n`]*?--([a-z][a-z-]*)", text)):
        check(name in known, f"{where}: --{name} is no option")
    # Also without the command before them.
    for name in set(re.findall(r"`--([a-z][a-z-]*)[ =`]", text)):
        check(name in known, f"{where}: --{name} is no option")


def seconds(values, name, default):
    """A time that a server or worker is given, or has by itself."""
    return int(values.get(f"HAUSDORFFD_{name}", default))


def stop_seconds(values, command, hook=0):
    """How long it must be given to end: what was accepted is answered while jobs are saved; 15 seconds to spare."""
    answering = seconds(values, "DRAIN_DELAY", 0) + seconds(values, "GRACE_PERIOD", 30) if command == "serve" else 0
    # The worker grace period is that of the jobs that run there.
    trains = command == "work" or seconds(values, "TRAINING_JOBS", 1) > 0
    saving = seconds(values, "WORKER_GRACE_PERIOD", 20) if trains else 0
    return hook + max(answering, saving) + 15


def try_to_serve(program, values, where):
    """A server takes these settings, is ready on the admin port, and drops that at SIGTERM, while it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"HAUSDORFFD_DATA": folder, "HAUSDORFFD_TOKENS": f"{folder}/tokens"}
        # The files and the database are elsewhere; the wait is longer than the test.
        values = {name: value for name, value in values.items() if name != "HAUSDORFFD_STORE"} | own | {"HAUSDORFFD_DRAIN_DELAY": "3600"}
        with open(f"{folder}/tokens", "w") as file:
            file.write(f"anyone score sha256:{'0' * 64}\n")
        with Program(program, "serve", values) as server:
            if not server.ready():
                return check(False, f"{where}: no server is ready with these settings: {server.errors}")
            server.process.terminate()
            check(server.becomes(503), f"{where}: ready after SIGTERM")
            check(server.status("/livez") == 200, f"{where}: not alive after SIGTERM")


def try_to_work(program, values, where):
    """A worker takes these settings, is ready on the admin port, and ends at SIGTERM in good order."""
    with tempfile.TemporaryDirectory() as folder:
        values = {name: value for name, value in values.items() if name != "HAUSDORFFD_STORE"} | {"HAUSDORFFD_DATA": folder}
        with Program(program, "work", values) as worker:
            if not worker.ready():
                return check(False, f"{where}: no worker is ready with these settings: {worker.errors}")
            worker.process.terminate()
            check(worker.process.wait(60) == 0, f"{where}: the worker ended with {worker.process.returncode}: {worker.errors}")


def report():
    """What is wrong, and how many things were looked at."""
    print(*failures, sep="\n")
    print(f"{checks} checks, {len(failures)} differences")

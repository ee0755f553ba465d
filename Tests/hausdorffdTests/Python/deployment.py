"""What is in `deploy`, and the Dockerfile, is valid, agrees with itself, and asks the program for what it has.

    deployment.py HAUSDORFFD PART

PART is kubernetes, compose, systemd, monitoring or image. Prints what is wrong, and how many things were looked at.
"""

import importlib.resources
import json
import os
import re
import sys
import tempfile

import jsonschema
import yaml

from checks import check, check_flags, check_variables, deploy, exits_well, options, read, report, stop_seconds, try_to_serve, try_to_work
from container import repository, stages
from manifests import check_kubernetes
from monitoring import check_monitoring


def values_of(service):
    """The environment of a service of compose.yaml."""
    return {key: str(value) for key, value in service["environment"].items()}


def check_compose(program):
    path = f"{deploy}/compose.yaml"
    compose = yaml.safe_load(read(path))
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    schema = json.loads(vendored.read_text())
    for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(compose):
        check(False, f"compose.yaml: {'/'.join(map(str, error.path))}: {error.message}")
    image = stages()[-1]
    shared = dict(word.split("=", 1) for word in dict(image)["ENV"].split())
    for name, command in (("server", "serve"), ("worker", "work")):
        service = compose["services"][name]
        values = values_of(service)
        check(service["command"] == [command], f"{name} does {service['command']}")
        check_variables(program, command, values, f"compose.yaml, {name}")
        check(service["stop_grace_period"] == f"{stop_seconds(values, command)}s", f"{name} has {service['stop_grace_period']} to end, not {stop_seconds(values, command)}s")
        check(service["read_only"] and service["cap_drop"] == ["ALL"] and "data:/data" in service["volumes"], f"{name}: its rights")
    server = compose["services"]["server"]
    port, admin = re.search(r":(\d+)$", server["ports"][0])[1], shared["HAUSDORFFD_ADMIN_PORT"]
    check(dict(image)["EXPOSE"].split() == [port, admin], "the ports of the image and of compose.yaml")
    for service in compose["services"].values():
        for other in service.get("depends_on", {}):
            check("healthcheck" in compose["services"][other], f"{other} is waited for and has no check")
        for one in service.get("configs", []):
            check(one["source"] in compose["configs"], f"there is no {one}")
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            check(os.path.isdir(f"{deploy}/{source}") if source.startswith(".") else source in compose["volumes"], f"there is no {source}")
    memory = int(values_of(server)["HAUSDORFFD_MAX_QUEUED_BYTES"]) + 4 * int(values_of(server)["HAUSDORFFD_MAX_BODY"]) + (512 << 20)
    check(server["mem_limit"] == "4g" and memory <= 4 << 30, "the memory that the server may take")
    scraped = yaml.safe_load(read(f"{deploy}/prometheus/prometheus.yml"))["scrape_configs"]
    check(scraped == [{"job_name": "hausdorffd", "static_configs": [{"targets": [f"{name}:{admin}" for name in ("server", "worker")]}]}], "what Prometheus asks")
    for content in compose["configs"].values():
        check("apiVersion" in yaml.safe_load(content["content"]), "what Grafana is given")
    for name, try_out in (("server", try_to_serve), ("worker", try_to_work)):
        values = values_of(compose["services"][name])
        try_out(program, shared | values, f"compose.yaml, {name}")


def check_systemd(program):
    text = read(f"{deploy}/hausdorffd.service")
    values = dict(re.findall(r"^Environment=(HAUSDORFFD_\w+)=(\S+)$", text, re.M))
    check(re.search(r"^ExecStart=(.*)$", text, re.M)[1] == "/usr/local/bin/hausdorffd serve", "what is started")
    check_variables(program, "serve", values, "hausdorffd.service")
    check(int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1]) == stop_seconds(values, "serve"), f"TimeoutStopSec is not {stop_seconds(values, 'serve')}")
    with tempfile.TemporaryDirectory() as folder:
        # The program is not where it will be.
        with open(f"{folder}/hausdorffd.service", "w") as file:
            file.write(text.replace("/usr/local/bin/hausdorffd", program))
        exits_well("systemd-analyze", "verify", "--man=no", f"{folder}/hausdorffd.service")
        exits_well("systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", f"{folder}/hausdorffd.service")
    try_to_serve(program, values, "hausdorffd.service")


def check_image(program):
    build, image = stages()
    packages = re.search(r"\$\(call install,([^)]*)\)", read(f"{repository}/Makefile").split("\nlibrary-packages:")[1])[1].split()
    install = next(argument for instruction, argument in build if instruction == "RUN")
    listed = re.search(r"--no-install-recommends ([^&]*)&&", install)[1].split()
    check(sorted(listed) == sorted(packages), f"the Dockerfile installs {sorted(set(listed) ^ set(packages))}, or does not, and the Makefile the other way round")
    runs = [argument for instruction, argument in build + image if instruction == "RUN"]
    for run in runs:
        check("apt-get" not in run or "rm -rf /var/lib/apt/lists/*" in run, "the lists of packages stay in a layer")
    command = next(argument for argument in runs if "swift build" in argument)
    check(re.search(r"swift build [^&]*", command)[0].strip() in read(f"{repository}/Makefile"), "the Makefile builds otherwise")
    values = dict(word.split("=", 1) for word in dict(image)["ENV"].split())
    check_variables(program, "serve", values, "Dockerfile")
    guide = read(f"{deploy}/README.md")
    check_flags(program, guide, "deploy/README.md")
    serve = {"HAUSDORFFD_" + name.upper().replace("-", "_") for command in ("serve", "work") for name in options(program, command)}
    for name in set(re.findall(r"HAUSDORFFD_[A-Z_]*[A-Z]", guide)):
        check(name in serve, f"deploy/README.md: there is no {name}")
    for path in re.findall(r"\]\(([^)#]+)\)", guide):
        check(path.startswith("http") or os.path.exists(f"{deploy}/{path}"), f"deploy/README.md: there is no {path}")


parts = {"kubernetes": check_kubernetes, "compose": check_compose, "systemd": check_systemd, "monitoring": check_monitoring, "image": check_image}
parts[sys.argv[2]](os.path.realpath(sys.argv[1]))
report()

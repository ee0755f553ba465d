"""The manifests of `deploy/kubernetes`: valid by the published schemas, and in agreement with themselves."""

import os
import re

import jsonschema
import kubernetes_validate
import yaml

from checks import check, check_variables, deploy, read, seconds, stop_seconds, try_to_serve, try_to_work
from kustomize import render

kubernetes = f"{deploy}/kubernetes"
# The fields of the Prometheus operator's ServiceMonitor that are used here, as its documentation has them.
service_monitor = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["endpoints", "selector"],
            "properties": {
                "jobLabel": {"type": "string"},
                "podTargetLabels": {"type": "array", "items": {"type": "string"}},
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchLabels": {"type": "object", "additionalProperties": {"type": "string"}}},
                },
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": "^[0-9]+s$"},
                            "scrapeTimeout": {"type": "string", "pattern": "^[0-9]+s$"},
                        },
                    },
                },
            },
        }
    },
}
# The oldest Kubernetes with all that is used, and the newest whose schemas are at hand.
versions = ("1.27", kubernetes_validate.latest_version())


class Objects:
    """All manifests, by kind and name."""

    def __init__(self, manifests):
        self.all = {(one["kind"], one["metadata"]["name"]): one for one in manifests}
        check(len(self.all) == len(manifests), "two manifests have one name")

    def of(self, *kinds):
        return [one for (kind, _), one in self.all.items() if kind in kinds]

    def has(self, kind, name, key=None):
        one = self.all.get((kind, name))
        return one is not None and (key is None or key in {**one.get("data", {}), **one.get("stringData", {})})

    def workloads(self):
        return self.of("Deployment", "StatefulSet")

    def selected(self, labels):
        """The workloads whose pods have these labels."""
        return [one for one in self.workloads() if labels.items() <= one["spec"]["template"]["metadata"]["labels"].items()]

    def environment(self, workload):
        """What its configuration maps set."""
        values = {}
        for source in container(workload).get("envFrom", []):
            if "configMapRef" in source:
                values |= self.all["ConfigMap", source["configMapRef"]["name"]]["data"]
        return values


def container(workload):
    """Its only one."""
    (one,) = workload["spec"]["template"]["spec"]["containers"]
    return one


def check_kubernetes(program):
    manifests = render(kubernetes, components=["postgres", "monitoring"])
    secrets = [one for path in ("secrets.yaml", "postgres/secrets.yaml") for one in yaml.safe_load_all(read(f"{kubernetes}/{path}"))]
    # A deployment has either store.
    chosen = manifests + [secrets[index] for index in (0, 1, 2)]
    check({one["metadata"]["name"] for one in secrets} == {"hausdorffd-store", "hausdorffd-tokens", "hausdorffd-postgres"}, "the secrets")
    for one in manifests + secrets:
        name = f"{one['kind']} {one['metadata']['name']}"
        for version in versions:
            try:
                if one["kind"] == "ServiceMonitor":
                    jsonschema.validate(one, service_monitor)
                else:
                    kubernetes_validate.validate(one, version, strict=True)
                check(True, name)
            except jsonschema.ValidationError as error:
                check(False, f"{name} is not valid in {version}: {error.message}")
        # A number or truth value would be refused.
        for key, value in {**one.get("data", {}), **one.get("stringData", {})}.items():
            check(isinstance(value, str), f"{name}: {key} is no text")
        check(one["kind"] == "Namespace" or one["metadata"]["namespace"] == "hausdorffd", f"{name} is in another namespace")
    objects = Objects(chosen)
    listed = {os.path.basename(path) for path in os.listdir(kubernetes)}
    check(listed == {"kustomization.yaml", "namespace.yaml", "data.yaml", "server.yaml", "worker.yaml", "network.yaml", "secrets.yaml", "server.env", "worker.env", "postgres", "monitoring"}, f"files that nothing speaks of: {listed}")
    for workload in objects.workloads():
        check_workload(objects, workload)
    check_selectors(objects)
    for name, command in (("server", "serve"), ("worker", "work")):
        workload = objects.all["Deployment", f"hausdorffd-{name}"]
        values = objects.environment(workload)
        check(container(workload)["args"] == [command], f"{name} does {container(workload)['args']}")
        # Also those that are only proposed.
        proposed = re.findall(r"HAUSDORFFD_[A-Z_]+(?==)", read(f"{kubernetes}/{name}.env"))
        check_variables(program, command, {*values, *proposed, "HAUSDORFFD_STORE"}, f"{name}.env")
        pod = workload["spec"]["template"]["spec"]
        hook = container(workload).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        check(pod["terminationGracePeriodSeconds"] == stop_seconds(values, command, hook), f"{name} has {pod['terminationGracePeriodSeconds']} s to end, not {stop_seconds(values, command, hook)}")
        ports = {port["name"]: port["containerPort"] for port in container(workload)["ports"]}
        check(ports["admin"] == int(values["HAUSDORFFD_ADMIN_PORT"]), f"{name}: the admin port")
        check(command == "work" or ports["http"] == int(values["HAUSDORFFD_PORT"]), f"{name}: the port")
        check_security(workload)
        mounts = [mount["mountPath"] for mount in container(workload)["volumeMounts"]]
        check(values["HAUSDORFFD_DATA"] in mounts, f"{name}: the data folder is not mounted")
        for variable in ("HAUSDORFFD_TOKENS", "HAUSDORFFD_TLS_CERTIFICATE"):
            for path in re.findall(rf"{variable}=(\S+)", read(f"{kubernetes}/{name}.env")):
                check(os.path.dirname(path) in mounts, f"{name}: {path} is not mounted")
    server = objects.environment(objects.all["Deployment", "hausdorffd-server"])
    check(seconds(server, "GRACE_PERIOD", 30) >= seconds(server, "REQUEST_DEADLINE", 60), "a request may take longer than the grace period")
    readiness = container(objects.all["Deployment", "hausdorffd-server"])["readinessProbe"]
    check(seconds(server, "DRAIN_DELAY", 0) >= readiness["periodSeconds"] * readiness["failureThreshold"], "the drain ends before the probe has failed")
    memory = int(server["HAUSDORFFD_MAX_QUEUED_BYTES"]) + 4 * int(server["HAUSDORFFD_MAX_BODY"]) + (512 << 20)
    check(container(objects.all["Deployment", "hausdorffd-server"])["resources"]["limits"] == {"cpu": "4", "memory": "4Gi"} and memory <= 4 << 30, "the memory that the server may take")
    try_to_serve(program, server, "server.env")
    try_to_work(program, objects.environment(objects.all["Deployment", "hausdorffd-worker"]), "worker.env")


def check_workload(objects, workload):
    """What a workload speaks of is there."""
    spec = workload["spec"]["template"]["spec"]
    own = container(workload)
    name = workload["metadata"]["name"]
    check(workload["spec"]["selector"]["matchLabels"].items() <= workload["spec"]["template"]["metadata"]["labels"].items(), f"{name} does not select its pods")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    claims = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for mount in own["volumeMounts"]}
    check(mounted == volumes.keys() | claims, f"{name}: volumes and mounts differ")
    for volume in volumes.values():
        if "secret" in volume:
            check(volume["secret"].get("optional") or objects.has("Secret", volume["secret"]["secretName"]), f"{name}: there is no secret for {volume['name']}")
        if "persistentVolumeClaim" in volume:
            claim = objects.all.get(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
            check(claim and claim["spec"]["accessModes"] == ["ReadWriteMany"], f"{name}: no claim that pods of several nodes share")
    for source in own.get("envFrom", []):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if key in source:
                check(objects.has(kind, source[key]["name"]), f"{name}: there is no {source[key]['name']}")
    for variable in own.get("env", []):
        if "valueFrom" in variable:
            reference = variable["valueFrom"]["secretKeyRef"]
            check(objects.has("Secret", reference["name"], reference["key"]), f"{name}: there is no {reference}")
    ports = {port["name"] for port in own["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if "httpGet" in own.get(probe, {}):
            check(own[probe]["httpGet"]["port"] in ports, f"{name}: the port of {probe}")
    check(bool(own["resources"]["requests"] and own["resources"]["limits"]), f"{name} has no limits")
    for spread in spec.get("topologySpreadConstraints", []):
        check(workload in objects.selected(spread["labelSelector"]["matchLabels"]), f"{name} spreads others")


def check_security(workload):
    """What the restricted profile and a careful platform ask for."""
    name = workload["metadata"]["name"]
    pod = workload["spec"]["template"]["spec"]
    own = container(workload)["securityContext"]
    check(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001 and pod["securityContext"]["fsGroup"] == 10001, f"{name}: the user")
    check(pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, f"{name}: seccomp")
    check(own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, f"{name}: its rights")
    check(pod["automountServiceAccountToken"] is False, f"{name} has a token of the cluster")
    check(pod["enableServiceLinks"] is False, f"{name}: the service would set HAUSDORFFD_PORT")


def check_selectors(objects):
    """Selectors find pods, and ports that are named are there."""
    for service in objects.of("Service"):
        name = service["metadata"]["name"]
        chosen = objects.selected(service["spec"]["selector"])
        check(bool(chosen), f"{name} leads nowhere")
        for port in service["spec"]["ports"]:
            for workload in chosen:
                check(port["targetPort"] in {own["name"] for own in container(workload)["ports"]}, f"{name}: {workload['metadata']['name']} has no port {port['targetPort']}")
    for budget in objects.of("PodDisruptionBudget"):
        check(len(objects.selected(budget["spec"]["selector"]["matchLabels"])) == 1, budget["metadata"]["name"])
    for scaler in objects.of("HorizontalPodAutoscaler"):
        target = objects.all.get((scaler["spec"]["scaleTargetRef"]["kind"], scaler["spec"]["scaleTargetRef"]["name"]))
        check(target and "replicas" not in target["spec"], "the scaler's target is missing, or says itself how many")
    for policy in objects.of("NetworkPolicy"):
        name = policy["metadata"]["name"]
        chosen = objects.selected(policy["spec"]["podSelector"]["matchLabels"])
        check(bool(chosen), f"{name} is about no pod")
        for rule in policy["spec"].get("ingress", []):
            for port in rule["ports"]:
                for workload in chosen:
                    check(port["port"] in {own["name"] for own in container(workload)["ports"]}, f"{name}: {workload['metadata']['name']} has no port {port['port']}")
            for peer in rule["from"]:
                labels = peer.get("podSelector", {}).get("matchLabels")
                check(labels is None or bool(objects.selected(labels)), f"{name} lets no pod in")
    for monitor in objects.of("ServiceMonitor"):
        labels = monitor["spec"]["selector"]["matchLabels"]
        chosen = [service for service in objects.of("Service") if labels.items() <= service["metadata"]["labels"].items()]
        check(len(chosen) == 1, "the monitor selects another service")
        for service in chosen:
            check(service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "hausdorffd", "the job of the metrics")
            for endpoint in monitor["spec"]["endpoints"]:
                check(endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}, "the monitor's port")
            # Servers and workers.
            check(len(objects.selected(service["spec"]["selector"])) == 2, "the monitor's pods")

"""Alerts and the dashboard: valid, and about series that a server exports."""

import json
import os
import re
import tempfile

import yaml

from checks import check, deploy, exits_well, read
from container import Program

suffixes = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


def exported(program):
    """What a server exports that has done some work: the labels of each series, by name; None where there is no series yet."""
    with tempfile.TemporaryDirectory() as folder, Program(program, "serve", {"HAUSDORFFD_DATA": folder}) as server:
        if not server.ready():
            check(False, f"no server with an admin port: {server.errors}")
            return {}
        pair = json.dumps({"y_true": [[0, 0], [0, 0]], "y_pred": [[1, 0], [1, 0]]})
        server.ask(server.port, "POST", "/v1/score", pair)
        server.ask(server.port, "POST", "/v1/loss", pair)
        status, text = server.ask(server.admin_port, "GET", "/metrics")
        check(status == 200, f"GET /metrics is answered {status}")
        if status != 200:
            return {}
    names = {name + suffix: None for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M) for suffix in suffixes[kind]}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        names[name] = (names.get(name) or set()) | set(re.findall(r'(\w+)="', labels))
    return names


# What Prometheus itself adds.
of_the_target = {"job", "instance"}


def check_expression(names, expression, where):
    """The series are exported, and have the labels that they are asked for."""
    quoted = re.sub(r'"[^"]*"', '""', expression)
    for name, matchers in re.findall(r"\b((?:hausdorffd|process)_\w+|up)\b(\{[^}]*\})?", quoted):
        check(name == "up" or name in names, f"{where}: {name} is not exported")
        labels = names.get(name)
        if labels is not None:
            for label in re.findall(r"(\w+)=", matchers):
                check(label in labels | of_the_target, f"{where}: {name} has no label {label}")
    grouped = {label for group in re.findall(r"\bby \(([^)]*)\)", quoted) for label in re.findall(r"\w+", group)}
    known = [names.get(name) for name in re.findall(r"\b(?:hausdorffd|process)_\w+", quoted)]
    if known and all(labels is not None for labels in known):
        for label in grouped:
            check(label in set().union(*known) | of_the_target, f"{where}: nothing has a label {label}")


def check_monitoring(program):
    rules = f"{deploy}/prometheus/hausdorffd.rules.yml"
    exits_well("promtool", "check", "config", f"{deploy}/prometheus/prometheus.yml")
    exits_well("promtool", "test", "rules", f"{os.path.dirname(__file__)}/alerts.yaml")
    tested = {one["alertname"] for test in yaml.safe_load(read(f"{os.path.dirname(__file__)}/alerts.yaml"))["tests"] for one in test["alert_rule_test"]}
    names = exported(program)
    alerts = [rule for group in yaml.safe_load(read(rules))["groups"] for rule in group["rules"]]
    for rule in alerts:
        check(rule["alert"] in tested, f"{rule['alert']} is not tested")
        check_expression(names, rule["expr"], rule["alert"])
    check_dashboard(names)


def check_dashboard(names):
    dashboard = json.loads(read(f"{deploy}/grafana/hausdorffd.json"))
    check(dashboard["uid"] == "hausdorffd" and dashboard["schemaVersion"] >= 39, "the dashboard's name")
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    check(variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus", "the data source is to be chosen")
    expressions = {}
    ids = [panel["id"] for panel in dashboard["panels"]]
    check(len(set(ids)) == len(ids), "two panels have one id")
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        fields = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        check(not taken & fields and place["x"] + place["w"] <= 24, f"{panel['title']} lies upon another")
        taken |= fields
        if panel["type"] == "row":
            continue
        check(panel["type"] in ("stat", "timeseries") and panel["datasource"]["uid"] == "${datasource}", f"{panel['title']}: its kind")
        check(len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), f"{panel['title']}: two targets have one name")
        for target in panel["targets"]:
            check(target["datasource"]["uid"] == "${datasource}", f"{panel['title']}: another source")
            expressions[f"{panel['title']}, {target['refId']}"] = target["expr"]
    for name, variable in variables.items():
        if variable["type"] == "query":
            query = variable["query"]["query"]
            expressions[f"variable {name}"] = re.fullmatch(r"label_values\((.*), \w+\)", query)[1]
    for where, expression in expressions.items():
        for name in re.findall(r"\$(\w+)", expression):
            check(name in variables or name == "__rate_interval", f"{where}: there is no ${name}")
        check_expression(names, expression, where)
    # As rules, which promtool can parse.
    plain = [re.sub(r"\$\w+", ".*", text.replace("$__rate_interval", "5m")) for text in expressions.values()]
    groups = {"groups": [{"name": "dashboard", "rules": [{"record": f"panel:{index}", "expr": text} for index, text in enumerate(plain)]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(groups, file)
        file.flush()
        exits_well("promtool", "check", "rules", file.name)

"""What operators ask for, as they see it: `production.py HAUSDORFFD access|ownership|limits|tls|cors|metrics|logs|readiness`.

Prints at the end how many things were not as they should be.
"""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

import jobs
from jobs import Server, expect

BINARY = sys.argv[1]
PAIR = bytes([1, 0, 0, 0, 0, 0, 0, 1])
SCORE = "/v1/score?shape=1,4&metrics=hausdorff"
RAW = {"Content-Type": "application/octet-stream"}


def tokens(folder, **accounts):
    """A file of tokens, and the tokens by the names they were asked for: name=(account, roles)."""
    made, lines = {}, []
    for name, (account, roles) in accounts.items():
        text = subprocess.run([BINARY, "token", account, roles], capture_output=True, text=True, check=True).stdout
        made[name] = {"Authorization": "Bearer " + re.search("token: (.*)", text)[1]}
        lines.append(re.search("line:  (.*)", text)[1])
    path = Path(folder) / "tokens"
    path.write_text("\n".join(lines) + "\n")
    return path, made


def eventually(condition, what):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.1)
    expect(False, what)


def admin_port(server):
    found = re.findall(r"health and metrics are on \S+ port (\d+)", Path(server.log.name).read_text())
    return int(found[-1])


def get(port, path, headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


# What each route takes: who may use it. Whatever is described must be in this table.
EVERYONE, ANY, SCORES, TRAINS, LOOKS, STATISTICS, INFERS = "everyone", "any", "score", "train", "look", "read", "infer"
GUARDS = {
    ("get", "/livez"): EVERYONE, ("get", "/readyz"): EVERYONE, ("get", "/healthz"): EVERYONE,
    ("get", "/openapi.yaml"): EVERYONE, ("get", "/v1/info"): ANY, ("get", "/metrics"): STATISTICS,
    ("post", "/v1/score"): SCORES, ("post", "/v1/loss"): SCORES,
    ("post", "/v1/datasets"): TRAINS, ("get", "/v1/datasets"): LOOKS, ("get", "/v1/datasets/{id}"): LOOKS,
    ("delete", "/v1/datasets/{id}"): TRAINS,
    ("post", "/v1/training-jobs"): TRAINS, ("get", "/v1/training-jobs"): LOOKS,
    ("get", "/v1/training-jobs/{id}"): LOOKS, ("delete", "/v1/training-jobs/{id}"): TRAINS,
    ("get", "/v1/training-jobs/{id}/epochs"): LOOKS, ("get", "/v1/training-jobs/{id}/events"): LOOKS,
    ("get", "/v1/training-jobs/{id}/log"): LOOKS, ("post", "/v1/training-jobs/{id}/cancel"): TRAINS,
    ("get", "/v1/training-jobs/{id}/model"): LOOKS, ("post", "/v1/training-jobs/{id}/predict"): TRAINS,
}


def guard(method, path):
    if path.startswith("/v2/health/"):
        return EVERYONE
    if path.startswith("/v2"):
        return INFERS if path.endswith("/infer") else STATISTICS if path.endswith("/stats") else ANY
    return GUARDS[method, path]


MAY = {
    EVERYONE: {"none", "wrong", "score", "train", "read", "admin"}, ANY: {"score", "train", "read", "admin"},
    SCORES: {"score", "admin"}, TRAINS: {"train", "admin"}, LOOKS: {"train", "read", "admin"},
    STATISTICS: {"read", "admin"}, INFERS: {"score", "train", "admin"},
}


def access(folder):
    """Each route with each role, with no token and with a wrong one."""
    path, made = tokens(folder, **{role: (role, role) for role in ["score", "train", "read", "admin"]})
    made["none"], made["wrong"] = {}, {"Authorization": "Bearer hausdorffd_" + "A" * 43}
    server = Server(folder, f"--tokens={path}", "--training-jobs=0")
    document = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())
    count = 0
    for template, item in document["paths"].items():
        for method in item:
            if method not in ("get", "post", "put", "delete"):
                continue
            may = MAY[guard(method, template)]
            target = re.sub(r"\{.*?\}", "0197f2a8-0000-7000-8000-000000000000", template)
            # One body suits every route well enough to get past the head.
            consumes = list(item[method].get("requestBody", {}).get("content", {"": 0}))
            headers = {"Content-Type": consumes[0]} if consumes[0] else {}
            for role, token in made.items():
                reply = server.ask(method.upper(), target, b"{}" if headers else None, {**headers, **token})
                refused = {"none": 401, "wrong": 401}.get(role, 403)
                if role in may:
                    expect(reply.status not in (401, 403), f"{method} {template} as {role}: {reply.status}")
                else:
                    expect(reply.status == refused, f"{method} {template} as {role}: {reply.status}, not {refused}")
                if reply.status == 401:
                    expect("Bearer" in (reply.headers["WWW-Authenticate"] or ""), f"{template}: no WWW-Authenticate")
                count += 1
    for header in ["", "Bearer", "Basic dXNlcjpwYXNz", "Bearer a b", "bearer " + made["score"]["Authorization"][7:]]:
        status = server.ask("POST", SCORE, PAIR, {**RAW, "Authorization": header}).status
        expect(status == (200 if header.startswith("bearer ") else 401), f"'{header[:10]}': {status}")
    # Another file: who is in it may, who is not any more may not.
    _, newer = tokens(folder, new=("new", "score"))
    expect(server.ask("POST", SCORE, PAIR, {**RAW, **newer["new"]}).status == 401, "a token before it was read")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.ask("POST", SCORE, PAIR, {**RAW, **newer["new"]}).status == 200, "a token after SIGHUP")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, **made["score"]}).status == 401, "a token that was taken out")
    told = lambda: Path(server.log.name).read_text().count("the tokens stay as they are")
    path.write_text("nonsense\n")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: told() == 1, "a bad file is told")
    path.unlink()
    os.mkfifo(path)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: told() == 2, "a pipe is told")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, **newer["new"]}).status == 200, "tokens stay where the file is bad")
    log = Path(server.log.name).read_text()
    for token in [*made.values(), *newer.values()]:
        if token:
            expect(token["Authorization"][7:] not in log, "a token is in the log")
    server.stop()
    for options in [["--require-tokens"], [f"--tokens={path}"], ["--tokens=/nowhere"]]:
        ended = subprocess.run([BINARY, "serve", "--port=0", f"--data={folder}/data", *options], capture_output=True)
        expect(ended.returncode != 0 and b"token" in ended.stderr, f"{options}: {ended}")
    open_to_all = Server(folder, "--host=0.0.0.0")
    expect("ANYONE WHO REACHES" in Path(open_to_all.log.name).read_text(), "no warning of a server without tokens")
    open_to_all.stop()
    print(f"{count} requests")


def ownership(folder):
    """Data sets and jobs are seen by their account and by admin."""
    path, made = tokens(
        folder, a=("a", "train"), a_reads=("a", "read"), b=("b", "train"), b_reads=("b", "read"), admin=("ops", "admin")
    )
    server = Server(folder, f"--tokens={path}", "--training-jobs=0", "--max-client-jobs=2")

    def ask(who, method, target, body=None, status=200, headers={}):
        return server.json(method, target, body, {**made[who], **headers}, status)

    sets = {
        who: ask(who, "POST", "/v1/datasets", {"synthetic": {"samples": 4, "size": 32}, "name": who}, 201)["id"]
        for who in ["a", "b", "admin"]
    }
    for who, seen in [("a", "a"), ("a_reads", "a"), ("b", "b"), ("b_reads", "b"), ("admin", "ab")]:
        names = {each["name"] for each in ask(who, "GET", "/v1/datasets")["datasets"]}
        expect(names >= set(seen) and ("b" in names) == ("b" in seen), f"{who} sees {names}")
    ask("b", "GET", f"/v1/datasets/{sets['a']}", status=404)
    ask("b", "DELETE", f"/v1/datasets/{sets['a']}", status=404)
    ask("admin", "GET", f"/v1/datasets/{sets['a']}")
    stolen = ask("b", "POST", "/v1/training-jobs", {"dataset": sets["a"]}, 422)
    expect("no data set of this id" in json.dumps(stolen), f"another's data set: {stolen}")
    # The same idempotency key of two accounts is two keys.
    key = {"Idempotency-Key": "same"}
    job = ask("a", "POST", "/v1/training-jobs", {"dataset": sets["a"], "epochs": 1}, 202, key)["id"]
    other = ask("b", "POST", "/v1/training-jobs", {"dataset": sets["b"], "epochs": 1}, 202, key)["id"]
    again = ask("a", "POST", "/v1/training-jobs", {"dataset": sets["a"], "epochs": 1}, 202, key)["id"]
    expect(job == again != other, "idempotency keys of accounts")
    for target in ["", "/epochs", "/log", "/events", "/model"]:
        ask("b", "GET", f"/v1/training-jobs/{job}{target}", status=404)
    for method, target in [("POST", "/cancel"), ("DELETE", ""), ("POST", "/predict")]:
        ask("b", method, f"/v1/training-jobs/{job}{target}", {} if target == "/predict" else None, status=404)
    for who, seen in [("a", {job}), ("a_reads", {job}), ("b", {other}), ("admin", {job, other})]:
        found = {each["id"] for each in ask(who, "GET", "/v1/training-jobs?state=queued")["jobs"]}
        expect(found == seen, f"{who} sees the jobs {found}")
    # Two that have not ended are as many as one may have, until one ends.
    ask("a", "POST", "/v1/training-jobs", {"dataset": sets["a"]}, 202)
    reply = server.ask("POST", "/v1/training-jobs", {"dataset": sets["a"]}, made["a"])
    expect(reply.status == 429 and reply.headers["Retry-After"], f"a third job: {reply.status}")
    ask("a", "POST", f"/v1/training-jobs/{job}/cancel")
    ask("a", "POST", "/v1/training-jobs", {"dataset": sets["a"]}, 202)
    ask("a", "DELETE", f"/v1/training-jobs/{job}", status=204)
    # Without tokens everyone sees all; what was made then belongs to nobody but admin.
    server.stop()
    server = Server(folder, "--training-jobs=0")
    free = server.json("POST", "/v1/datasets", {"synthetic": {"samples": 4, "size": 32}}, status=201)["id"]
    expect(len(server.json("GET", "/v1/datasets")["datasets"]) == 4, "all data sets")
    server.stop()
    server = Server(folder, f"--tokens={path}", "--training-jobs=0")
    ask("a", "GET", f"/v1/datasets/{free}", status=404)
    ask("admin", "GET", f"/v1/datasets/{free}")
    server.stop()


def limits(folder):
    """Rates, bytes and requests at once, per token and per address; what proxies say of addresses."""
    path, made = tokens(folder, a=("a", "score"), b=("b", "score"))
    slow = 0.01
    server = Server(folder, f"--tokens={path}", f"--rate-requests={slow}", "--trusted-proxies=127.0.0.0/8")

    def ask(token, address):
        reply = server.ask("POST", SCORE, PAIR, {**RAW, **made[token], "X-Forwarded-For": address})
        if reply.status == 429:
            expect(1 <= int(reply.headers["Retry-After"]) <= 100, f"Retry-After: {reply.headers['Retry-After']}")
        return reply.status

    expect(ask("a", "192.0.2.1") == 200, "the first request")
    expect(ask("b", "192.0.2.1") == 429, "a second one of the address")
    expect(ask("a", "192.0.2.2") == 429, "a second one of the token")
    expect(ask("b", "192.0.2.3") == 200, "another token from another address")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, "X-Forwarded-For": "192.0.2.4"}).status == 401, "no token")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, "X-Forwarded-For": "192.0.2.4"}).status == 429, "guessing tokens")
    for path_ in ["/livez", "/readyz", "/healthz"]:
        for _ in range(20):
            expect(server.ask("GET", path_).status == 200, f"{path_} is limited")
    server.stop()
    # An address that no proxy of ours vouches for is not believed.
    server = Server(folder, f"--rate-requests={slow}")
    statuses = [server.ask("POST", SCORE, PAIR, {**RAW, "X-Forwarded-For": f"192.0.2.{n}"}).status for n in range(3)]
    expect(statuses == [200, 429, 429], f"made-up addresses: {statuses}")
    server.stop()
    server = Server(folder, "--rate-bytes=1")
    statuses = [server.ask("POST", SCORE, PAIR, RAW).status for _ in range(3)]
    expect(statuses == [200, 200, 429], f"bytes: {statuses}")
    server.stop()
    # Who declares much and sends nothing pays nothing.
    server = Server(folder, "--rate-bytes=100", f"--tokens={path}")
    lie = socket.create_connection(("127.0.0.1", server.port))
    lie.sendall(b"POST /v1/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500000000000000\r\n\r\n")
    expect(lie.recv(100).startswith(b"HTTP/1.1 401"), "a lie without a token")
    eventually(lambda: server.ask("POST", SCORE, PAIR, {**RAW, **made["a"]}).status == 200, "what was not sent comes back")
    server.stop()
    # Unfinished bodies keep nobody else out: here two that hold on to their places.
    server = Server(folder, "--max-client-requests=2", "--trusted-proxies=127.0.0.1", "--body-deadline=86400", "--admin-port=0")
    held = []
    for _ in range(2):
        held.append(socket.create_connection(("127.0.0.1", server.port)))
        held[-1].sendall(b"POST /v1/training-jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n{")
    places = lambda: 'hausdorffd_queue_places{pool="training"} 2\n' in get(admin_port(server), "/metrics")[1]
    eventually(places, "two places")
    elsewhere = {"X-Forwarded-For": "192.0.2.10"}
    eventually(
        lambda: server.ask("GET", "/v1/training-jobs", headers={"X-Forwarded-For": "192.0.2.9"}).status == 429,
        "a third request at once",
    )
    expect(server.ask("GET", "/v1/training-jobs", headers=elsewhere).status == 200, "another address meanwhile")
    for each in held:
        each.close()
    eventually(
        lambda: server.ask("GET", "/v1/training-jobs", headers={"X-Forwarded-For": "192.0.2.9"}).status == 200,
        "places come back",
    )
    server.stop()


def certificate(folder, name, *, expired=False, subject="localhost"):
    """A certificate that vouches for itself, with its key."""
    files = [str(Path(folder) / f"{name}.{end}") for end in ["pem", "key"]]
    request = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}"]
    request += ["-addext", f"subjectAltName=DNS:{subject},IP:127.0.0.1", "-keyout", files[1]]
    sign = ["x509", "-req", "-key", files[1], "-copy_extensions", "copy", "-days", "-1" if expired else "30", "-out", files[0]]
    text = None
    for step in [request, sign]:
        done = subprocess.run(["openssl", *step], input=text, capture_output=True, text=True)
        expect(done.returncode == 0, f"openssl {step}: {done.stderr}")
        text = done.stdout
    return files


def shown(port):
    """The certificate that the server shows, PEM."""
    return ssl.get_server_certificate(("127.0.0.1", port))


def tls(folder):
    """A good certificate, a reloaded one, an expired one; bodies of all sizes; old versions; broken files."""
    good, key = certificate(folder, "good")
    newer, newer_key = certificate(folder, "newer")
    expired, expired_key = certificate(folder, "expired", expired=True)
    files = [str(Path(folder) / name) for name in ["in-use.pem", "in-use.key"]]

    def use(certificate, key):
        Path(files[0]).write_bytes(Path(certificate).read_bytes())
        Path(files[1]).write_bytes(Path(key).read_bytes())

    def connect(port, trusted, version=None):
        context = ssl.create_default_context(cafile=trusted)
        if version:
            context.minimum_version = context.maximum_version = version
        connection = http.client.HTTPSConnection("localhost", port, timeout=300, context=context)
        connection.connect()
        return connection

    def ask(connection, body=PAIR, target=SCORE):
        connection.request("POST", target, body, RAW)
        reply = connection.getresponse()
        return reply.status, reply.read()

    use(good, key)
    server = Server(folder, f"--tls-certificate={files[0]}", f"--tls-key={files[1]}", "--admin-port=0", "--max-body=4000000")
    connection = connect(server.port, good)
    expect(ask(connection)[0] == 200, "a score over TLS")
    # Bodies over many records, to a worker and back, on one connection.
    for size in [16, 100, 1000]:
        truth = bytes([1]) + bytes(size * size - 1)
        status, answer = ask(connection, truth + truth[::-1], f"/v1/score?shape={size},{size}&metrics=hausdorff,hausdorff_95")
        wanted = (2 * (size - 1) ** 2) ** 0.5
        expect(status == 200 and abs(json.loads(answer)["loss"] - wanted) < 1e-6, f"{size}: {answer[:100]}")
    status, answer = ask(connection, bytes(5_000_000), "/v1/score?shape=1,1")
    expect(status == 413, f"too long a body: {status} {answer[:100]}")
    chunked = connect(server.port, good)
    chunked.request("POST", SCORE, (bytes(65536) for _ in range(100)), RAW, encode_chunked=True)
    reply = chunked.getresponse()
    expect(reply.status == 413, f"too long a body in chunks: {reply.status}")
    for version, works in [(ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)]:
        try:
            expect(ask(connect(server.port, good, version))[0] == 200 and works, f"{version}")
        except (ssl.SSLError, OSError):
            expect(not works, f"{version} does not work")
    # Health and metrics are plain on their own port.
    expect(get(admin_port(server), "/readyz")[0] == 200, "health without TLS")
    plain = socket.create_connection(("127.0.0.1", server.port))
    plain.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    expect(not plain.recv(100).startswith(b"HTTP/1.1 200"), "HTTP on the TLS port")
    # Many connections at once, and such that leave in the middle.
    for _ in range(200):
        half = socket.create_connection(("127.0.0.1", server.port))
        half.sendall(bytes.fromhex("160301"))
        half.close()
    everyone = [connect(server.port, good) for _ in range(100)]
    for each in everyone:
        each.request("POST", SCORE, PAIR, RAW)
    expect(all(each.getresponse().status == 200 for each in everyone), "a hundred at once")
    # Open connections keep what they were shown, new ones see the new certificate.
    before = connect(server.port, good)
    expect(shown(server.port) == Path(good).read_text(), "the certificate is shown")
    use(newer, newer_key)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: shown(server.port) == Path(newer).read_text(), "the newer certificate is shown")
    expect(ask(before)[0] == 200, "a connection from before")
    expect(ask(connect(server.port, newer))[0] == 200, "a connection to the newer certificate")
    # Files that do not belong together, and no PEM: what is in use stays.
    for number, (bad, bad_key) in enumerate([(good, newer_key), (key, good), (files[1], "/dev/null")], 1):
        use(bad, bad_key)
        server.process.send_signal(signal.SIGHUP)
        told = lambda: Path(server.log.name).read_text().count("the certificate stays as it is") == number
        eventually(told, f"bad files {number} are told")
        expect(shown(server.port) == Path(newer).read_text(), "the certificate stays")
    use(expired, expired_key)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the certificate has expired" in Path(server.log.name).read_text(), "an expired one is told")
    try:
        connect(server.port, expired)
        expect(False, "an expired certificate is taken")
    except ssl.SSLCertVerificationError as error:
        expect("expired" in str(error), f"{error}")
    expiry = re.search(r"hausdorffd_tls_certificate_expiry_timestamp_seconds (\d+)", get(admin_port(server), "/metrics")[1])
    end = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", expired], capture_output=True, text=True, check=True).stdout
    seconds = ssl.cert_time_to_seconds(end.strip().partition("=")[2])
    expect(int(expiry[1]) == seconds, f"the metric of the expiry: {expiry and expiry[1]}, not {seconds}")
    server.stop()
    for options in [
        [f"--tls-certificate={good}"], [f"--tls-certificate={good}", f"--tls-key={newer_key}"],
        [f"--tls-certificate={good}", "--tls-key=/nowhere"],
    ]:
        ended = subprocess.run([BINARY, "serve", "--port=0", f"--data={folder}/data", *options], capture_output=True)
        expect(ended.returncode not in (0, -11, -6, -4) and ended.stderr, f"{options}: {ended}")


def cors(folder):
    """Web pages of other origins are let in where they are named."""
    page, other = {"Origin": "https://viewer.example"}, {"Origin": "https://other.example"}
    question = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    server = Server(folder)
    expect("Access-Control-Allow-Origin" not in server.ask("POST", SCORE, PAIR, {**RAW, **page}).headers, "CORS is off")
    server.stop()
    path, made = tokens(folder, a=("a", "score"))
    server = Server(folder, "--cors-origins=https://viewer.example,http://localhost:3000", f"--tokens={path}")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("OPTIONS", "/v1/score", headers=question)
    reply = connection.getresponse()
    reply.read()
    expect(reply.status == 204, f"preflight: {reply.status}")
    expect(reply.headers["Access-Control-Allow-Origin"] == "https://viewer.example", "preflight origin")
    expect("POST" in reply.headers["Access-Control-Allow-Methods"], "preflight methods")
    expect("authorization" in reply.headers["Access-Control-Allow-Headers"], "preflight headers")
    good = server.ask("POST", SCORE, PAIR, {**RAW, **page, **made["a"]})
    expect(good.status == 200 and good.headers["Access-Control-Allow-Origin"] == "https://viewer.example", "an answer")
    inference = server.ask("POST", "/v2/models/hausdorff/infer", b"{}", {**page, **made["a"]})
    expect(inference.status == 400 and inference.headers["Access-Control-Allow-Origin"], "a page may read an inference's refusal")
    connection.putrequest("OPTIONS", "/v1/score")
    for name, value in [*page.items(), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "")]:
        connection.putheader(name, value)
    connection.endheaders()
    reply = connection.getresponse()
    reply.read()
    expect(reply.status == 204, f"preflight without headers: {reply.status}")
    expect(good.headers["Vary"] == "Origin" and "Request-Id" in good.headers["Access-Control-Expose-Headers"], "exposed")
    refused = server.ask("POST", SCORE, PAIR, {**RAW, **page})
    expect(refused.status == 401 and refused.headers["Access-Control-Allow-Origin"], "a page may read a refusal")
    elsewhere = server.ask("POST", SCORE, PAIR, {**RAW, **other, **made["a"]})
    expect(elsewhere.status == 200 and "Access-Control-Allow-Origin" not in elsewhere.headers, "another origin")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, **made["a"]}).headers["Vary"] == "Origin", "caches know what answers vary with")
    server.stop()
    server = Server(folder, "--cors-origins=https://viewer.example", "--max-body=1000", "--body-deadline=1")
    late = http.client.HTTPConnection("127.0.0.1", server.port)
    late.request("POST", SCORE, b"1", {**RAW, **page, "Content-Length": "8", "Request-Id": "my-id"})
    reply = late.getresponse()
    expect(reply.status == 408 and reply.headers["Request-Id"] == "my-id" and reply.headers["Access-Control-Allow-Origin"], f"a page may read that it was late: {reply.status}")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", SCORE, (bytes(65536) for _ in range(100)), {**RAW, **page}, encode_chunked=True)
    reply = connection.getresponse()
    expect(reply.status == 413 and reply.headers["Access-Control-Allow-Origin"], f"a page may read a refusal in mid-body: {reply.status}")
    server.stop()
    server = Server(folder, "--cors-origins=*")
    expect(server.ask("POST", SCORE, PAIR, {**RAW, **other}).headers["Access-Control-Allow-Origin"] == "*", "any origin")
    server.stop()


def metrics(folder):
    """Figures that promtool takes, and that are true."""
    server = Server(folder, "--admin-port=0", "--max-requests=3", "--body-deadline=86400", "--workers=2")
    admin = admin_port(server)
    text = lambda: get(admin, "/metrics")[1]

    def value(name, **labels):
        for line in text().splitlines():
            if line.startswith(name) and not line.startswith("#"):
                found = dict(re.findall(r'(\w+)="(.*?)"', line))
                if re.match(name + r"[ {]", line) and found == labels:
                    return float(line.split()[-1])
        return None

    expect(server.ask("POST", SCORE, PAIR, RAW).status == 200, "a score")
    server.ask("POST", "/v1/score?shape=1,4&metrics=dice,hausdorff_95,hausdorff_33.3&convention=monai", PAIR, RAW)
    server.ask("POST", "/v1/score?shape=1,4", bytes(8), RAW)
    server.ask("POST", "/v1/loss?shape=1,4&dtype_pred=float32&losses=dice_loss&gradient=true", bytes(4 + 16), RAW)
    server.ask("POST", "/v1/score?shape=1,4", b"short", RAW)
    get(server.port, "/nothing")
    route = {"route": "/v1/score"}
    eventually(lambda: value("hausdorffd_http_requests_total", method="POST", status="422", **route) == 1, "a refusal")
    expect(value("hausdorffd_http_requests_total", method="POST", status="200", **route) == 3, "three scores")
    expect(value("hausdorffd_http_requests_total", method="GET", status="404", route="none") == 1, "no route")
    expect(value("hausdorffd_http_request_duration_seconds_count", method="POST", **route) == 4, "durations")
    expect(value("hausdorffd_http_received_bytes_total", **route) == 29, "bytes")
    expect(value("hausdorffd_items_scored_total", metric="hausdorff", convention="modified") == 1, "hausdorff")
    expect(value("hausdorffd_items_scored_total", metric="hausdorff_95", convention="monai") == 1, "hausdorff_95")
    # Clients do not make labels up.
    expect(value("hausdorffd_items_scored_total", metric="hausdorff_Q", convention="monai") == 1, "hausdorff_Q")
    expect("33.3" not in text(), "a percentile as a label")
    expect(value("hausdorffd_losses_total", loss="dice_loss") == 1, "a loss")
    expect(value("hausdorffd_empty_masks_total", side="both") == 2, "empty masks")
    expect(value("hausdorffd_queue_places_limit", pool="scoring") == 3, "places")
    expect(value("hausdorffd_workers", pool="scoring") == 2, "workers")
    expect(value("hausdorffd_ready") == 1, "ready")
    for state in ["queued", "running", "succeeded", "failed", "cancelled"]:
        expect(value("hausdorffd_jobs", state=state) is not None, f"jobs that are {state}")
    # What the HTTP library does not take for requests.
    for broken, status in [("GET / HTTP/1.1\r\nContent-Length: x", "400"), ("GET / HTTP/7.1\r\nHost: a", "505")]:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"{broken}\r\n\r\n".encode())
            expect(connection.recv(100).startswith(b"HTTP/1.1 " + status.encode()), f"{broken}")
        labels = {"method": "other", "status": status, "route": "none"}
        eventually(lambda: value("hausdorffd_http_requests_total", **labels) == 1, "what is no request")
    # All places taken by bodies that do not come.
    held = []
    for _ in range(3):
        held.append(socket.create_connection(("127.0.0.1", server.port)))
        held[-1].sendall(f"POST {SCORE} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 8\r\n\r\n".encode())
    eventually(lambda: value("hausdorffd_queue_places", pool="scoring") == 3, "three places")
    expect(server.ask("POST", SCORE, PAIR, RAW).status == 503, "no place")
    eventually(lambda: value("hausdorffd_refused_total", reason="full") == 1, "a refusal for want of room")
    expect(value("hausdorffd_http_active_requests") == 3, "active requests")
    for each in held:
        each.close()
    # Which of the two notices the end first, the HTTP library or the server, is chance.
    cut = lambda: sum(value("hausdorffd_http_requests_total", method="POST", status=each, **route) or 0 for each in ["400", "none"])
    eventually(lambda: cut() == 3, "cut bodies")
    eventually(lambda: value("hausdorffd_queue_places", pool="scoring") == 0, "places come back")
    # No room for the bytes.
    full = Server(folder, "--admin-port=0", "--max-queued-bytes=1000", "--body-deadline=86400", f"--data={folder}/full")
    lines = lambda: get(admin_port(full), "/metrics")[1].splitlines()
    holder = socket.create_connection(("127.0.0.1", full.port))
    holder.sendall(b"POST /v1/score?shape=1,450 HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 900\r\n\r\n" + bytes(899))
    eventually(lambda: 'hausdorffd_queue_bytes{pool="scoring"} 900' in lines(), "nine tenths are taken")
    expect(full.ask("POST", "/v1/score?shape=1,100", bytes(200), RAW).status == 503, "no room")
    expect('hausdorffd_refused_total{reason="memory"} 1' in lines(), "a refusal for want of memory")
    holder.close()
    full.stop()
    # A job: its state, its epochs, its speed while it runs.
    data = server.json("POST", "/v1/datasets", {"synthetic": {"samples": 8, "size": 32}}, status=201)["id"]
    job = server.json("POST", "/v1/training-jobs", {"dataset": data, "epochs": 3, "model": {"base_channels": 4, "levels": 2}}, status=202)["id"]
    server.wait(job, "succeeded")
    eventually(lambda: value("hausdorffd_jobs", state="succeeded") == 1, "a job that succeeded")
    eventually(lambda: value("hausdorffd_training_epoch_seconds_count") == 3, "its epochs")
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_threads"]:
        expect(value(name) > 0, name)
    expect(abs(value("process_start_time_seconds") - time.time()) < 3600, "the start time")
    expect(value("process_max_fds") >= value("process_open_fds"), "descriptors")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text(), capture_output=True, text=True)
    expect(checked.returncode == 0 and not checked.stdout + checked.stderr, f"promtool: {checked.stdout}{checked.stderr}")
    # Histograms grow with their bounds and end with the count.
    for name in ["hausdorffd_http_request_duration_seconds", "hausdorffd_queue_wait_seconds", "hausdorffd_training_epoch_seconds"]:
        series = {}
        for line in text().splitlines():
            if line.startswith(name + "_bucket"):
                labels = re.sub(r'(^|,)le="[^"]*"', "", re.search(r"{(.*)}", line)[1])
                series.setdefault(labels, []).append(float(line.split()[-1]))
        expect(series, f"no buckets of {name}")
        for labels, counts in series.items():
            expect(counts == sorted(counts), f"{name} {labels}: {counts}")
    expect(server.ask("GET", "/metrics").status == 404, "metrics on the main port")
    # What a job has recorded before this process saw it is not counted again.
    job = server.json("POST", "/v1/training-jobs", {"dataset": data, "epochs": 1000, "model": {"base_channels": 4, "levels": 2}}, status=202)["id"]
    epochs = lambda: server.json("GET", f"/v1/training-jobs/{job}")["epochs"]
    eventually(lambda: epochs() >= 30, "thirty epochs")
    server.stop()
    before = 30
    server = Server(folder, "--admin-port=0")
    admin = admin_port(server)
    eventually(lambda: value("hausdorffd_training_epoch_seconds_count"), "epochs that came since")
    server.json("POST", f"/v1/training-jobs/{job}/cancel", status=202)
    server.wait(job, "cancelled")
    eventually(lambda: value("hausdorffd_jobs", state="running") == 0, "no job runs")
    counted = value("hausdorffd_training_epoch_seconds_count")
    expect(0 < counted <= epochs() - before, f"{counted} epochs are counted of {epochs()}, {before} of which are old")
    server.stop()
    server = Server(folder)
    reply = server.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1"})
    expect(reply.status == 200 and reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", "one port")
    server.stop()


def logs(folder):
    """A JSON object a line with ids that go through; text for people; nothing secret."""
    path, made = tokens(folder, a=("team-a", "admin"))
    server = Server(folder, f"--tokens={path}", "--access-log=all", "--training-jobs=0")
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    ids = {"Request-Id": "my-id-1", "traceparent": f"00-{trace}-{span}-01"}
    secret = "c2VjcmV0LW1hc2s"
    server.ask("POST", SCORE + f"&secret={secret}", PAIR, {**RAW, **made["a"], **ids, "X-Secret": secret})
    body = json.dumps({"y_true": {"shape": [1, 9], "dtype": "uint8", "data": secret}, "y_pred": [[1]]})
    server.ask("POST", "/v1/score", body, {"Content-Type": "application/json", **made["a"]})
    data = server.json("POST", "/v1/datasets", {"synthetic": {"samples": 2, "size": 32}}, made["a"], 201)["id"]
    job = server.json("POST", "/v1/training-jobs", {"dataset": data}, {**made["a"], **ids}, 202)["id"]
    lines = lambda: Path(server.log.name).read_text().splitlines()
    eventually(lambda: sum('"message":"request"' in line for line in lines()) == 4, "a line a request")
    found = [json.loads(line) for line in lines()]
    first = next(line for line in found if line.get("request_id") == "my-id-1" and line.get("route") == "/v1/score")
    wanted = {
        "level": "info", "method": "POST", "path": "/v1/score", "status": 422, "received_bytes": 8, "client": "127.0.0.1",
        "account": "team-a", "trace_id": trace, "parent_id": span,
    }
    for key, value in wanted.items():
        expect(first.get(key) == value, f"{key}: {first.get(key)}, not {value}")
    expect(0 <= first["seconds"] < 300 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"]), f"{first}")
    accepted = next(line for line in found if line["message"] == "a job was accepted")
    expect(accepted["job"] == job and accepted["trace_id"] == trace and accepted["request_id"] == "my-id-1", f"{accepted}")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
        expect(connection.recv(100).startswith(b"HTTP/1.1 400"), "what is no request")
    unreadable = lambda: [json.loads(line) for line in lines() if '"message":"a request could not be read"' in line]
    eventually(unreadable, "what is no request is told")
    expect(unreadable()[0]["status"] == 400, f"{unreadable()}")
    text = "\n".join(lines())
    expect(secret not in text and made["a"]["Authorization"][7:] not in text, "a secret in the log")
    server.stop()
    for choice, count in [("none", 0), ("errors", 1)]:
        start = len(lines())
        server = Server(folder, f"--access-log={choice}")
        server.ask("POST", SCORE, PAIR, RAW)
        server.ask("POST", "/v1/score?shape=2", PAIR, RAW)
        server.stop()
        found = [line for line in lines()[start:] if '"message":"request"' in line]
        expect(len(found) == count, f"--access-log={choice}: {found}")
    server = Server(folder, "--access-log=all", "--trusted-proxies=127.0.0.1")
    for path in ["/livez", "/v1/info"]:
        server.ask("GET", path, headers={"X-Forwarded-For": "192.0.2.1"})
        eventually(lambda: f'"path":"{path}"' in lines()[-1], f"{path} is told")
        expect(json.loads(lines()[-1])["client"] == "192.0.2.1", f"the client of {path} behind a proxy: {lines()[-1]}")
    server.stop()
    start = len(lines())
    server = Server(folder, "--log-format=text")
    server.stop()
    expect(not any(line.startswith("{") for line in lines()[start:]) and lines()[start:], "text for people")


def readiness(folder):
    """Why a server is not ready; a second port that answers when the first cannot."""
    server = Server(folder, "--admin-port=0", "--max-connections=16", "--head-deadline=86400", "--drain-delay=86400")
    admin = admin_port(server)
    for path in ["/livez", "/readyz", "/healthz"]:
        expect(get(admin, path)[0] == 200, f"{path} on the admin port")
    for path in ["/v1/info", "/v1/score", "/openapi.yaml"]:
        expect(get(admin, path)[0] == 404, f"{path} on the admin port")
    # All connections of the first port are taken.
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    for path in ["/livez", "/readyz", "/metrics"]:
        expect(get(admin, path)[0] == 200, f"{path} while the first port is full")
    for each in held:
        each.close()
    verbose = get(admin, "/readyz?verbose")[1]
    for word in ["ready", "store: ", "disk: ", "requests being received, waiting or worked on: ", "workers: "]:
        expect(word in verbose, f"{word} is not in {verbose}")
    # A worker of the same data folder tells of itself, too.
    log = open(Path(folder) / "worker.log", "w")
    worker = subprocess.Popen([BINARY, "work", f"--data={folder}/data", "--admin-port=0"], stderr=log)
    told = lambda: re.search(r"health and metrics are on \S+ port (\d+)", Path(log.name).read_text())
    eventually(told, "the worker listens")
    its = int(told()[1])
    eventually(lambda: get(its, "/readyz")[0] == 200, "the worker is ready")
    eventually(lambda: 'hausdorffd_jobs{state="queued"} 0' in get(its, "/metrics")[1], "the worker counts jobs")
    expect(get(its, "/v1/info")[0] == 404, "a worker serves more than health and metrics")
    elsewhere = {"HAUSDORFFD_HOST": "127.0.0.2", "HAUSDORFFD_ADMIN_HOST": "127.0.0.1", "HAUSDORFFD_ADMIN_PORT": str(admin)}
    asked = subprocess.run([BINARY, "healthcheck"], env={**os.environ, **elsewhere}, capture_output=True)
    expect(asked.returncode == 0, f"healthcheck of an address of its own: {asked}")
    for port, path in [(its, "/readyz"), (admin, "/livez")]:
        command = [BINARY, "healthcheck", f"--path={path}"]
        asked = subprocess.run(command, env={**os.environ, "HAUSDORFFD_ADMIN_PORT": str(port)}, capture_output=True)
        expect(asked.returncode == 0, f"healthcheck of {path}: {asked}")
    worker.terminate()
    expect(worker.wait(300) == 0, f"the worker ends with {worker.returncode}")
    server.process.terminate()
    eventually(lambda: get(admin, "/readyz")[0] == 503, "ready while draining")
    asked = subprocess.run([BINARY, "healthcheck", f"--admin-port={admin}"], capture_output=True)
    expect(asked.returncode == 1 and b"503" in asked.stderr and b"draining" in asked.stderr, f"healthcheck tells the reason: {asked}")
    expect("draining" in get(admin, "/readyz")[1] and get(admin, "/livez")[0] == 200, "the reason is the drain")
    expect(server.ask("POST", SCORE, PAIR, RAW).status == 200, "requests are served meanwhile")
    server.process.kill()
    server.process.wait()
    # The store is gone.
    script, base = Path(__file__).parents[2] / "postgres.sh", f"{folder}/postgres"
    os.chmod(folder, 0o755)
    store = subprocess.run([script, "start", base], capture_output=True, text=True, check=True).stdout.strip()
    server = Server(folder, "--admin-port=0", f"--data={folder}/other", store=store)
    admin = admin_port(server)
    expect(get(admin, "/readyz")[0] == 200, "ready with its store")
    # It hangs, as on a disk that does, and comes back.
    postmaster = int(Path(base, "data", "postmaster.pid").read_text().split()[0])
    processes = [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    eventually(lambda: get(admin, "/readyz")[0] == 503, "ready while its store hangs")
    expect("does not answer" in get(admin, "/readyz")[1], "the reason is the store that hangs")
    for process in processes:
        os.kill(process, signal.SIGCONT)
    eventually(lambda: get(admin, "/readyz")[0] == 200, "ready again")
    subprocess.run([script, "stop", base], check=True)
    eventually(lambda: get(admin, "/readyz")[0] == 503, "ready without its store")
    expect("store" in get(admin, "/readyz")[1] and get(admin, "/livez")[0] == 200, "the reason is the store")
    expect("hausdorffd_ready 0\n" in get(admin, "/metrics")[1], "the metric says so")
    expect(server.ask("POST", SCORE, PAIR, RAW).status == 200, "scores need no store")
    server.stop()
    # An address that libpq cannot read is told without the password in it; SIGHUP ends nobody who waits for the store.
    ended = subprocess.run([BINARY, "serve", "--port=0", f"--data={folder}/none", "--store=postgres://a:secret%pw@b/c"], capture_output=True)
    expect(ended.returncode == 1 and b"percent" in ended.stderr and b"secret" not in ended.stderr, f"{ended}")
    with open(Path(folder) / "waiting.log", "w") as log:
        waiting = subprocess.Popen([BINARY, "serve", "--port=0", f"--data={folder}/none", f"--store=postgres:///x?host={folder}"], stderr=log)
    eventually(lambda: "waiting for the job store" in Path(log.name).read_text(), "the store is waited for")
    waiting.send_signal(signal.SIGHUP)
    waiting.send_signal(signal.SIGTERM)
    expect(waiting.wait(300) == 0, f"SIGHUP while the store is waited for: {waiting.returncode}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[2]](folder)
    print(len(jobs.differences), "differences")
    sys.exit(bool(jobs.differences))

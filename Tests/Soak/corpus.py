"""A well-formed request for every route and every kind of body."""

import json
from dataclasses import dataclass, field

from bodies import archive, blobs, form_request, json_type, npy, octets_type, scores


@dataclass
class Request:
    """A request before it is broken: all of it in bytes."""

    method: bytes
    target: bytes
    headers: list = field(default_factory=list)
    body: bytes = b""
    version: bytes = b"HTTP/1.1"

    def with_body(self, headers, body):
        """The same with a body and its length."""
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        return Request(
            self.method, self.target, [*self.headers, *named, (b"Content-Length", str(len(body)).encode())], body)


def requests(job, dataset):
    """One of each, in an order that is always the same; `job` and `dataset` are ids that there are."""
    host = [(b"Host", b"localhost:8080")]

    def get(target, *headers, method=b"GET"):
        return Request(method, target.encode(), host + list(headers))

    def post(target, headers, body):
        return Request(b"POST", target.encode(), host).with_body(headers, body)

    def json_post(target, value):
        return post(target, json_type, json.dumps(value).encode())

    def binary_inference(model, truth, prediction):
        arrays = {"y_true": (truth.astype("u1"), "UINT8"), "y_pred": (prediction, "FP32")}
        described = json.dumps({
            "inputs": [
                {"name": name, "shape": values.shape, "datatype": kind, "parameters": {"binary_data_size": values.nbytes}}
                for name, (values, kind) in arrays.items()],
            "outputs": [{"name": "loss"}, {"name": "gradient", "parameters": {"binary_data": True}}],
        }).encode()
        body = described + b"".join(values.tobytes() for values, _ in arrays.values())
        return post(f"/v2/models/{model}/infer", {"Inference-Header-Content-Length": str(len(described)), **octets_type}, body)

    truth, prediction = blobs(16, 4)
    pair = {"y_true": truth.astype(int).tolist(), "y_pred": (prediction * 0.75).tolist()}
    jobs, data_sets = f"/v1/training-jobs/{job}", f"/v1/datasets/{dataset}"
    return [
        *[get(path) for path in ("/livez", "/readyz?verbose", "/healthz", "/v1/info", "/openapi.yaml", "/metrics")],
        *[post(*request) for request in scores(truth, prediction).values()],
        Request(b"POST", b"/v1/score", [*host, (b"Accept", b"image/png")]).with_body(json_type, json.dumps(pair).encode()),
        json_post("/v1/score", {"pairs": [pair, pair], "convention": "all", "metrics": ["hausdorff", "hausdorff_95"]}),
        json_post("/v1/loss", {**pair, "losses": "hausdorff_dt:0.5,dice_loss", "gradient": True}),
        post("/v1/loss?shape=16,16&dtype_true=uint8&dtype_pred=float32&gradient=true", octets_type,
             truth.tobytes() + prediction.astype("<f4").tobytes()),
        post("/v1/loss", *form_request([("y_true", npy(truth)), ("y_pred", npy(prediction)), ("losses", "bce")])),
        *[get(f"/v2{path}") for path in ("", "/health/live", "/health/ready", "/models/stats", "/systemsharedmemory/status")],
        *[get(f"/v2/models/{model}") for model in ("dice", "bce/config", f"job-{job}", "hausdorff_99/versions/1/stats")],
        json_post("/v2/repository/index", {}),
        json_post("/v2/models/hausdorff_95/infer", {"id": "1", "parameters": {"spacing": [1, 2]}, "inputs": [
            {"name": name, "shape": [16, 16], "datatype": "UINT8", "data": values.astype(int).ravel().tolist()}
            for name, values in (("y_true", truth), ("y_pred", prediction))]}),
        binary_inference("dice_loss", truth, prediction.astype("<f4")),
        get("/v1/datasets?limit=2"),
        json_post("/v1/datasets", {"name": "made", "synthetic": {"samples": 2, "size": 16}}),
        post("/v1/datasets", *form_request([("file", archive(2, 16)), ("name", "sent")])),
        post("/v1/datasets?name=octets", octets_type, archive(2, 16)),
        get(data_sets),
        get(data_sets, method=b"DELETE"),
        get("/v1/training-jobs?state=queued&limit=2"),
        json_post("/v1/training-jobs", {"dataset": dataset, "epochs": 1}),
        Request(b"POST", b"/v1/training-jobs", [*host, (b"Idempotency-Key", b"k-1")]).with_body(
            json_type, json.dumps({"dataset": dataset}).encode()),
        get(jobs),
        get(jobs, method=b"DELETE"),
        get(jobs + "/cancel", (b"Content-Length", b"0"), method=b"POST"),
        get(jobs + "/epochs?limit=3"),
        get(jobs + "/events", (b"Last-Event-ID", b"1"), (b"Accept", b"text/event-stream")),
        get(jobs + "/log"),
        get(jobs + "/model?format=onnx", (b"Range", b"bytes=0-99"), (b"If-None-Match", b'"x"')),
        json_post(jobs + "/predict", {"image": [[0.1, 0.9], [0.2, 0.8]], "output": "mask"}),
        post(jobs + "/predict?shape=16,16&dtype=float32", octets_type, prediction.astype("<f4").tobytes()),
        get("/v2/models/average_hausdorff"),
        get("/livez", method=b"OPTIONS"),
        get("/v1/info", method=b"HEAD"),
    ]

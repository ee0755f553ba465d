"""The Open Inference Protocol, asked by Triton's clients, by KServe's, and by plain HTTP: `inference.py HAUSDORFFD`.

Scores are compared with those of /v1/score, losses with those of /v1/loss, predictions with /predict. Prints at the end how many things were not as they should be.
"""
import asyncio
import base64
import gzip
import http.client
import json
import sys
import tempfile
import zlib

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from client import Client, encoded
from jobs import Server, differences, discs, expect, npz, spec

METRICS = ("average_hausdorff", "hausdorff", "hausdorff_95", "hausdorff_97.5_pred_to_true", "average_surface_distance",
           "mean_average_surface_distance", "balanced_average_hausdorff", "dice", "iou")
LOSSES = ("soft_hausdorff", "soft_average_hausdorff", "hausdorff_dt", "hausdorff_er", "boundary", "dice_loss", "bce", "focal")
# NumPy's names of all types that may be sent.
TYPES = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
random = np.random.default_rng(7)


def masks(shape=(2, 40, 50)):
    """A true mask, and probabilities that are about as large."""
    truth = np.zeros(shape, np.uint8)
    truth[..., 8:25, 10:31] = 1
    prediction = random.uniform(0, 0.4, shape).astype(np.float32)
    prediction[..., 10:29, 8:30] += 0.5
    return truth, prediction


def tensor(name, array, binary=True):
    """A tensor of Triton's client."""
    found = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    found.set_data_from_numpy(array, binary_data=binary)
    return found


def pair(truth, prediction, binary=(True, True)):
    return [tensor("y_true", truth, binary[0]), tensor("y_pred", prediction, binary[1])]


def refused(ask, words, what):
    """That the server refuses, and says why in its own words."""
    try:
        ask()
    except InferenceServerException as error:
        return expect(all(word in error.message() for word in words), f"{what}: {error}")
    expect(False, f"{what}: not refused")


def as_loss(client, truth, prediction, **options):
    """What /v1/loss answers: the loss and its gradient."""
    body = {"y_true": encoded(truth), "y_pred": encoded(prediction), "gradient": True, **options}
    status, _, answer = client.ask("POST", "/v1/loss", json.dumps(body), {"Content-Type": "application/json"})
    assert status == 200, answer
    answer = json.loads(answer)
    gradient = np.frombuffer(base64.b64decode(answer["gradient"]["data"]), np.float32)
    return answer, gradient.reshape(answer["gradient"]["shape"])


def server_and_models(client):
    """What the server and its models tell of themselves."""
    expect(client.is_server_live() and client.is_server_ready(), "live and ready")
    found = client.get_server_metadata()
    expect(found["name"] == "hausdorffd" and "binary_tensor_data" in found["extensions"], f"server: {found}")
    index = client.get_model_repository_index()
    names = {model["name"] for model in index}
    expect(set(METRICS) - {"hausdorff_97.5_pred_to_true"} | set(LOSSES) <= names, f"index: {names}")
    expect(all(model["state"] == "READY" and model["version"] == "1" for model in index), "their states")
    for name in [*names, "hausdorff_12.5"]:
        expect(client.is_model_ready(name) and client.is_model_ready(name, "1"), f"{name} is ready")
        metadata, config = client.get_model_metadata(name, "1"), client.get_model_config(name)
        expect(metadata == client.get_model_metadata(name), f"{name}: metadata of its version")
        expect(metadata["name"] == config["name"] == name and metadata["versions"] == ["1"], f"{name}: {metadata}")
        expect([one["name"] for one in metadata["inputs"]] == ["y_true", "y_pred"], f"{name}: {metadata}")
        outputs = ["loss", "gradient"] if name in LOSSES else ["loss"]
        expect([one["name"] for one in metadata["outputs"]] == outputs, f"{name}: {metadata}")
        expect(config["max_batch_size"] == 0, f"{name}: {config}")
        for told, configured in (("inputs", "input"), ("outputs", "output")):
            expect([(one["name"], "TYPE_" + one["datatype"], one["shape"]) for one in metadata[told]]
                   == [(one["name"], one["data_type"], one["dims"]) for one in config[configured]], f"{name}: {config}")
    for name, version in (("hausdorff_101", ""), ("nothing", ""), ("job-nothing", ""), ("dice", "2")):
        expect(not client.is_model_ready(name, version), f"{name} is not ready")
        for ask in (client.get_model_metadata, client.get_model_config, client.get_inference_statistics):
            refused(lambda: ask(name, version), ["unknown model", name], f"{ask.__name__} of {name}")
        refused(lambda: client.infer(name, pair(*masks()), version), ["unknown model", name], f"inference by {name}")


def unsupported(client):
    for ask in (lambda: client.load_model("dice"), lambda: client.unload_model("dice"),
                client.get_system_shared_memory_status, lambda: client.get_system_shared_memory_status("a"),
                lambda: client.register_system_shared_memory("a", "/a", 8), client.unregister_system_shared_memory,
                lambda: client.unregister_system_shared_memory("a"), client.get_cuda_shared_memory_status,
                lambda: client.get_cuda_shared_memory_status("a"), lambda: client.register_cuda_shared_memory("a", b"a", 0, 8),
                client.unregister_cuda_shared_memory, lambda: client.unregister_cuda_shared_memory("a"),
                client.get_trace_settings, lambda: client.get_trace_settings("dice"), lambda: client.update_trace_settings(settings={"trace_rate": "1"}),
                client.get_log_settings, lambda: client.update_log_settings({"log_info": True})):
        refused(ask, ["not supported"], "what is not supported")
    truth, prediction = masks()
    shared = pair(truth, prediction)
    shared[1].set_shared_memory("a", prediction.nbytes)
    refused(lambda: client.infer("dice", shared), ["/inputs/1/parameters/shared_memory", "not supported"], "a tensor in shared memory")
    output = triton.InferRequestedOutput("loss", class_count=2)
    refused(lambda: client.infer("dice", pair(truth, prediction), outputs=[output]), ["classification", "not supported"], "classes")


def scores(client, plain):
    """Metrics, in all forms that tensors may have."""
    truth, prediction = masks()
    for name in METRICS:
        expected = plain.raw(truth, prediction, metrics=name)["loss"]
        for binary in ((True, True), (False, False), (True, False), (False, True)):
            result = client.infer(name, pair(truth, prediction, binary))
            loss = result.as_numpy("loss")
            expect(loss.dtype == np.float64 and loss.shape == (1,) and loss[0] == expected, f"{name} {binary}: {loss}, not {expected}")
        expect("parameters" in result.get_output("loss"), f"{name}: as bytes where nothing is said")
        expect(result.get_response()["model_name"] == name and result.get_response()["model_version"] == "1", f"{name}: its name")
    for dtype in TYPES:
        for other in (np.uint8, np.float32):
            given = (prediction if dtype.startswith("float") else prediction > 0.5).astype(dtype)
            expected = plain.raw(truth.astype(other), given, metrics="hausdorff_95")["loss"]
            for binary in (True, False):
                loss = client.infer("hausdorff_95", pair(truth.astype(other), given, (True, binary))).as_numpy("loss")
                expect(loss[0] == expected, f"{dtype} as {'bytes' if binary else 'JSON'}: {loss}, not {expected}")
    # Sooner answered than handed to a worker, or too large for that; and what is decoded to more than a body may be.
    for shape in ((1, 40, 50), (3, 300, 400)):
        truth, prediction = masks(shape)
        for binary in ((True, True), (False, True)):
            loss = client.infer("hausdorff", pair(truth, prediction, binary)).as_numpy("loss")
            expect(loss[0] == plain.raw(truth, prediction, metrics="hausdorff")["loss"], f"{shape}: {loss}")


def options(client, plain):
    """Parameters, and what is told of empty masks."""
    truth, prediction = masks()
    for given, same in (({"spacing": "0.5,2", "distance": "manhattan"}, {"spacing": [0.5, 2], "distance": "manhattan"}),
                        ({"threshold": 0.7, "reduction": "sum"}, {"threshold": 0.7, "reduction": "sum"}),
                        ({"threshold": "0.7"}, {"threshold": 0.7}), ({"layout": "DHW"}, {"layout": "DHW"}),
                        ({"convention": "monai"}, {"convention": "monai"}), ({"spacing": [3, 1]}, {"spacing": [3, 1]})):
        name = "hausdorff" if "convention" in given else "average_hausdorff"
        loss = client.infer(name, pair(truth, prediction), parameters=given).as_numpy("loss")
        expect(loss[0] == plain.raw(truth, prediction, metrics=name, **same)["loss"], f"{given}: {loss}")
    loss = client.infer("dice", pair(truth, prediction), parameters={"reduction": "none"}).as_numpy("loss")
    expect([{"dice": value, "empty": None} for value in loss] == plain.raw(truth, prediction, metrics="dice", reduction="none")["items"], f"items: {loss}")
    loss = client.infer("surface_dice", pair(truth, prediction), parameters={"tolerance": 1.5}).as_numpy("loss")
    expect(loss[0] == plain.raw(truth, prediction, metrics="surface_dice", tolerance=1.5)["loss"], f"surface_dice: {loss}")
    labels = truth + truth[..., ::-1, :]
    for wanted in ("1,2", "all"):
        loss = client.infer("iou", pair(truth, labels), parameters={"labels": wanted, "empty": "diagonal"}).as_numpy("loss")
        expect(loss[0] == plain.raw(truth, labels, metrics="iou", labels=wanted, empty="diagonal")["loss"], f"labels {wanted}: {loss}")
    # Triton's own mean nothing here.
    result = client.infer("dice", pair(truth, prediction), request_id="my request", sequence_id=3, sequence_start=True, priority=2, timeout=5)
    expect(result.get_response()["id"] == "my request", "an id is given back")
    expect("id" not in client.infer("dice", pair(truth, prediction)).get_response(), "no id is made up")
    nothing = np.zeros_like(prediction)
    for policy, expected in (("infinity", np.inf), ("nan", np.nan), ("zero", 0)):
        for binary in (True, False):
            output = triton.InferRequestedOutput("loss", binary_data=binary)
            result = client.infer("hausdorff", pair(truth, nothing), outputs=[output], parameters={"empty": policy})
            expect(np.array_equal(result.as_numpy("loss"), [expected], equal_nan=True), f"empty={policy}: {result.get_response()}")
            told = result.get_response()["parameters"]
            expect(told["empty_prediction"] == 2 and f"empty={policy}" in told["warnings"], f"empty masks are told: {told}")
    for given, words in (({"nonsense": 1}, ["/parameters/nonsense", "is not an option"]), ({"metrics": "dice"}, ["/parameters/metrics"]),
                         ({"alpha": 1}, ["/parameters/alpha"]), ({"convention": "all"}, ["/parameters/convention", "'all'"]),
                         ({"convention": "itk"}, ["not in convention itk"]), ({"empty": "error"}, ["y_pred", "no foreground"]),
                         ({"threshold": "high"}, ["/parameters/threshold", "number"]), ({"spacing": "1,1,1"}, ["/parameters/spacing"]),
                         ({"layout": "HWD"}, ["/parameters/layout"]), ({"slice": 1}, ["/parameters/slice"])):
        refused(lambda: client.infer("dice", pair(truth, nothing), parameters=given), words, f"{given}")
    refused(lambda: client.infer("surface_dice", pair(truth, prediction)), ["/parameters/tolerance", "missing"], "no tolerance")
    refused(lambda: client.infer("dice", pair(truth, prediction[..., 1:])), ["y_pred", "[2, 40, 49]", "[2, 40, 50]"], "other shapes")
    refused(lambda: client.infer("dice", pair(truth[0, 0], prediction[0, 0])), ["y_pred", "1 axes"], "one axis")
    wrong = prediction.copy()
    wrong[1, 2, 3] = np.nan
    refused(lambda: client.infer("dice", pair(truth, wrong)), ["y_pred", "[1, 2, 3]", "NaN"], "NaN as bytes")
    refused(lambda: client.infer("dice", pair(truth, wrong, (True, False))), ["/inputs/1/data", "NaN"], "NaN as JSON")
    refused(lambda: client.infer("dice", [tensor("y_true", truth)]), ["/inputs", "y_pred"], "one array")
    refused(lambda: client.infer("dice", [*pair(truth, prediction), tensor("mask", truth)]), ["/inputs/2", "mask"], "an array too many")
    refused(lambda: client.infer("dice", pair(np.array([["a"]], object), truth)), ["/inputs/0/datatype", "BYTES"], "texts")


def losses(client, plain):
    """Losses and gradients, in all forms that these may have."""
    truth, prediction = masks()
    for name in LOSSES:
        answer, expected = as_loss(plain, truth, prediction, losses=name)
        # The JSON text before it has any length, so a tensor of float32 may lie anywhere.
        for request_id in ("", "1", "12", "123"):
            result = client.infer(name, pair(truth, prediction), request_id=request_id)
            loss, gradient = result.as_numpy("loss"), result.as_numpy("gradient")
            expect(abs(loss[0] - answer["loss"]) <= 1e-6 * abs(answer["loss"]), f"{name}: {loss}, not {answer['loss']}")
            expect(gradient.dtype == np.float32 and np.allclose(gradient, expected, 1e-4, 1e-9), f"{name}: its gradient")
        text = client.infer(name, pair(truth, prediction, (False, False)), outputs=[triton.InferRequestedOutput(one, binary_data=False) for one in ("gradient", "loss")])
        expect([one["name"] for one in text.get_response()["outputs"]] == ["gradient", "loss"], f"{name}: outputs in the order asked for")
        expect(np.allclose(text.as_numpy("gradient"), expected, 1e-4, 1e-9), f"{name}: its gradient as JSON")
        mixed = client.infer(name, pair(truth, prediction), outputs=[triton.InferRequestedOutput("loss", binary_data=False), triton.InferRequestedOutput("gradient")])
        expect("data" in mixed.get_output("loss") and "data" not in mixed.get_output("gradient"), f"{name}: JSON and bytes")
        expect(np.array_equal(mixed.as_numpy("gradient"), gradient), f"{name}: its gradient beside JSON")
        alone = client.infer(name, pair(truth, prediction), outputs=[triton.InferRequestedOutput("loss")])
        expect(alone.as_numpy("gradient") is None and abs(alone.as_numpy("loss")[0] - loss[0]) <= 1e-6 * abs(loss[0]), f"{name}: only the loss")
        alone = client.infer(name, pair(truth, prediction), outputs=[triton.InferRequestedOutput("gradient")])
        expect(alone.as_numpy("loss") is None and np.array_equal(alone.as_numpy("gradient"), gradient), f"{name}: only the gradient")
    for name, given in (("hausdorff_dt", {"alpha": 1.5, "one_sided": True, "log": True}), ("hausdorff_er", {"iterations": 3, "alpha": 1}),
                        ("focal", {"gamma": 1.5, "balance": 0.25}), ("soft_hausdorff", {"alpha": 1})):
        answer, expected = as_loss(plain, truth, prediction, losses=[{"name": name, **given}])
        result = client.infer(name, pair(truth, prediction), parameters=given)
        expect(np.isclose(result.as_numpy("loss")[0], answer["loss"], 1e-6), f"{name} {given}: {result.as_numpy('loss')}, not {answer['loss']}")
        expect(np.allclose(result.as_numpy("gradient"), expected, 1e-4, 1e-9), f"{name} {given}: its gradient")
    logits = random.normal(0, 2, (2, 30, 30, 3)).astype(np.float32)
    classes = random.integers(0, 3, (2, 30, 30)).astype(np.int64)
    answer, expected = as_loss(plain, classes, logits, losses="dice_loss", from_logits=True, background=True, reduction="sum")
    result = client.infer("dice_loss", pair(classes, logits), parameters={"from_logits": True, "background": "true", "reduction": "sum"})
    expect(np.isclose(result.as_numpy("loss")[0], answer["loss"], 1e-6) and np.allclose(result.as_numpy("gradient"), expected, 1e-4, 1e-9), "logits of classes")
    items = client.infer("bce", pair(truth, prediction), parameters={"reduction": "none"}).as_numpy("loss")
    answer, _ = as_loss(plain, truth, prediction, losses="bce", reduction="none")
    expect(np.allclose(items, [item["bce"] for item in answer["items"]], 1e-6), f"a loss for each item: {items}")
    expect(client.infer("bce", pair(truth, prediction), parameters={"gradient": False}).as_numpy("gradient") is None, "gradient=false")
    result = client.infer("soft_hausdorff", pair(truth, prediction), parameters={"binarize": True})
    expect(result.as_numpy("gradient") is None and result.as_numpy("loss").shape == (1,), "no gradient where there is none")
    gradient = [triton.InferRequestedOutput("gradient")]
    refused(lambda: client.infer("soft_hausdorff", pair(truth, prediction), outputs=gradient, parameters={"binarize": True}), ["binarize", "gradient"], "a gradient where there is none")
    refused(lambda: client.infer("bce", pair(truth, prediction), outputs=gradient, parameters={"gradient": False}), ["/parameters/gradient"], "a gradient and none")
    refused(lambda: client.infer("dice", pair(truth, prediction), outputs=gradient), ["/outputs/0", "gradient"], "the gradient of a metric")
    refused(lambda: client.infer("bce", pair(truth, prediction), parameters={"losses": "bce"}), ["/parameters/losses"], "another loss")
    refused(lambda: client.infer("bce", pair(truth, prediction), parameters={"alpha": 1}), ["/parameters/alpha"], "an option of another loss")
    refused(lambda: client.infer("bce", pair(truth, 3 * prediction)), ["y_pred", "probability"], "no probabilities")


def packed(client):
    """Bodies and answers with a content coding."""
    truth, prediction = masks()
    plain = client.infer("dice_loss", pair(truth, prediction))
    for there in (None, "gzip", "deflate"):
        for back in (None, "gzip", "deflate"):
            for binary in (True, False):
                outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("loss", "gradient")]
                result = client.infer("dice_loss", pair(truth, prediction, (binary, True)), outputs=outputs, request_compression_algorithm=there, response_compression_algorithm=back)
                expect(np.array_equal(result.as_numpy("gradient"), plain.as_numpy("gradient")), f"{there} there, {back} back, bytes {binary}")
        loss = client.infer("iou", pair(truth, prediction), request_compression_algorithm=there, response_compression_algorithm="gzip").as_numpy("loss")
        expect(loss.shape == (1,), f"a metric, {there} there, gzip back")


def statistics(client):
    """Figures of a model that nothing else asks for."""
    def figures():
        found = client.get_inference_statistics("hausdorff_33")["model_stats"]
        expect(len(found) == 1 and found[0]["name"] == "hausdorff_33" and found[0]["version"] == "1", f"of one model: {found}")
        return found[0]

    expect(figures()["inference_count"] == 0 and figures()["last_inference"] == 0, "nothing yet")
    small, large = masks((1, 20, 40)), masks((4, 200, 200))
    for _ in range(3):
        client.infer("hausdorff_33", pair(*small))
        client.infer("hausdorff_33", pair(*large), model_version="1")
    for _ in range(2):
        refused(lambda: client.infer("hausdorff_33", pair(small[0], large[1])), ["y_pred"], "what fails")
    found = figures()
    stats = found["inference_stats"]
    expect(found["inference_count"] == found["execution_count"] == 6 and found["last_inference"] > 1e12, f"counts: {found}")
    phases = ("queue", "compute_input", "compute_infer", "compute_output")
    expect(all(stats[name]["count"] == 6 for name in ("success", *phases)) and stats["fail"]["count"] == 2, f"counts: {stats}")
    expect(stats["success"]["ns"] >= sum(stats[name]["ns"] for name in phases) > 0 and stats["fail"]["ns"] > 0, f"times: {stats}")
    expect(stats["compute_infer"]["ns"] > 6000, f"scoring takes time: {stats}")
    batch = found["batch_stats"]
    expect(len(batch) == 1 and batch[0]["batch_size"] == 1 and batch[0]["compute_infer"] == stats["compute_infer"], f"of batches: {batch}")
    everything = {one["name"]: one for one in client.get_inference_statistics()["model_stats"]}
    expect(everything["hausdorff_33"] == found and set(LOSSES) <= set(everything), "of all models")


def trained(server, client):
    """The model of a training job."""
    images, truths = discs(12)
    data = server.json("POST", "/v1/datasets", npz(images, truths), {"Content-Type": "application/octet-stream"}, 201)
    waiting = server.json("POST", "/v1/training-jobs", {"dataset": data["id"], **spec, "epochs": 1, "input_size": [48, 56]}, status=202)
    job = server.wait(waiting["id"], "succeeded")["id"]
    name = f"job-{job}"
    expect(name in {model["name"] for model in client.get_model_repository_index()}, "a job is in the index")
    expect(client.is_model_ready(name) and client.is_model_ready(name, "1"), "a job's model is ready")
    metadata = client.get_model_metadata(name)
    expect(metadata["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, -1]}], f"a job's model: {metadata}")
    expect(metadata["outputs"] == [{"name": "probability", "datatype": "FP32", "shape": [-1, -1]}], f"a job's model: {metadata}")
    expect(client.get_model_config(name)["input"][0]["data_type"] == "TYPE_FP32", "a job's configuration")
    octets = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
    image = images[3].astype(np.float32)
    raw = server.ask("POST", f"/v1/training-jobs/{job}/predict?shape=48,56&dtype=float32", image.tobytes(), octets)
    expected = np.frombuffer(raw.data, np.float32).reshape(48, 56)
    for given in (image, images[3], image.astype(np.float64), image[..., None], image[None]):
        for binary in (True, False):
            for coding in (None, "gzip"):
                output = triton.InferRequestedOutput("probability", binary_data=binary)
                result = client.infer(name, [tensor("image", given, binary)], outputs=[output], request_compression_algorithm=coding, response_compression_algorithm=coding)
                expect(np.array_equal(result.as_numpy("probability"), expected), f"{given.dtype} {given.shape}, bytes {binary}: as /predict")
    for query, body in (("", image), ("?shape=48,56&datatype=FP32", image), ("?datatype=UINT8", images[3])):
        reply = server.ask("POST", f"/v2/models/{name}/infer{query}", body.tobytes(), {"Inference-Header-Content-Length": "0"})
        length = int(reply.headers["Inference-Header-Content-Length"])
        found = json.loads(reply.data[:length])
        expect(found["outputs"][0]["parameters"] == {"binary_data_size": 4 * 48 * 56}, f"a raw body: {found}")
        expect(reply.data[length:] == expected.tobytes(), f"a raw body{query}: as /predict")
    for query, words in (("?shape=1,2", "48"), ("?datatype=BYTES", "datatype"), ("?nonsense=1", "nonsense"), ("?shape=48,57", "shape")):
        error = server.json("POST", f"/v2/models/{name}/infer{query}", image.tobytes(), {"Inference-Header-Content-Length": "0"}, 422)["error"]
        expect(words in error or "shape" in error, f"a raw body{query}: {error}")
    refused(lambda: client.infer(name, [tensor("image", np.zeros((4, 4, 3, 2), np.uint8))]), ["image", "[4, 4, 3, 2]"], "no image")
    refused(lambda: client.infer(name, [tensor("image", np.full((9, 9), np.inf, np.float32))]), ["image", "finite"], "infinite")
    refused(lambda: client.infer(name, [tensor("picture", image)]), ["/inputs/0", "picture"], "another input")
    refused(lambda: client.infer(name, [tensor("image", image)], parameters={"threshold": 1}), ["/parameters/threshold"], "an option")
    stats = client.get_inference_statistics(name)["model_stats"][0]
    expect(stats["inference_stats"]["success"]["count"] == 23 and stats["inference_stats"]["fail"]["count"] == 8, f"statistics of a job: {stats}")
    expect(name in {one["name"] for one in client.get_inference_statistics()["model_stats"]}, "and among all")
    server.json("DELETE", f"/v1/training-jobs/{job}", status=204)
    expect(not client.is_model_ready(name), "deleted, it is no model")
    refused(lambda: client.infer(name, [tensor("image", image)]), ["unknown model", job], "inference by what is deleted")
    expect(name not in {model["name"] for model in client.get_model_repository_index()}, "nor in the index")


async def asynchronous(port, plain):
    """Triton's asyncio client, which lets aiohttp ask for packed answers."""
    truth, prediction = masks()
    async with triton_aio.InferenceServerClient(f"127.0.0.1:{port}") as client:
        expect(await client.is_server_live() and await client.is_server_ready(), "aio: live and ready")
        expect(await client.is_model_ready("dice", "1") and not await client.is_model_ready("nothing"), "aio: ready models")
        expect((await client.get_server_metadata())["name"] == "hausdorffd", "aio: server")
        expect((await client.get_model_metadata("dice"))["outputs"][0]["name"] == "loss", "aio: metadata")
        expect((await client.get_model_config("dice", "1"))["max_batch_size"] == 0, "aio: configuration")
        expect(len(await client.get_model_repository_index()) >= 25, "aio: index")
        expected = plain.raw(truth, prediction, metrics="hausdorff_95")["loss"]
        _, slopes = as_loss(plain, truth, prediction, losses="dice_loss")
        for there, back in ((None, None), ("gzip", "deflate"), ("deflate", "gzip")):
            for binary in ((True, True), (False, False), (False, True)):
                coded = {"request_compression_algorithm": there, "response_compression_algorithm": back}
                results = await asyncio.gather(*(client.infer(name, pair(truth, prediction, binary), request_id=name, **coded) for name in ("hausdorff_95", "dice_loss") * 8))
                for result in results:
                    name = result.get_response()["id"]
                    good = result.as_numpy("loss")[0] == expected if name == "hausdorff_95" else np.allclose(result.as_numpy("gradient"), slopes, 1e-4, 1e-9)
                    expect(good, f"aio: {name}, {there} there, {back} back, bytes {binary}")
        outputs = [triton.InferRequestedOutput("gradient", binary_data=False)]
        result = await client.infer("dice_loss", pair(truth, prediction), outputs=outputs, parameters={"reduction": "sum"})
        expect(np.allclose(result.as_numpy("gradient"), 2 * slopes, 1e-4, 1e-9), "aio: outputs and parameters")
        expect((await client.get_inference_statistics("dice_loss"))["model_stats"][0]["inference_count"] > 0, "aio: statistics")
        for ask in (client.load_model("dice"), client.get_log_settings(), client.infer("dice", pair(truth, prediction[..., 1:])), client.get_model_metadata("nothing")):
            try:
                await ask
                expect(False, "aio: not refused")
            except InferenceServerException as error:
                expect(error.status()[0] in "45" and error.message(), f"aio: {error}")


async def kserve(port, plain):
    """KServe's client."""
    truth, prediction = masks()
    url = f"http://127.0.0.1:{port}"
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        expect(await client.is_server_live(url) is True and await client.is_server_ready(url) is True, "kserve: live and ready")
        expect(await client.is_model_ready(url, "dice") and not await client.is_model_ready(url, "nothing"), "kserve: ready models")
        for binary in ((True, True), (False, False), (True, False)):
            for as_bytes in (True, False):
                inputs = [InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)) for name, array in (("y_true", truth), ("y_pred", prediction))]
                for given, array, flag in zip(inputs, (truth, prediction), binary):
                    given.set_data_from_numpy(array, binary_data=flag)
                wanted = [RequestedOutput("loss", {"binary_data": as_bytes}), RequestedOutput("gradient", {"binary_data": as_bytes})]
                request = InferRequest("dice_loss", inputs, request_id="kserve", parameters={"reduction": "sum"}, request_outputs=wanted)
                result = await client.infer(url, request, model_name="dice_loss")
                answer, expected = as_loss(plain, truth, prediction, losses="dice_loss", reduction="sum")
                found = {output.name: output.as_numpy() for output in result.outputs}
                expect(np.isclose(found["loss"][0], answer["loss"], 1e-6), f"kserve {binary} {as_bytes}: {found['loss']}, not {answer['loss']}")
                expect(np.allclose(found["gradient"], expected, 1e-4, 1e-9), f"kserve {binary} {as_bytes}: the gradient")
                expect(result.id == "kserve" and result.model_name == "dice_loss", "kserve: id and name")
        body = {"inputs": [{"name": "y_true", "shape": [2, 2], "datatype": "BOOL", "data": [True, False, False, False]},
                           {"name": "y_pred", "shape": [2, 2], "datatype": "INT32", "data": [[0, 0], [0, 9]]}]}
        result = await client.infer(url, body, model_name="hausdorff")
        expect(result.outputs[0].data == [2**0.5], f"kserve: {result.outputs[0].data}")
        body["inputs"][1]["shape"] = [3, 2]
        try:
            await client.infer(url, body, model_name="hausdorff")
            expect(False, "kserve: not refused")
        except Exception as error:  # httpx.HTTPStatusError
            expect("/inputs/1/data: has shape [2, 2]" in str(error), f"kserve: {error}")


def described(server):
    """Every path by plain HTTP: answers are as openapi.yaml says."""
    small = {"id": "7", "inputs": [{"name": "y_true", "shape": [1, 4], "datatype": "UINT8", "data": [1, 0, 0, 0]},
                                   {"name": "y_pred", "shape": [1, 4], "datatype": "FP32", "data": [0, 0, 0, 1]}]}
    for path in ("", "/health/live", "/health/ready", "/models/dice", "/models/dice/versions/1", "/models/bce/config", "/models/bce/versions/1/config",
                 "/models/dice/ready", "/models/dice/versions/1/ready", "/models/dice/stats", "/models/dice/versions/1/stats", "/models/stats"):
        server.json("GET", "/v2" + path)
        expect(server.ask("HEAD", "/v2" + path).status == 200, f"HEAD {path}")
    server.json("POST", "/v2/repository/index", {"ready": True})
    for path in ("hausdorff/infer", "hausdorff/versions/1/infer"):
        found = server.json("POST", f"/v2/models/{path}", small)
        expect(found == {"model_name": "hausdorff", "model_version": "1", "id": "7", "outputs": [{"name": "loss", "datatype": "FP64", "shape": [1], "data": [3]}]}, f"{found}")
    for method, path in (("POST", "/repository/models/dice/load"), ("POST", "/repository/models/dice/unload"), ("GET", "/logging"), ("POST", "/logging"),
                         ("GET", "/trace/setting"), ("POST", "/models/dice/trace/setting"), ("GET", "/systemsharedmemory/status"),
                         ("POST", "/cudasharedmemory/region/a/register"), ("POST", "/systemsharedmemory/region/a/unregister")):
        server.json(method, "/v2" + path, {} if method == "POST" else None, status=501)
    server.json("POST", "/v2/models/nothing/infer", small, status=404)
    server.json("POST", "/v2/models/dice/versions/2/infer", small, status=404)
    # Packed where Accept-Encoding wants it.
    text = json.dumps(small)
    for wanted, found in (("gzip", "gzip"), ("deflate", "deflate"), ("deflate, gzip", "gzip"), ("gzip;q=0.5, deflate", "deflate"), ("*", "gzip"),
                          ("gzip;q=0", None), ("br", None), ("identity, gzip;q=0.5", None), ("identity;q=0.5, gzip", "gzip"), ("", None), (";;,q=,gzip;q=x", None)):
        reply = server.ask("POST", "/v2/models/hausdorff/infer", text, {"Accept-Encoding": wanted}) if found is None else unpacked(server, text, wanted)
        expect(reply.status == 200 and reply.headers["Content-Encoding"] == found, f"Accept-Encoding {wanted!r}: {reply.headers['Content-Encoding']}")
        expect(json.loads(reply.data)["outputs"][0]["data"] == [3], f"Accept-Encoding {wanted!r}")
        reply = server.ask("POST", "/v2/models/hausdorff/infer", "{", {"Accept-Encoding": wanted})
        expect(reply.status == 400 and reply.headers["Content-Encoding"] is None and "error" in json.loads(reply.data), "errors are not packed")


def mutated(server):
    """Good requests with bytes changed, left out and put in: scored or refused, and told so in the protocol's form."""
    truth, prediction = masks((1, 6, 7))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    statuses = set()
    for number in range(3000):
        name = ("hausdorff_95", "dice_loss")[number % 2]
        binary = (number % 3 > 0, number % 4 > 1)
        outputs = [triton.InferRequestedOutput("loss", binary_data=number % 5 > 2)]
        text, length = triton.InferenceServerClient.generate_request_body(pair(truth, prediction, binary), outputs=outputs, request_id="x")
        text = bytearray(text)
        for _ in range(random.integers(1, 4)):
            place = int(random.integers(min(len(text), 400)))
            kind = random.integers(4)
            if kind == 0:
                text[place] = random.integers(256)
            elif kind == 1:
                del text[place : place + int(random.integers(1, 9))]
            elif kind == 2:
                text[place:place] = bytes(random.integers(32, 127, random.integers(1, 5), np.uint8))
            else:
                text[place:place] = text[place : place + 40]
        headers = {} if length is None else {"Inference-Header-Content-Length": str(length + int(random.integers(-2, 3)) * (number % 7 == 0))}
        connection.request("POST", f"/v2/models/{name}/infer", bytes(text), headers)
        reply = connection.getresponse()
        data = reply.read()
        statuses.add(reply.status)
        good = reply.status == 200 or 400 <= reply.status < 500 and list(json.loads(data)) == ["error"] and reply.headers["Content-Type"] == "application/json"
        expect(good, f"{bytes(text)!r}: {reply.status} {data[:300]!r}")
    connection.close()
    expect({200, 400, 422} <= statuses, f"what became of them: {statuses}")


def unpacked(server, text, wanted):
    """An answer that must be packed, as it was before."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("POST", "/v2/models/hausdorff/infer", text, {"Accept-Encoding": wanted})
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    reply.data = gzip.decompress(data) if reply.headers["Content-Encoding"] == "gzip" else zlib.decompress(data)
    return reply


def ask_everything(server):
    plain = Client(server.port)
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}", network_timeout=300, connection_timeout=300)
    server_and_models(client)
    unsupported(client)
    scores(client, plain)
    options(client, plain)
    losses(client, plain)
    packed(client)
    statistics(client)
    trained(server, client)
    asyncio.run(asynchronous(server.port, plain))
    asyncio.run(kserve(server.port, plain))
    described(server)
    mutated(server)
    client.close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            ask_everything(server)
        finally:
            server.stop()
    print(f"\n{len(differences)} differences")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()

"""Label maps, channels, lists of pairs and volumes in files, compared with the scores and losses of their masks one by one: labels.py PORT COUNT"""

import base64
import gzip
import json
import sys
import urllib.parse
import zlib

import nibabel
import numpy as np
from pycocotools import mask as coco

from client import Client, encoded, form, npy, text

METRICS = ["average_hausdorff", "hausdorff_95", "average_surface_distance", "surface_dice", "dice"]
failures = []


def check(holds, message):
    if not holds:
        failures.append(message)


def layout(array, batch=""):
    return batch + ("HW" if array.ndim - len(batch) == 2 else "DHW")


def same(item, expected, message):
    """Whether an item has the values that its masks have by themselves."""
    check(item["empty"] == expected["items"][0]["empty"], f"{message}: empty is {item['empty']}")
    for metric in METRICS:
        value, wanted = item[metric], expected["metrics"][metric]
        check(value == wanted, f"{message}: {metric} is {value}, not {wanted}")


def maps(random, types):
    """A label map and another that is like it."""
    shape = tuple(random.integers(1, 40, 2)) if random.random() < 0.5 else tuple(random.integers(1, 16, 3))
    count = int(random.integers(1, 6))
    truth = random.integers(0, count + 1, shape)
    if random.random() < 0.7:  # In blocks.
        coarse = random.integers(0, count + 1, tuple(-(-size // 5) for size in shape))
        truth = np.kron(coarse, np.ones((5,) * len(shape), int))[tuple(slice(size) for size in shape)]
    prediction = np.where(random.random(shape) < 0.9, np.roll(truth, 1, 0), random.integers(0, count + 1, shape))
    factor = int(random.choice([1, 1, 40]))
    return (factor * truth).astype(random.choice(types)), (factor * prediction).astype(random.choice(types))


def label_maps(client, random, number):
    truth, prediction = maps(random, ["uint8", "int16", "uint16", "int32", "uint64", "int64", "float32", "float64"])
    spacing = [round(float(random.uniform(0.5, 3)), 2) for _ in truth.shape]
    options = {"spacing": spacing, "distance": str(random.choice(["euclidean", "manhattan"])), "layout": layout(truth)}
    if random.random() < 0.1:  # Nothing but background.
        truth, prediction = 0 * truth, 0 * prediction
    present = [int(label) for label in np.union1d(truth, prediction) if label]
    listed = random.permutation(present + [0, 123])[: random.integers(1, 4)].tolist()
    for labels, wanted in (("all", present), (listed, listed)):
        tolerance = [float(index) for index in range(len(wanted))] if labels != "all" else [1.0]
        reply = client.raw(truth, prediction, metrics=METRICS, tolerance=tolerance, labels=labels if labels == "all" else ",".join(map(str, labels)), empty="zero", **options)
        if not wanted:
            check(reply["items"] == [] and reply["loss"] == "NaN" and "no label" in " ".join(reply["warnings"]), f"{number}: without labels {reply}")
        check([item["label"] for item in reply["items"]] == wanted, f"{number}: {labels} gives {[item['label'] for item in reply['items']]}")
        for index, (label, item) in enumerate(zip(wanted, reply["items"])):
            alone = client.raw((truth == label).astype(np.uint8), (prediction == label).astype(np.uint8), metrics=METRICS,
                               tolerance=tolerance[index % len(tolerance)], **options)
            same(item, alone, f"{number}: label {label} of {truth.dtype}{truth.shape}")
            check(reply["labels"][str(label)] == {name: item[name] for name in METRICS}, f"{number}: the reduction of {label}")


def channels(client, random, number):
    shape, count = tuple(random.integers(2, 20, 2)), int(random.integers(2, 5))
    probabilities = random.random((2, count, *shape)).astype(np.float32)
    classes = random.integers(0, count, (2, *shape)).astype(np.uint8)
    isLast = random.random() < 0.5
    sent = np.ascontiguousarray(np.moveaxis(probabilities, 1, -1)) if isLast else probabilities
    background = random.random() < 0.5
    options = {"layout": "BHWC" if isLast else "BCHW", "background": "true" if background else "false", "metrics": METRICS, "tolerance": 1}
    oneHot = (classes[:, None] == np.arange(count)[None, :, None, None]).astype(np.uint8)
    oneHot = np.ascontiguousarray(np.moveaxis(oneHot, 1, -1)) if isLast else oneHot
    chosen = probabilities.argmax(1)
    scored = range(0 if background else 1, count)
    truth = classes if random.random() < 0.5 else oneHot
    query = {**options, "shape": ",".join(map(str, sent.shape)), "dtype_true": "uint8", "dtype_pred": "float32"}
    for threshold in (None, 0.7):
        extra = {"threshold": threshold} if threshold else {}
        reply = client.score("application/octet-stream", truth.tobytes() + sent.tobytes(),
                             urllib.parse.urlencode({name: text(value) for name, value in {**query, **extra}.items()}))
        wanted = [(entry, channel) for entry in range(2) for channel in scored]
        check([item["label"] for item in reply["items"]] == [channel for _, channel in wanted], f"{number}: channels {reply['items']}")
        for (entry, channel), item in zip(wanted, reply["items"]):
            mask = probabilities[entry, channel] > threshold if threshold else chosen[entry] == channel
            alone = client.raw((classes[entry] == channel).astype(np.uint8), mask.astype(np.uint8), metrics=METRICS, tolerance=1, layout="HW")
            same(item, alone, f"{number}: entry {entry}, channel {channel}, threshold {threshold}")


def lists(client, random, number):
    """Pairs of differing sizes in one form, one of them broken, one of shapes that differ."""
    pairs = [tuple((random.random(shape) > 0.6).astype(np.uint8) for _ in range(2)) for shape in random.integers(2, 30, (5, 2))]
    parts = [(name, npy(array)) for pair in pairs for name, array in zip(("y_true", "y_pred"), pair)]
    parts[2] = ("y_true", b"no file")
    parts[7] = ("y_pred", npy(np.ones((3, 50), np.uint8)))
    parts += [("metrics", METRICS), ("tolerance", 1)]
    reply = client.score(*form(parts))
    check([item["pair"] for item in reply["items"]] == list(range(5)), f"{number}: pairs in order")
    for index, item in enumerate(reply["items"]):
        if index in (1, 3):
            check(item["problem"]["status"] in (400, 422), f"{number}: pair {index} is {item}")
            continue
        alone = client.raw(*pairs[index], metrics=METRICS, tolerance=1, layout="HW")
        same(item, alone, f"{number}: pair {index}")
    sent = [{"y_true": encoded(truth), "y_pred": prediction.tolist()} for truth, prediction in pairs]
    sent[1]["y_true"] = {"file": base64.b64encode(b"no file").decode()}
    sent[3] = {"y_true": sent[3]["y_true"]}
    asJSON = client.score("application/json", json.dumps({"pairs": sent, "metrics": METRICS, "tolerance": 1}))
    check([item for index, item in enumerate(asJSON["items"]) if index not in (1, 3)]
          == [item for index, item in enumerate(reply["items"]) if index not in (1, 3)], f"{number}: the same list in JSON")
    check([asJSON["items"][index]["problem"]["errors"][0]["pointer"] for index in (1, 3)] == ["/pairs/1/y_true/file", "/pairs/3/y_pred"],
          f"{number}: {asJSON['items']}")
    values = [item["dice"] for index, item in enumerate(reply["items"]) if index not in (1, 3)]
    check(abs(reply["metrics"]["dice"] - np.mean(values)) < 1e-12, f"{number}: the mean of those that could be scored")
    check("2 of 5 pairs could not be scored" in reply["warnings"], f"{number}: {reply['warnings']}")


def lists_at_fault(client):
    """Lists of which one pair is at fault, or all are; what unpacks to more than its text; empty masks."""
    def post(pairs, **options):
        status, _, answer = client.ask("POST", "/v1/score", json.dumps({"pairs": pairs, "metrics": METRICS, "tolerance": 1, **options}), {"Content-Type": "application/json"})
        return status, json.loads(answer)

    def place(item):
        error = item["problem"]["errors"][0]
        return error.get("pointer", error.get("parameter"))

    whole = {"rle": {"size": [480, 640], "counts": [0, 480 * 640]}}
    bits = {"shape": [480, 640], "dtype": "bit", "data": base64.b64encode(b"\xff" * (480 * 80)).decode()}
    few = {"shape": [100, 1024], "dtype": "bit", "data": base64.b64encode(bytes([1] * 10000) + bytes(2800)).decode()}
    good = {"y_true": [[0, 1]], "y_pred": [[1, 1]]}
    for pair in ({"y_true": whole, "y_pred": whole}, {"y_true": bits, "y_pred": whole}, {"y_true": few, "y_pred": few}):
        for count in (1, 2):
            status, reply = post([pair] * count)
            check(status == 200 and [item.get("dice") for item in reply["items"]] == [1] * count, f"short lists: {status} {reply}")
    status, reply = post([{"y_true": {"rle": {"size": [2000, 2000], "counts": [4000000]}}, "y_pred": {"rle": {"size": [2000, 2000], "counts": [3999999, 1]}}}] * 40)
    check(status == 200 and [item["empty"] for item in reply["items"]] == ["truth"] * 40, "a list that unpacks to much")
    for y_true, where in (
        ([[0, 1], [1]], "/1"), ({"shape": [1, 2], "dtype": "int7", "data": "AAE="}, "/dtype"), ({"shape": [1, 2], "dtype": "int8", "data": "AAE"}, "/data"),
        ({"shape": [1, 2], "dtype": "int8", "data": "AA=="}, ""), ({"rle": {"size": [0, 5], "counts": []}}, "/rle/size/0"),
        ({"rle": {"size": [1, 8], "counts": [1, 1, 1, 1, 1, 9]}}, "/rle/counts/5"), ({"file": "AAAA"}, "/file"), ({"shape": [1], "order": "C"}, "/order"),
        ("0,1", ""), (None, ""), (7, ""), ([[float(10**9)] * 3], None), ([[0, 1, 1]], None),
    ):
        status, reply = post([good, {"y_true": y_true, "y_pred": [[1, 1]]}, good])
        items = reply.get("items", [])
        check(status == 200 and len(items) == 3 and items[0]["dice"] == items[2]["dice"] and items[1]["problem"]["status"] in (400, 422)
              and place(items[1]) == ("/pairs/1/y_pred" if where is None else "/pairs/1/y_true" + where), f"{y_true}: {status} {reply}")
    for sent, where in (('{"y_true":[[1]]}', "/y_pred"), ('{"y_true":[[1]],"y_pred":[[1]],"y_true":[[1]]}', "/y_true"), ("{}", "/y_true"), ("[1]", "")):
        status, _, answer = client.ask("POST", "/v1/score", '{"pairs":[%s,{"y_true":[[1]],"y_pred":[[1]]}]}' % sent, {"Content-Type": "application/json"})
        check(status == 200 and place(json.loads(answer)["items"][0]) == "/pairs/0" + where, f"{sent}: {status} {answer}")
    for sent, expected, where in (
        ('[{"y_true":[[1]],"y_pred":[[x]]}]', 400, "/pairs/0"), ('[{"y_true":null,"y_pred":[[x]]}]', 400, "/pairs/0"), ("[{}", 400, "/pairs"), ("[]", 422, "/pairs"), ("{}", 400, "/pairs"),
        ('[{"y_true":[[1]],"y_pred":[[1]],"spacing":[1,1]}]', 422, "/pairs/0/spacing"), ("[%s]" % ",".join(["{}"] * 4097), 413, "/pairs"),
    ):
        status, _, answer = client.ask("POST", "/v1/score", '{"pairs":%s}' % sent, {"Content-Type": "application/json"})
        check(status == expected and json.loads(answer)["errors"][0]["pointer"] == where, f"{sent[:80]}: {status} {answer}")

    empty = {"y_true": [[0, 0]], "y_pred": [[1, 1]]}
    for options in ({"empty": "error"}, {"empty": "convention", "convention": "itk", "metrics": "average_hausdorff"},
                    {"empty": "convention", "convention": "medpy", "metrics": "hausdorff_95"}):
        status, reply = post([good, empty, good, {"y_true": [[0, 0]], "y_pred": [[0, 0]]}], **options)
        check(status == 200 and ["problem" in item for item in reply["items"]] == [False, True, False, True], f"{options}: {status} {reply}")
        check([place(reply["items"][pair]) for pair in (1, 3)] == ["/pairs/1/y_true", "/pairs/3/y_true"], f"{options}: {reply}")
        check([error["pointer"] for error in reply["items"][3]["problem"]["errors"]][1:] == ["/pairs/3/y_pred"], f"{options}: {reply}")
        check("2 of 4 pairs could not be scored" in reply["warnings"] and reply["empty_counts"]["truth"] == 0, f"{options}: {reply}")
    status, _, answer = client.ask("POST", "/v1/score", json.dumps({**empty, "empty": "error"}), {"Content-Type": "application/json"})
    check(status == 422 and json.loads(answer)["errors"][0]["pointer"] == "/y_true", f"one pair: {status} {answer}")

    for options, where in (
        ({"layout": "XY"}, "layout"), ({"layout": 1}, "layout"), ({"ignore_orientation": "maybe"}, "ignore_orientation"),
        ({"labels": [1], "threshold": 0.5}, "labels"), ({"labels": [1, 2], "tolerance": [1, 2, 3]}, "tolerance"), ({"labels": "all", "tolerance": [1, 2]}, "tolerance"),
        ({"tolerance": [1, 2], "layout": "HW"}, "tolerance"), ({"background": True, "layout": "BHW"}, "background"), ({"spacing": [1, 0]}, "spacing"),
        ({"spacing": [1]}, "spacing"), ({"spacing": [1, 1, 1], "layout": "HW"}, "spacing"), ({"metrics": "none"}, "metrics"), ({"nonsense": 1}, "nonsense"),
    ):
        status, reply = post([good, good], **options)
        check(status == 422 and reply["errors"][0]["pointer"] == "/" + where, f"{options} of a list: {status} {reply}")
        fields = [("y_true", npy(np.ones((2, 2), np.uint8))), ("y_pred", npy(np.ones((2, 2), np.uint8)))] * 2
        fields += [(name, (value if isinstance(value, str) else text(value) if name != "background" else "true").encode())
                   for name, value in {"metrics": METRICS, "tolerance": 1, **options}.items()]
        body = b"".join(b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value) for name, value in fields)
        status, _, answer = client.ask("POST", "/v1/score", body + b"--limit--\r\n", {"Content-Type": "multipart/form-data; boundary=limit"})
        check(status == 422 and json.loads(answer)["errors"][0]["parameter"] == where, f"{options} of files: {status} {answer}")


def volumes(client, random, number):
    """NIfTI files with the spacing of their headers; run lengths; bits; packed bodies."""
    shape = tuple(random.integers(2, 14, 3))
    masks = [(random.random(shape) > 0.6).astype(random.choice(["uint8", "int16", "float32"])) for _ in range(2)]
    spacing = [round(float(random.uniform(0.5, 3)), 3) for _ in range(3)]
    affine = np.diag([*spacing, 1])
    images = [kind(mask, affine) for kind, mask in zip(random.permutation([nibabel.Nifti1Image, nibabel.Nifti2Image]), masks)]
    files = [image.to_bytes() for image in images]
    if random.random() < 0.5:
        files[0] = gzip.compress(files[0])
    expected = client.raw(*masks, spacing=list(map(float, images[0].header.get_zooms())), layout="DHW", metrics=METRICS, tolerance=1)
    check(client.form(*files, metrics=METRICS, tolerance=1) == expected, f"{number}: NIfTI files in a form")
    every = client.form(*files, metrics=METRICS, tolerance=1, convention="all")
    check(every["conventions"]["modified"]["metrics"] == expected["metrics"], f"{number}: all conventions of NIfTI files")
    check(every["conventions"]["scikit-image"]["items"][0]["average_hausdorff"] is None and "no spacing" in " ".join(every["warnings"]),
          f"{number}: a convention without the spacing of NIfTI files: {every}")
    body = {"y_true": {"file": base64.b64encode(files[0]).decode()}, "y_pred": {"file": base64.b64encode(files[1]).decode()},
            "metrics": METRICS, "tolerance": 1}
    check(client.score("application/json", json.dumps(body)) == expected, f"{number}: NIfTI files in JSON")
    affine[1, 3] = 2
    body["y_pred"]["file"] = base64.b64encode(nibabel.Nifti1Image(masks[1], affine).to_bytes()).decode()
    status, _, answer = client.ask("POST", "/v1/score", json.dumps(body), {"Content-Type": "application/json"})
    check(status == 422 and b"affine" in answer, f"{number}: files of different places: {status} {answer}")
    body["ignore_orientation"] = True
    check(client.score("application/json", json.dumps(body)) == expected, f"{number}: files of different places, compared nevertheless")

    plane = [(random.random(tuple(random.integers(1, 40, 2))) > 0.5).astype(np.uint8)]
    plane.append((random.random(plane[0].shape) > 0.5).astype(np.uint8))
    expected = client.raw(*plane, metrics=METRICS, tolerance=1)
    runs = [coco.encode(np.asfortranarray(mask)) for mask in plane]
    arrays = [{"rle": {"size": run["size"], "counts": run["counts"].decode()}} for run in runs]
    body = json.dumps({"y_true": arrays[0], "y_pred": arrays[1], "metrics": METRICS, "tolerance": 1})
    check(client.score("application/json", body) == expected, f"{number}: run lengths")
    bits = b"".join(np.packbits(mask, axis=-1, bitorder="little").tobytes() for mask in plane)
    target = "/v1/score?" + urllib.parse.urlencode(
        {"shape": ",".join(map(str, plane[0].shape)), "dtype": "bit", "metrics": ",".join(METRICS), "tolerance": 1})
    for coding, pack in (("identity", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)):
        status, _, answer = client.ask("POST", target, pack(bits), {"Content-Type": "application/octet-stream", "Content-Encoding": coding})
        check(status == 200 and json.loads(answer) == expected, f"{number}: bits, {coding}: {status} {answer[:200]}")


def losses(client, random, number):
    """Losses and gradients of NIfTI files, run lengths, bits and packed bodies, beside those of the plain arrays."""
    names = "hausdorff_dt:0.5,soft_average_hausdorff,dice_loss,average_hausdorff:0"

    def ask(content_type, body, coding="identity", **options):
        target = "/v1/loss" + ("?" + urllib.parse.urlencode({name: text(value) for name, value in options.items()}) if options else "")
        status, _, answer = client.ask("POST", target, body, {"Content-Type": content_type, "Content-Encoding": coding})
        check(status == 200, f"{number}: a loss: {status} {answer[:200]}")
        return json.loads(answer) if status == 200 else None

    def plainly(truth, probabilities, **options):
        return ask("application/octet-stream", truth.tobytes() + probabilities.tobytes(), losses=names, gradient="true", dtype_true="uint8",
                   dtype_pred="float32", shape=",".join(map(str, truth.shape)), **options)

    shape = tuple(random.integers(2, 14, 3))
    truth, probabilities = (random.random(shape) > 0.6).astype(np.uint8), random.random(shape, np.float32)
    spacing = [round(float(random.uniform(0.5, 3)), 3) for _ in range(3)]
    images = [nibabel.Nifti1Image(array, np.diag([*spacing, 1])) for array in (truth, probabilities)]
    expected = plainly(truth, probabilities, layout="DHW", spacing=list(map(float, images[0].header.get_zooms())))
    files = [image.to_bytes() for image in images]
    for sent in (files, [gzip.compress(file) for file in files]):
        asForm = form([("y_true", sent[0]), ("y_pred", sent[1]), ("losses", names), ("gradient", "true")])
        body = {name: {"file": base64.b64encode(file).decode()} for name, file in zip(("y_true", "y_pred"), sent)}
        asJSON = ("application/json", json.dumps({**body, "losses": names.split(","), "gradient": True}).encode())
        for kind, data in (asForm, asJSON):
            check(ask(kind, data) == expected, f"{number}: the loss of NIfTI files as {kind}")
            check(ask(kind, gzip.compress(data), "gzip") == expected, f"{number}: the loss of NIfTI files, packed, as {kind}")

    shape = tuple(random.integers(1, 40, 2))
    truth, probabilities = (random.random(shape) > 0.5).astype(np.uint8), random.random(shape, np.float32)
    expected = plainly(truth, probabilities)
    run = coco.encode(np.asfortranarray(truth))
    rle = {"rle": {"size": run["size"], "counts": run["counts"].decode()}}
    options = {"losses": names.split(","), "gradient": True}
    bits = np.packbits(truth, axis=-1, bitorder="little").tobytes()
    bodies = [("application/json", json.dumps({"y_true": rle, "y_pred": encoded(probabilities), **options}).encode(), {}),
              ("application/json", json.dumps({"y_true": {"shape": shape, "dtype": "bit", "data": base64.b64encode(bits).decode()},
                                               "y_pred": encoded(probabilities), **options}, default=int).encode(), {}),
              ("application/octet-stream", bits + probabilities.tobytes(),
               {"shape": ",".join(map(str, shape)), "dtype_true": "bit", "dtype_pred": "float32", "losses": names, "gradient": "true"}),
              (*form([("y_true", npy(truth)), ("y_pred", npy(probabilities)), ("losses", names), ("gradient", "true")]), {})]
    for place, (kind, data, query) in enumerate(bodies):
        for coding, pack in (("identity", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)):
            check(ask(kind, pack(data), coding, **query) == expected, f"{number}: the loss of body {place}, {coding}")
    # A prediction of masks has a loss too.
    other = (random.random(shape) > 0.5).astype(np.uint8)
    expected = plainly(truth, other.astype(np.float32))
    run = coco.encode(np.asfortranarray(other))
    body = {"y_true": rle, "y_pred": {"rle": {"size": run["size"], "counts": run["counts"].decode()}}, **options}
    check(ask("application/json", json.dumps(body)) == expected, f"{number}: the loss of two run lengths")
    query = {"shape": ",".join(map(str, shape)), "dtype": "bit", "losses": names, "gradient": "true"}
    check(ask("application/octet-stream", bits + np.packbits(other, axis=-1, bitorder="little").tobytes(), **query) == expected,
          f"{number}: the loss of bits")


def main():
    client, count = Client(int(sys.argv[1])), int(sys.argv[2])
    random = np.random.default_rng(3)
    for number in range(count):
        label_maps(client, random, number)
        channels(client, random, number)
        lists(client, random, number)
        volumes(client, random, number)
        losses(client, random, number)
    lists_at_fault(client)
    for query, status, words in (
        ("shape=2,2&labels=1,1", 422, "twice"), ("shape=2,2&labels=x", 422, "labels"), ("shape=2,2&labels=1.5", 422, "whole"),
        ("shape=2,2&labels=all,1", 422, "'all' or a list"), ("shape=2,2&labels=9007199254740993", 422, "9007199254740991"),
        ("shape=2,2&labels=1,7", 422, "7, which is in neither"), ("shape=2,2&labels=1,7&empty=zero", 200, '"both":1'),
        ("shape=2,2&labels=1&background=true", 422, "listed"), ("shape=2,2&convention=numpy", 422, "all"),
        ("shape=2,2&dtype=float32&labels=all", 422, "no label"), ("shape=2,2&labels=1&threshold=0.5", 422, "exclude"),
        ("shape=2,2&labels=-9223372036854775808", 422, "whole"), ("shape=1,1&dtype=int32&labels=-2147483648&empty=zero", 200, "-2147483648"),
        ("shape=2,2&background=true", 422, "channels"), ("shape=2,1,2&layout=HWC&labels=1", 422, "channels"),
        ("shape=2,2&metrics=surface_dice", 422, "tolerance"), ("shape=2,2&metrics=surface_dice&tolerance=-1", 422, "negative"),
        ("shape=2,2&labels=1,2&tolerance=1,2,3&metrics=surface_dice", 422, "3 numbers for 2"),
        ("shape=2,2&convention=scikit-image&spacing=2,2", 422, "no spacing"), ("shape=2,2&convention=itk&distance=manhattan", 422, "no distance"),
        ("shape=2,2&convention=medpy&metrics=hausdorff_50", 422, "not in convention medpy"), ("shape=2,2&convention=numpy", 422, "numpy"),
    ):
        size = 4 if "float32" in query else 1
        values = np.full(8, 0.5, np.float32).tobytes() if size == 4 else bytes([0, 1] * 4)
        found, _, answer = client.ask("POST", f"/v1/score?{query}", values, {"Content-Type": "application/octet-stream"})
        check(found == status and words in answer.decode(), f"{query}: {found} {answer}")
    def ask(query, values):
        status, _, answer = client.ask("POST", f"/v1/score?{query}", values.tobytes(), {"Content-Type": "application/octet-stream"})
        return status, answer.decode()

    for values, words in (([2**53, 1], "beyond"), ([2**53 - 1, 1], "9007199254740991")):
        status, answer = ask("shape=1,2&dtype=int64&labels=all&reduction=none", np.array(values * 2, np.int64))
        check(status == (422 if words == "beyond" else 200) and words in answer, f"{values}: {status} {answer}")
    # Whatever is not 0 is true.
    status, answer = ask("shape=1,4&dtype=bool&labels=all&background=true", np.array([0, 255, 1, 0, 7, 1, 1, 0], np.uint8))
    labels = {item["label"]: item["average_hausdorff"] for item in json.loads(answer)["items"]}
    check(labels == {0: 0.75, 1: 1 / 6}, f"booleans as labels: {answer}")
    extreme = np.full(8, -(2**63), np.int64).tobytes()
    found, _, answer = client.ask("POST", "/v1/score?shape=2,2&dtype=int64&labels=all", extreme, {"Content-Type": "application/octet-stream"})
    check(found == 422 and b"beyond" in answer, f"the least of all integers: {found} {answer}")
    print(f"{count} rounds, {len(failures)} differences")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()

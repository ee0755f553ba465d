"""Posts pairs of arrays to a running server, with nothing but the standard library."""

import base64
import http.client
import io
import json
import urllib.parse

import numpy as np
from PIL import Image


class Client:
    """One connection to a server on this machine, kept over requests."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method, target, body=None, headers=None):
        """Status, headers and body of the answer."""
        self.connection.request(method, target, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def score(self, content_type, body, query=""):
        """The scores of a request that must be good."""
        target = "/v1/score" + ("?" + query if query else "")
        status, _, answer = self.ask("POST", target, body, {"Content-Type": content_type})
        assert status == 200, f"{status}: {answer[:500]}"
        return json.loads(answer)

    def raw(self, truth, prediction, **options):
        """Both arrays as raw bytes, options in the query."""
        query = {
            "shape": ",".join(map(str, truth.shape)),
            "dtype_true": truth.dtype.name,
            "dtype_pred": prediction.dtype.name,
            **{name: text(value) for name, value in options.items()},
        }
        body = truth.tobytes() + prediction.tobytes()
        return self.score("application/octet-stream", body, urllib.parse.urlencode(query))

    def json(self, truth, prediction, **options):
        """Both arrays as nested numbers."""
        body = {"y_true": truth.tolist(), "y_pred": prediction.tolist(), **options}
        return self.score("application/json", json.dumps(body))

    def form(self, truth, prediction, **options):
        """Both arrays as the bytes of files, options as fields."""
        return self.score(*form([("y_true", truth), ("y_pred", prediction), *options.items()]))


def form(parts):
    """The media type and the body of a form: names and bytes, or values of options."""
    body = b"".join(
        b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value if isinstance(value, bytes) else text(value).encode())
        for name, value in parts
    )
    return "multipart/form-data; boundary=limit", body + b"--limit--\r\n"


def text(value):
    """An option's value as it stands in a query or a form."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(text, value))
    return value if isinstance(value, str) else repr(float(value))


def npy(array):
    """The bytes of an npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def png(mask):
    """The bytes of a PNG file of 0 and 255."""
    file = io.BytesIO()
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def encoded(array):
    """An array as JSON members with base64."""
    return {
        "shape": array.shape,
        "dtype": array.dtype.name,
        "data": base64.b64encode(array.tobytes()).decode(),
    }

"""Requests that break the grammar of HTTP/1.1, at random but the same for the same seed."""

import random

from breakage import break_server
from corpus import Request, requests

# One broken request every 100 ms, for a day.
day = 24 * 60 * 60 * 10

junk_octets = [b"\0", b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x7f", b"\x80", b"\xff", b"%", b"%00", b"%zz", b";", b":", b",", b'"', b"\\", b"A" * 300]
numbers = [b"0", b"-1", b"+5", b"5,5", b"5, 6", b"0x10", b"1e3", b" 7", b"7 ", b"007", b"", b"\t3", b"3;x", b"18446744073709551616", b"9223372036854775807", b"99999999999999999999999999", b"536870913", b"1\r\n 2", "٣".encode()]
codings = [b"chunked", b"Chunked", b"chunked, chunked", b"identity", b"xchunked", b"chunked;q=1", b"gzip, chunked", b"chunked, gzip", b"", b"\x0bchunked", b"chunked\0", b"chunked,", b" , chunked"]
methods = [b"get", b"POST", b"PUT", b"PATCH", b"TRACE", b"CONNECT", b"OPTIONS", b"HEAD", b"DELETE", b"PRI", b"", b"G\0T", b"GET\t", b"A" * 70, b"G:T", b"\xc3\xa9"]
targets = [b"*", b"/", b"", b"//v1//score", b"/v1/../livez", b"/%2e%2e/", b"/v1/score%00", b"/v1/score?%00=%00", b"/v1/score#x", b"http://localhost/livez", b"https://[::1]:99999/", b"localhost:80", b"/livez?a=1&a=1", b"/v1/score?shape=" + b"9," * 3000, b"/" + b"a" * 20000, b"/v1/score?" + b"&" * 2000, b"/livez\t", b"/li vez", b"/\xff\xfe", b"?", b"/v1/training-jobs/" + b"x" * 5000]
versions = [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.", b"HTTP/11", b"http/1.1", b"HTTP/1.1 x", b"HTTP/1.10", b"", b"ICY/1.1", b"HTTP /1.1", b"HTTP/1.1\0", b"HTTP/9999999999.1"]
line_ends = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"", b"\r\n\r\n", b"\0\r\n", b" \r\n"]
values = {
    b"Host": [b"", b"a b", b"a:99999", b"[::1", b"a, b", b"\xff", b"a" * 5000, b"user@host"],
    b"Connection": [b"close", b"keep-alive", b"upgrade", b"close, keep-alive", b"Content-Length", b"Transfer-Encoding, close", b",,,"],
    b"Expect": [b"100-continue", b"100-CONTINUE", b"200-ok", b"", b"100-continue, x"],
    b"Content-Type": [b"", b"application/json; charset=utf-16", b"application/octet-stream", b"multipart/form-data", b"multipart/form-data; boundary=", b'multipart/form-data; boundary="a\\"', b"multipart/form-data; boundary=" + b"b" * 80, b"text/plain", b"*/*", b"application/json,application/json", b"image/png"],
    b"Content-Encoding": [b"gzip", b"deflate", b"br", b"gzip, gzip", b"", b"identity"],
    b"Accept": [b"", b"*/*;q=0", b"image/png", b"application/octet-stream", b"text/html", b"a/b;q=2", b"," * 500],
    b"Content-Length": numbers,
    b"Transfer-Encoding": codings,
    b"Trailer": [b"Content-Length", b"X"],
    b"Upgrade": [b"h2c", b"websocket"],
    b"Range": [b"bytes=0-", b"bytes=-0", b"bytes=9-1", b"bytes=0-0,2-3", b"x", b"bytes=99999999999999999999-"],
    b"Last-Event-ID": [b"-1", b"99999999999999999999", b"x", b""],
    b"Idempotency-Key": [b"", b"k" * 300, b"\xff", b"a b"],
    b"Request-Id": [b"", b"r" * 200, b"a\tb", b"{}"],
    b"traceparent": [b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00", b"ff", b"00-x"],
    b"Authorization": [b"Bearer", b"Bearer " + b"t" * 9000, b"Basic !!", b""],
    b"X-Forwarded-For": [b"::ffff:1.2.3.4, x", b"," * 100, b"999.1.1.1"],
    b"Inference-Header-Content-Length": numbers,
}
preludes = [
    b"\r\n", b"\n\n\n", b" ", b"\0", b"\r", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", b"GET\r\n\r\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"A" * 20000,
]


class Breaker:
    """Breaks one request; its dice alone decide how."""

    def __init__(self, corpus, dice):
        self.corpus, self.dice = corpus, dice
        self.ends = {}

    def octets(self):
        """One, or a few, broken requests behind one another."""
        count = self.dice.choice([1, 1, 1, 1, 1, 2, 3])
        octets = b"".join(self.one() for _ in range(count))
        if self.dice.random() < 0.05:
            octets = self.dice.choice(preludes) + octets
        return octets

    def one(self):
        request = self.copy(self.dice.choice(self.corpus))
        self.ends = {}
        self.is_chunked = bool(request.body) and self.dice.random() < 0.3
        for _ in range(self.dice.choice([0, 1, 1, 1, 2, 2, 3])):
            self.dice.choice([
                self.break_method, self.break_target, self.break_version, self.break_lines, self.break_header, self.break_header,
                self.break_header, self.add_header, self.add_header, self.add_header, self.break_length, self.many_headers, self.break_body])(request)
        octets = self.written(request)
        for _ in range(self.dice.choice([0, 0, 0, 1, 2])):
            octets = self.break_octets(octets)
        return octets

    @staticmethod
    def copy(request):
        return Request(request.method, request.target, list(request.headers), request.body, request.version)

    def break_method(self, request):
        request.method = self.dice.choice(methods)

    def break_target(self, request):
        if self.dice.random() < 0.5:
            request.target = self.dice.choice(targets)
        else:
            at = self.dice.randrange(len(request.target) + 1)
            request.target = request.target[:at] + self.dice.choice(junk_octets) + request.target[at:]

    def break_version(self, request):
        request.version = self.dice.choice(versions)

    def break_lines(self, request):
        """Another end for one of the lines, or for all."""
        which = self.dice.choice(["all", self.dice.randrange(len(request.headers) + 2)])
        self.ends[which] = self.dice.choice(line_ends)

    def break_header(self, request):
        """One header twice, gone, moved, or with something in its name or value."""
        if not request.headers:
            return
        at = self.dice.randrange(len(request.headers))
        name, value = request.headers[at]
        junk = self.dice.choice(junk_octets)
        kind = self.dice.randrange(9)
        if kind == 0:
            request.headers.append((name, value))
        elif kind == 1:
            del request.headers[at]
        elif kind == 2:
            request.headers[at] = (name + self.dice.choice([b" ", b"\t", b"\0", b":", b"\r\n "]), value)
        elif kind == 3:
            place = self.dice.randrange(len(name) + 1)
            request.headers[at] = (name[:place] + junk + name[place:], value)
        elif kind == 4:
            place = self.dice.randrange(len(value) + 1)
            request.headers[at] = (name, value[:place] + junk + value[place:])
        elif kind == 5:
            request.headers[at] = (name, value + b"\r\n" + self.dice.choice([b" ", b"\t"]) + b"folded")
        elif kind == 6:
            request.headers[at] = (name, self.dice.choice(values.get(name, junk_octets)))
        elif kind == 7:
            request.headers[at] = (name.swapcase(), value)
        else:
            request.headers[at] = (b"", value)

    def add_header(self, request):
        name = self.dice.choice(list(values))
        request.headers.insert(self.dice.randrange(len(request.headers) + 1), (name, self.dice.choice(values[name])))

    def break_length(self, request):
        """The length is not that of the body, or beside a coding of the transfer."""
        request.headers = [(name, value) for name, value in request.headers if name != b"Content-Length"]
        for _ in range(self.dice.choice([1, 1, 2])):
            value = self.dice.choice([*numbers, str(len(request.body) + self.dice.choice([-1, 1, 1000])).encode()])
            request.headers.append((b"Content-Length", value))
        if self.dice.random() < 0.3:
            request.headers.append((b"Transfer-Encoding", self.dice.choice(codings)))

    def many_headers(self, request):
        count = self.dice.choice([50, 300, 3000])
        request.headers += [(b"X-%d" % number, b"v" * self.dice.choice([0, 1, 40])) for number in range(count)]

    def break_body(self, request):
        request.body = self.break_octets(request.body)

    def break_octets(self, octets):
        """Something flipped, put in, left out, repeated, exchanged or cut off."""
        at = self.dice.randrange(len(octets) + 1)
        length = self.dice.choice([1, 1, 2, 8, 100])
        kind = self.dice.randrange(7)
        if kind == 0 and at < len(octets):
            return octets[:at] + bytes([octets[at] ^ 1 << self.dice.randrange(8)]) + octets[at + 1 :]
        if kind == 1:
            return octets[:at] + self.dice.choice(junk_octets) + octets[at:]
        if kind == 2:
            return octets[:at] + octets[at + length :]
        if kind == 3:
            return octets[: at + length] + octets[at:]
        if kind == 4:
            return octets[:at] + self.dice.randbytes(length) + octets[at + length :]
        if kind == 5:
            other = self.written(self.dice.choice(self.corpus))
            return octets[:at] + other[self.dice.randrange(len(other)) :]
        return octets[:at]

    def written(self, request):
        """The request as it is sent."""
        headers, body = request.headers, request.body
        if self.is_chunked:
            headers = [(name, value) for name, value in headers if name != b"Content-Length"] + [(b"Transfer-Encoding", b"chunked")]
            body = self.chunks(body)
        lines = [b" ".join([request.method, request.target, request.version]), *[name + b": " + value for name, value in headers], b""]
        everywhere = self.ends.get("all", b"\r\n")
        return b"".join(line + self.ends.get(number, everywhere) for number, line in enumerate(lines)) + body

    def chunks(self, body):
        """The body in chunks, of which one may be broken."""
        pieces, at = [], 0
        while at < len(body):
            length = self.dice.choice([1, 7, 100, 4000])
            pieces.append(body[at : at + length])
            at += length
        pieces = pieces[:50]
        broken = self.dice.randrange(len(pieces) + 1) if self.dice.random() < 0.6 else None
        text = b""
        for number, piece in enumerate([*pieces, b""]):
            size, end = b"%x" % len(piece), b"\r\n"
            if number == broken:
                size = self.dice.choice([
                    size.upper(), b"000000000" + size, size + b";a=b", size + b';a="' + b"x" * 5000 + b'"', size + b" ", b"-1", b"", b"g", b"0x1",
                    b"ffffffffffffffff", b"10000000000000000", b"7fffffffffffffff", size + b"\0", b" " + size])
                end = self.dice.choice([b"\r\n", b"\r\n", b"\n", b"\r", b"", b"x\r\n"])
            text += size + end + piece + (end if piece else self.trailer())
        return text if self.dice.random() < 0.9 else text[: self.dice.randrange(len(text) + 1)]

    def trailer(self):
        return self.dice.choice([b"\r\n"] * 6 + [b"X: y\r\n\r\n", b"Content-Length: 5\r\n\r\n", b": \r\n\r\n", b"X\r\n\r\n", b"X: " + b"y" * 20000 + b"\r\n\r\n", b"", b"\n"])


def cases(numbers, seed, job, dataset):
    """The octets of the cases of a range, with their numbers."""
    corpus = requests(job, dataset)
    for number in numbers:
        yield number, Breaker(corpus, random.Random(f"{seed}:{number}")).octets()


def run(context):
    """Sends a day's worth of them in a few minutes."""
    count = 2000 if context.short else day
    break_server(context, "grammar", range(count), f"{count:,} of a day's {day:,}")

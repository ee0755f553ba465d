"""Requests of every route with one part of them replaced by what boofuzz has found to break programs."""

import itertools
import re

from boofuzz import Block, Request, Size, Static, String
from boofuzz.mutation_context import MutationContext

from breakage import break_server
from corpus import requests

# Parts of a body that are replaced; the others of a long one are of the same kinds.
most_parts = 12


def parts(name, octets, most=most_parts):
    """Words, numbers and what is between them, each to be replaced; of many, some that are evenly spread."""
    # Octets as the characters of the same number, which boofuzz turns back.
    found = re.findall(r"[A-Za-z_0-9.]+|[^A-Za-z_0-9.]+", octets.decode("latin-1"))
    step = max(1, len(found) // most)
    return [
        (String if number % step == 0 else Static)(f"{name}-{number}", part, **({"encoding": "latin-1"} if number % step == 0 else {}))
        for number, part in enumerate(found)
    ]


def described(number, request):
    """A request as boofuzz has it; the length is that of the body as it comes to be, unless it is what is replaced."""
    line = [
        String("method", request.method.decode()), Static("space-1", " "), *parts("target", request.target),
        Static("space-2", " "), String("version", "HTTP/1.1"), Static("end", "\r\n"),
    ]
    for index, (name, value) in enumerate(request.headers):
        line.append(String(f"name-{index}", name.decode()))
        line.append(Static(f"colon-{index}", ": "))
        if name == b"Content-Length" and request.body:
            line.append(Size(f"length-{index}", block_name="body", output_format="ascii", fuzzable=True))
        else:
            line += parts(f"value-{index}", value, 3)
        line.append(Static(f"end-{index}", "\r\n"))
    return Request(f"request-{number}", children=[
        Block("head", children=[*line, Static("empty", "\r\n")]), Block("body", children=parts("body", request.body))])


def all_described(job, dataset):
    """All of them."""
    return [described(number, request) for number, request in enumerate(requests(job, dataset))]


def mutations(job, dataset):
    """Every request with every part replaced by everything, one at a time."""
    for whole in all_described(job, dataset):
        for changes in whole.get_mutations():
            yield whole, changes


def cases(numbers, seed, job, dataset):
    """The octets of the cases of a range, with their numbers."""
    last = numbers[-1]
    for number, (whole, changes) in enumerate(itertools.islice(mutations(job, dataset), last + 1)):
        if number in numbers:
            yield number, whole.render(MutationContext(changes))


def run(context):
    """Sends a part of all cases that is spread over them."""
    identifier = "01900000-0000-7000-8000-000000000000"
    total = sum(whole.num_mutations() for whole in all_described(identifier, identifier))
    count = 500 if context.short else 150_000
    step = max(1, total // count)
    numbers = range(context.seed % step, total, step)
    break_server(context, "routes", numbers, f"{len(numbers):,} of {total:,}")

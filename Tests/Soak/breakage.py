"""Broken requests from several processes, each on a connection of its own, and whether the server takes them as it should."""

import asyncio
import contextlib
import importlib
import os
import random
import re
import socket
import struct
import time

from answers import faults
from customers import Companion, Customer, check_customers
from report import megabytes
from service import Service
from slow_clients import ordinary

# Connections that each process has at once, and seconds that it waits for an answer: many requests end nowhere.
width, patience = 48, 0.5
specification = {"epochs": 1, "batch_size": 4, "losses": "dice_loss", "precision": "f32", "model": {"levels": 1, "base_channels": 4}}


def break_server(context, module, numbers, title):
    """Sends what `cases(numbers, seed, job, dataset)` of a module makes, and checks the server all the while."""
    report = context.report
    with Service(context.binary, context.folder, "--max-data=100000000", "--training-jobs=0", "--max-queued-jobs=50") as service:
        dataset = service.json("POST", "/v1/datasets", {"synthetic": {"samples": 8, "size": 16}}, status=201)["id"]
        job = service.json("POST", "/v1/training-jobs", {"dataset": dataset, **specification}, status=202)["id"]
        names = (context.seed, job, dataset)
        if context.case is not None:
            case = range(context.case, context.case + 1)
            return show(service, *next(importlib.import_module(module).cases(case, *names)))
        start, descriptors = time.monotonic(), service.descriptors()
        crew = max(2, (os.cpu_count() or 2) - 1)
        with Customer(ordinary(service), interval=0.2) as customer:
            senders = [Companion(_send, service.port, module, numbers[first::crew], names) for first in range(crew)]
            found = [sender.result() for sender in senders]
        sent = sum(one["sent"] for one in found)
        rate = 60 * sent / (time.monotonic() - start)
        report.check("cases", title, f"all sent, seed {context.seed}", sent == len(numbers))
        report.figure("connections a minute", f"{rate:,.0f}")
        statuses = {}
        for one in found:
            for status, number in one["statuses"].items():
                statuses[status] = statuses.get(status, 0) + number
        report.figure("answers", ", ".join(f"{number:,} × {status}" for status, number in sorted(statuses.items())))
        wrong = sorted(sum((one["faults"] for one in found), []))
        report.check("server errors, answers that are none", len(wrong), 0, not wrong)
        for number, fault in wrong[:20]:
            print(f"    --seed {context.seed} --case {number}: {fault[:600]}", flush=True)
        lost = sorted(sum((one["lost"] for one in found), []))
        report.check("connections that could not be made", len(lost), 0, not lost)
        if lost:
            print(f"    --seed {context.seed} --case, one of the first of {lost[:100]}", flush=True)
        check_customers(report, "ordinary clients meanwhile", sum(customer.seconds.values(), []), customer.failures + customer.refused)
        report.check("memory at most", megabytes(service.peak()), "1,000 MB", service.peak() < 1e9)
        # The end of some connections is noticed only when they have idled for a minute.
        spare = 64 if context.short else 4
        is_free = service.settles(lambda: service.places() == 0 and service.descriptors() <= descriptors + spare)
        report.check("descriptors afterwards", service.descriptors(), f"{descriptors} + {spare}", is_free)
        service.close(report)


def show(service, number, octets):
    """Sends one case and prints it with its answer."""
    print(number, repr(octets))
    with socket.create_connection(("127.0.0.1", service.port), 5) as connection:
        connection.sendall(octets)
        connection.settimeout(2)
        received = b""
        try:
            while data := connection.recv(65536):
                received += data
        except OSError as error:
            print(repr(error))
    print(repr(received[:5000]))
    print(faults(received), "alive" if service.is_alive else "DEAD")


def _send(port, module, numbers, names):
    return asyncio.run(_send_all(port, importlib.import_module(module).cases(numbers, *names), names[0]))


async def _send_all(port, cases, seed):
    found = {"sent": 0, "statuses": {}, "faults": [], "lost": []}

    async def sender():
        for number, octets in cases:
            received = await _exchange(port, octets, random.Random(f"{seed}:{number}:end"))
            if received is None:
                found["lost"].append(number)
                # Once the server is gone, all is.
                if len(found["lost"]) > 200:
                    return
                continue
            found["sent"] += 1
            for status in re.findall(rb"^HTTP/1\.[01] (\d\d\d)", received[:100]):
                found["statuses"][status.decode()] = found["statuses"].get(status.decode(), 0) + 1
            found["faults"] += [(number, fault) for fault in faults(received)]

    await asyncio.gather(*[sender() for _ in range(width)])
    return found


class _Exchange(asyncio.Protocol):
    def __init__(self):
        self.received = bytearray()
        self.is_over = asyncio.get_running_loop().create_future()

    def end(self):
        if not self.is_over.done():
            self.is_over.set_result(None)

    def data_received(self, data):
        self.received += data
        # The first answer will do; what comes with it is judged too.
        head = self.received.find(b"\r\n\r\n")
        if head < 0 or self.received.startswith(b"HTTP/1.1 100"):
            return
        length = re.search(rb"\r\n[Cc]ontent-[Ll]ength: *(\d+)", self.received[:head])
        if not length or len(self.received) >= head + 4 + int(length[1]):
            self.end()

    def connection_lost(self, error):
        self.end()


async def _exchange(port, octets, dice):
    """Sends the octets and takes what is answered; None where there is no connection."""
    try:
        transport, protocol = await asyncio.get_running_loop().create_connection(_Exchange, "127.0.0.1", port)
    except OSError:
        return None
    way = dice.random()
    # In one piece, or in two that the server reads apart.
    if way < 0.2 and len(octets) > 1:
        at = dice.randrange(1, len(octets))
        transport.write(octets[:at])
        await asyncio.sleep(0.001)
        transport.write(octets[at:])
    else:
        transport.write(octets)
    if way > 0.9:
        # Gone without waiting, with a reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        return b""
    if way > 0.8 and not transport.is_closing():
        with contextlib.suppress(OSError):
            transport.write_eof()
    await asyncio.wait([protocol.is_over], timeout=patience)
    transport.abort()
    return _whole(bytes(protocol.received))


def _whole(received):
    """Without an answer that was cut off by leaving."""
    end = received.rfind(b"\r\n\r\n")
    return received if end >= 0 else b""

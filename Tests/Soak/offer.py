"""An open load: so many requests a second, whether the server answers or not."""

import asyncio
import re

from customers import Companion
from outcome import Outcome


class Offer:
    """Sends a request at a fixed rate from a process of its own; `answer` is the right body."""

    # Connections that may wait for their answers at once.
    most = 4000

    def __init__(self, port, target, content_type, body, answer, rate, seconds):
        head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._companion = Companion(_run, port, head.encode() + body, answer, rate, seconds)

    def outcome(self):
        """What it came to, once it has ended."""
        return self._companion.result()


def _run(port, request, answer, rate, seconds):
    return asyncio.run(_offer(port, request, answer, rate, seconds))


async def _offer(port, request, answer, rate, seconds):
    loop = asyncio.get_running_loop()
    outcome, idle, opening = Outcome(), [], set()
    waiting = 0

    class Connection(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.received = transport, bytearray()

        def send(self):
            nonlocal waiting
            waiting += 1
            self.is_asking = True
            self.transport.write(request)

        def data_received(self, data):
            self.received += data
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.received[:end]).lower()
            length = int(re.search(rb"\r\ncontent-length: *(\d+)", head)[1])
            if len(self.received) < end + 4 + length:
                return
            outcome.count(int(head[9:12]), head, bytes(self.received[end + 4 :]), answer)
            self.done()
            self.received.clear()
            if b"\r\nconnection: close" in head:
                self.transport.close()
            else:
                idle.append(self)

        def done(self):
            nonlocal waiting
            waiting -= 1
            self.is_asking = False

        def connection_lost(self, error):
            if self in idle:
                idle.remove(self)
            if self.is_asking:
                outcome.broken += 1
                outcome.examples.append(repr(error))
                self.done()

    async def open_and_send():
        nonlocal waiting
        try:
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        except OSError as error:
            outcome.broken += 1
            outcome.examples.append(repr(error))
            return
        connection.send()

    start, sent = loop.time(), 0
    while (now := loop.time() - start) < seconds:
        while sent < now * rate and waiting + len(opening) < Offer.most:
            sent += 1
            if idle:
                idle.pop().send()
            else:
                task = loop.create_task(open_and_send())
                opening.add(task)
                task.add_done_callback(opening.discard)
        await asyncio.sleep(0.002)
    outcome.seconds = loop.time() - start
    while (waiting or opening) and loop.time() - start < seconds + 60:
        await asyncio.sleep(0.01)
    # What is still waited for is never answered.
    outcome.broken += waiting
    return outcome

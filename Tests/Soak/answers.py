"""What a server may answer to broken requests."""

import re

# Refusals of load (with Retry-After), a full store, and versions of HTTP and codings of transfer that there are not.
allowed_errors = {501, 503, 505, 507}
_status_line = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r]")


def faults(received):
    """What is wrong with what a server sent on one connection, in words; none where it is as it may be."""
    found, at = [], 0
    while at < len(received):
        line = _status_line.match(received, at)
        if not line:
            return [*found, f"no status line: {received[at : at + 200]!r}"]
        end = received.find(b"\r\n\r\n", at)
        if end < 0:
            return [*found, f"no end of the head: {received[at : at + 200]!r}"]
        status, head = int(line[1]), received[at:end].lower()
        if status >= 500 and status not in allowed_errors:
            found.append(f"{received[at : at + 600]!r}")
        if status in (429, 503) and b"\r\nretry-after:" not in head:
            found.append(f"{status} without Retry-After")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head)
        # What has no length lasts until the end; an answer to HEAD has a length and no body.
        if not length or status < 200:
            if status >= 200:
                break
            at = end + 4
            continue
        after = end + 4 + int(length[1])
        at = end + 4 if _status_line.match(received, end + 4) else after
    return found

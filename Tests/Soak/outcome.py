"""What a load came to."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """How many answers were of which kind; `broken` counts connections that failed, `bare` refusals without Retry-After."""

    right: int = 0
    wrong: int = 0
    refused: int = 0
    bare: int = 0
    other: int = 0
    broken: int = 0
    seconds: float = 0
    examples: list = field(default_factory=list)

    @property
    def lost(self):
        """Requests that were neither answered right nor refused as they may be."""
        return self.wrong + self.bare + self.other + self.broken

    @property
    def offered(self):
        """Requests a second."""
        return (self.right + self.refused + self.lost) / self.seconds

    @property
    def accepted(self):
        """Right answers a second."""
        return self.right / self.seconds

    def count(self, status, headers, body, answer):
        """Judges an answer, of which the head is bytes in lower case."""
        if status == 200:
            kind = "right" if answer is None or body == answer else "wrong"
        elif status in (429, 503):
            kind = "refused" if b"\r\nretry-after:" in headers else "bare"
        else:
            kind = "other"
        setattr(self, kind, getattr(self, kind) + 1)
        if kind not in ("right", "refused") and len(self.examples) < 5:
            self.examples.append(f"{status} {body[:200]}")

"""Checks a file of ours by the format's description alone: names, shapes, places and numbers."""
import json
import sys

import numpy as np

with open(sys.argv[1], "rb") as file:
    content = file.read()
length = int.from_bytes(content[:8], "little")
header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
assert length % 8 == 0 and content[8:9] == b"{"
assert header.pop("__metadata__") == {"key": 'tab\t, "quotes", \\ and é'}
end = 0
for index, (name, entry) in enumerate(header.items()):
    assert entry["dtype"] == "F32" and name == f'"{index}"', (name, entry)
    start, after = entry["data_offsets"]
    assert start == end
    end = after
    values = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])
    assert np.array_equal(values.ravel(), np.arange(values.size, dtype="f4") + index), values
assert end == len(data)
print(f"{len(header)} tensors")

"""QPY files with a formula of parameters that is stored as text, and may be something else."""

from __future__ import annotations

import base64
import zlib

# `rz(a + 1)` as Terra 0.46 writes it in QPY 10: as text, which Qiskit 2 does not write any more.
AS_TEXT = zlib.decompress(
    base64.b64decode(
        "eNoL9Az29gzhYtBjZoAAxoJCBvY0Bg4QkwEBmJD4jGn5RbmlOYkwueraQkawNCNjIQM6YINqZGTADoKi3BNLUsH6"
        "UqFCnjB7oLSMY0qKRnBlblJ+joZ6orqmjoJnXklqemqRhqGmZkEB3ChG1cWxk7dc9927P/DxUb0zUmUgF/5HAjCF"
        "AEQPKeM="
    )
)


def with_text(text: str) -> bytes:
    """Return a file whose formula is `text`, which is as long as the one that it replaces."""
    data = AS_TEXT
    start = data.index(b"Add(")
    end = data.index(b")", data.index(b"Symbol(", start)) + 2
    end = max(end, start + len(text))
    size = len(data[start:end])
    assert len(text) <= size
    return data[:start] + text.ljust(size).encode() + data[end:]

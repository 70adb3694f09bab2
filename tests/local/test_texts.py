"""Programs that are sent as text: what they declare is what results come by."""

from __future__ import annotations

import pytest

from tests.support.service import Client

from .support import samples

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
MIXED = HEAD + (
    "bit first;\nbit[2] pair;\nbit last;\nx $0;\nfirst = measure $0;\n"
    "if (first) { x $1; }\npair[1] = measure $1;\nlast = measure $2;\n"
)


def test_bit_that_is_declared_alone_is_a_register(client: Client) -> None:
    text = HEAD + "qubit q;\nbit c;\nx q;\nc = measure q;\n"
    result = client.run([text], params={"shots": 3})
    assert result["results"][0]["data"]["c"] == {"samples": ["0x1"] * 3, "num_bits": 1}


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_registers_stand_in_the_order_of_declaration(backend: str, client: Client) -> None:
    result = client.run([MIXED], params={"shots": 50}, backend=backend)
    assert list(result["results"][0]["data"]) == ["first", "pair", "last"]
    found = [max(set(s), key=s.count) for s in (samples(result, 0, n) for n in ("first", "pair"))]
    assert found == ["0x1", "0x2"]

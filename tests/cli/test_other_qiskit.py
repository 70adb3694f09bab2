"""Sets that were planned with the one Qiskit are used where the other is installed, or none."""

from __future__ import annotations

import base64
import hashlib
import math
import sys
import zlib
from importlib import metadata
from typing import Any

import pytest

from ibmqbatch.circuits import _qiskit
from ibmqbatch.manifest.draft import Draft, DraftCircuit, DraftJob
from ibmqbatch.manifest.ids import new_set_id
from tests.support.circuits import BELL
from tests.support.commands import Cli
from tests.support.manifests import draft_set
from tests.support.qiskits import TERRA

# A circuit of two qubits, `rx(theta)` on the one and `cx` to the other, as Terra 0.46 writes it for
# the wire, and as Qiskit 2.6 does; zlib of QPY.
WRITTEN = {
    10: (
        "eNoL9Az29gzhYtBjZoAAxoJCBrY0Bg4gkwmKQUAQic1SUlqUl5oC5TFUK+UmpqQqWSklpablF6Uq1RYyghUzMhYyoALG"
        "ZJhMMroMnMUG5TEyYAdBEe6JJalgkwugQuIMrCsWGi4PFvOQmXO79E9dK/vKkozUkkSwWQxIDkezkNEZYVYhWIwdWRaL"
        "5b6picWlRRAdEC+QoAPsaZCa/0gApg4ANo8wuA=="
    ),
    17: (
        "eNoL9Az29gwRZGJjYoAAxoJCKEuGgS2NgQPIYIJiEBBEYrOAiJLSorzUFKgIQ7VSbmJKqpKVUlJqWn5RqlJtISNYAyMj"
        "zFQYYEyGySSjy6Dw2KAijAzYQVCEe2JJKtj0AqiQOAPrpstWQkkyfpHTDb5F/2Kye1OSkVqSCDaLAckDaJYyOiPMKgSL"
        "sSPLYrHcNzWxuLQIogPiDRJ0gD0OUvMfCcDUAQBLTTBf"
    ),
}
NEWEST = 10 if TERRA else 18  # that the installed Qiskit reads


@pytest.fixture(params=WRITTEN)
def version(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture
def planned(version: int, service: dict[str, Any]) -> str:
    """Write a set of one job with two values of the circuit's parameter; return its id."""
    body = base64.b64decode(WRITTEN[version])
    with Draft(new_set_id()) as draft:
        number = draft.add_body(hashlib.sha256(zlib.decompress(body)).hexdigest(), body)
        draft.add_circuits(
            [
                DraftCircuit(
                    f"turned@{row}",
                    {"theta": theta},
                    "t.qpy",
                    0,
                    shots=50,
                    body=number,
                    values=(theta,),
                )
                for row, theta in enumerate((0.0, math.pi))
            ]
        )
        asked = draft_set(instance=service["crn"], shots=50, name="turned")
        return draft.commit(asked, [DraftJob(0, 1, 0, 50)]).stem


def test_it_is_sent_followed_and_fetched(planned: str, version: int, cli: Cli):
    if version > NEWEST:  # which the embedded service here cannot run: a device could
        cli("resume", planned, "--wait", code=3)
        (job,) = cli.data("status", planned)["job_set"]["jobs"]
        assert (job["status"], job["code"]) == ("ERROR", 1603)
        assert "QPY version 17" in job["reason"]
        assert cli("retry", planned, code=None).code in {0, 3}
        return
    assert cli.counts(planned) == [{"00": 50}, {"11": 50}]


def test_it_is_exported_and_shown_wherever_it_can_be_read(
    planned: str, version: int, cli: Cli, tmp_path
):
    cli("export", planned, "-o", tmp_path / "x.sqlite")
    assert cli.data("show", tmp_path / "x.sqlite")["circuits"][1]["metadata"] == {"theta": math.pi}
    if version > NEWEST:
        (error,) = cli("show", planned, "--circuit", 0, "--draw", "--json", code=2).json["errors"]
        assert error["code"] == "newer_qpy"
        assert "QPY version 17" in error["message"]
        assert "Qiskit 2.3 and newer" in error["hint"]
    else:
        assert "Rx(theta)" in cli("show", planned, "--circuit", 0, "--draw").out


@pytest.fixture
def without_qiskit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process find no Qiskit; the service has one of its own."""

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    _qiskit.import_qiskit.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "qiskit"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "qiskit", None)


@pytest.mark.usefixtures("without_qiskit")
@pytest.mark.parametrize("version", [10], indirect=True)
def test_without_any_it_is_sent_fetched_and_recovered(planned: str, cli: Cli):
    assert cli.counts(planned) == [{"00": 50}, {"11": 50}]
    cli("forget", planned, "--yes")
    done = cli("recover", planned)
    assert "Warning: no Qiskit here reads 1 circuit of the set" in done.err
    assert "the values of their parameters have no names" in done.err
    assert cli.counts(planned) == [{"00": 50}, {"11": 50}]


@pytest.mark.usefixtures("without_qiskit")
def test_without_any_circuits_are_refused_with_the_way_to_one(cli: Cli, circuits):
    done = cli("submit", circuits(a=BELL), code=1)
    assert "These circuits need Qiskit, and none is installed." in done.err
    assert "pip install 'ibmqbatch[qiskit]'" in done.err
    assert not list(cli.home.glob("sets/*.sqlite"))
    (error,) = cli("submit", circuits(a=BELL), "--json", code=1).json["errors"]
    assert error["code"] == "missing_package"


@pytest.mark.usefixtures("without_qiskit")
@pytest.mark.parametrize("version", [10], indirect=True)
def test_without_any_drawing_says_what_is_missing(planned: str, cli: Cli):
    assert "These circuits need Qiskit" in cli("show", planned, "--circuit", 0, code=1).err
    assert cli.data("show", planned)["circuits"][0]["name"] == "turned@0"

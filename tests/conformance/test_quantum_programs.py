"""Jobs of the executor, field by field beside those that IBM's own client sends."""

from __future__ import annotations

import base64
import io
import json
import zlib
from importlib.util import find_spec
from typing import Any

import pytest

if find_spec("samplomatic") is None:
    pytest.skip("it comes with IBM's client", allow_module_level=True)

from ibm_quantum_schemas.executor.version_2_0 import ParamsModel
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from qiskit_ibm_runtime.executor_sampler.prepare import prepare
from qiskit_ibm_runtime.options_models.sampler import SamplerOptions
from qiskit_ibm_runtime.quantum_program.params_converters import (
    QUANTUM_PROGRAM_PARAMS_CONVERTERS,
)

from ibmqbatch.circuits.qpy import encode_qpy
from ibmqbatch.circuits.randomization import Randomizer
from ibmqbatch.jobset.quantum_program import executor_params
from ibmqbatch.jobset.split import randomizations
from ibmqbatch.manifest.records import PubRecord
from tests.circuits.devices import heron

pytestmark = pytest.mark.conformance

# Both share these out alike, 16 times 64. Of 1,000 IBM's client makes 16 times 64 as well, and runs
# more than were asked for; ours are 16 times 63.
SHOTS = 1024
TWIRL = {"twirling": {"enable_gates": True, "enable_measure": True}}


def circuits() -> list[tuple[QuantumCircuit, list[list[float]] | None]]:
    """Return 20 circuits, some with the values of their parameters."""
    plain = []
    for number in range(14):
        circuit = QuantumCircuit(3, 3, name=f"c{number}", metadata={"number": number})
        for step in range(number):
            circuit.sx(step % 3)
            circuit.cz(step % 2, 2)
            circuit.rz(0.1 * step, (step + 1) % 3)
        circuit.measure([0, 1, 2], [2, 1, 0])
        plain.append((circuit, None))
    swept = []
    for number in range(1, 7):
        circuit = QuantumCircuit(2, 2, name=f"s{number}")
        for index in range(number):
            circuit.rz(Parameter(f"p{index}"), index % 2)
            circuit.sx(index % 2)
        circuit.measure([0, 1], [0, 1])
        swept.append((circuit, [[0.1 * (row + i) for i in range(number)] for row in range(3)]))
    return [*plain, *swept]


def ours(options: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a job of ours."""
    pubs = [
        PubRecord(
            "qpy",
            zlib.compress(encode_qpy(circuit)),
            rows and tuple(map(tuple, rows)),
            SHOTS,
            tuple(range(len(rows or [()]))),
        )
        for circuit, rows in circuits()
    ]
    bodies = [pub.body for pub in pubs]
    if "twirling" not in options:
        return executor_params(pubs, bodies, SHOTS, options)
    randomizer = Randomizer(heron(3), options)
    templates = [randomizer.template(zlib.decompress(body), "a circuit") for body in bodies]
    number, each = randomizations(SHOTS, options["twirling"])
    return executor_params(pubs, bodies, each, options, templates=templates, randomizations=number)


def theirs(options: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the job that IBM's client sends."""
    pubs = [(circuit,) if rows is None else (circuit, rows) for circuit, rows in circuits()]
    program, asked = prepare(pubs, SamplerOptions(**options), SHOTS)
    program._semantic_role = "sampler_v2"
    told = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].encoder(program, asked)
    return json.loads(told.model_dump_json())


def opened(params: dict[str, Any]) -> dict[str, Any]:
    """Take out what is packed or may differ: circuits, their metadata, what draws values."""
    program = params["quantum_program"]
    packed = program["circuits"]
    data = zlib.decompress(base64.b64decode(packed.pop("b64_data")))
    assert data[6] == packed.pop("qpy_version")
    packed["circuits"] = qpy.load(io.BytesIO(data))
    for circuit in packed["circuits"]:
        circuit.metadata = {}  # ours keeps its own, which tells of the set
    for item in program["items"]:
        item.pop("samplex", None)  # is drawn anew by each of the two
    program["passthrough_data"]["post_processor"].pop("options")  # ours are those that were given
    return params


@pytest.mark.parametrize("options", [{}, TWIRL], ids=["plain", "twirled"])
def test_a_job_is_what_ibm_s_client_sends(options: dict[str, Any]) -> None:
    found, expected = opened(ours(options)), opened(theirs(options))
    mine = found["quantum_program"]["circuits"].pop("circuits")
    other = expected["quantum_program"]["circuits"].pop("circuits")
    assert found == expected
    assert [circuit.name for circuit in mine] == [circuit.name for circuit, _ in circuits()]
    for circuit, same in zip(mine, other, strict=True):
        values = [0.1] * circuit.num_parameters
        assert circuit.assign_parameters(values) == same.assign_parameters(values)


@pytest.mark.parametrize("options", [{}, TWIRL], ids=["plain", "twirled"])
def test_ibm_s_schema_takes_a_job(options: dict[str, Any]) -> None:
    model = ParamsModel.model_validate_json(json.dumps(ours(options)))
    program, _ = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].decoder(model)
    assert len(program.items) == 20


def test_texts_are_sent_as_they_are() -> None:
    text = 'OPENQASM 3.0; include "stdgates.inc"; bit[1] c; sx $0; c[0] = measure $0;'
    pub = PubRecord("openqasm3", zlib.compress(text.encode()), None, SHOTS, (0,))
    params = executor_params([pub], [pub.body], SHOTS, {})
    assert params["quantum_program"]["circuits"] == {"data": [text]}
    ParamsModel.model_validate_json(json.dumps(params))

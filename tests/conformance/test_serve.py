"""What `ibmqbatch serve` prints, pasted into programs that know nothing else of the service."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.ibm import Ibm, Served
from tests.local.rehearsing import need
from tests.support.circuits import BELL

pytestmark = pytest.mark.conformance

PROGRAM = """
from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit_ibm_runtime import SamplerV2

backend = service.backend("fake_sherbrooke")
circuit = QuantumCircuit(2)
circuit.x([0, 1])
circuit.measure_all()
ready = generate_preset_pass_manager(1, backend=backend).run(circuit)
job = SamplerV2(backend).run([ready], shots=100)
print(job.job_id(), job.result()[0].data.meas.get_counts()["11"])
"""
BY_VARIABLES = (
    "from qiskit_ibm_runtime import QiskitRuntimeService\nservice = QiskitRuntimeService()"
)


def pasted(served: Served, first: str) -> str:
    """Return the block of lines that begins with such a comment."""
    (block,) = (b for b in served.said.split("\n\n") if b.startswith(f"# {first}"))
    return block


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing up."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "IBMQBATCH_HOME": str(tmp_path)}


def run(words: list[str], env: dict[str, str], text: str = "") -> list[str]:
    done = subprocess.run(words, env=env, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def listed(ibm: Ibm, served: Served) -> list[str]:
    return [str(job) for job in ibm("listed", instance=served.instance)]


def test_its_python_lines_lead_ibms_client_here(
    ibm: Ibm, served: Served, worker_python: str, fresh: dict[str, str]
) -> None:
    program = pasted(served, "IBM's client, in Python") + PROGRAM
    job_id, good = run([worker_python, "-"], fresh, program)
    assert int(good) > 70
    assert job_id in listed(ibm, served)


def test_the_guides_program_runs_after_them(
    served: Served, worker_python: str, fresh: dict[str, str]
) -> None:
    need("fake_fez")
    guide = Path(__file__).parents[2] / "docs/ibm-quantum.md"
    programs = re.findall(
        r"^```python\n(.*?)^```", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (program,) = (text for text in programs if "SamplerV2" in text)
    lines = pasted(served, "IBM's client, in Python")
    _, *counts = run([worker_python, "-"], fresh, f"{lines}\n{program}")
    found = ast.literal_eval("".join(counts))
    assert found["00"] + found["11"] > 800


def test_its_variables_lead_ibms_client_here(
    ibm: Ibm, served: Served, worker_python: str, fresh: dict[str, str]
) -> None:
    lines = pasted(served, "IBM's client (QiskitRuntimeService())")
    script = f"{lines}\nexec {worker_python} -c '{BY_VARIABLES}{PROGRAM}'\n"
    job_id, good = run(["sh"], fresh, script)
    assert int(good) > 70
    assert job_id in listed(ibm, served)


def test_its_variables_lead_ibmqbatch_here(
    ibm: Ibm, served: Served, fresh: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bell.qasm").write_text(BELL)
    words = f"submit {tmp_path}/bell.qasm --backend ideal_simulator --wait --quiet"
    script = f"{pasted(served, 'ibmqbatch')}\nexec {sys.executable} -m ibmqbatch {words}\n"
    before = listed(ibm, served)
    run(["sh"], fresh, script)
    assert len(listed(ibm, served)) == len(before) + 1
    assert not (tmp_path / "local").exists()  # it has started no service of its own

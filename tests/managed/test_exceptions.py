"""What errors say: sentences for programs, without quotes around them or commands to run again."""

from __future__ import annotations

import pytest
from qiskit.exceptions import QiskitError

import ibmqbatch
from ibmqbatch import IBMQBackendApiError, IBMQJobManagerInvalidStateError
from ibmqbatch.circuits.errors import first_line
from tests.managed.support import bell


@pytest.mark.parametrize(
    "name", [name for name in ibmqbatch.__all__ if name.startswith("IBMQ") and "Error" in name]
)
def test_the_text_of_an_error_is_its_message(name):
    error = getattr(ibmqbatch, name)("It's a sentence.")
    assert str(error) == error.message == "It's a sentence."


def test_a_service_that_is_away_is_tried_again_and_no_command_is_run(proxy, simulator, no_waits):
    proxy.when("GET", "/backends", times=99, drop="before")
    with pytest.raises(IBMQBackendApiError) as caught:
        simulator.status()
    assert "try again" in str(caught.value)
    assert "command" not in str(caught.value)


def test_what_qiskit_says_stands_in_a_sentence_without_its_quotes(manager):
    assert str(QiskitError("No.")) == "'No.'"
    assert first_line(QiskitError("No.")) == "No"
    circuit = bell()
    circuit.append(_undefined(), [0])
    with pytest.raises(IBMQJobManagerInvalidStateError) as caught:
        manager.run(circuit, "fake_manila")
    told = str(caught.value).partition("cannot be compiled to fake_manila: ")[2]
    assert told[:1].isalpha()


def _undefined() -> object:
    from qiskit.circuit import Gate

    return Gate("mystery", 1, [])

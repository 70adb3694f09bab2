"""Warnings name the line of the program, however it came to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ibmqbatch import IBMQ, IBMQJobManager, ManagedJob, ManagedJobSet
from tests.managed.programs import bell
from tests.managed.support import BACKEND

WAYS: dict[str, Callable[..., object]] = {
    "backend": lambda **odd: IBMQ.load_account().get_backend(BACKEND).run(bell(), shots=1, **odd),
    "manager": lambda **odd: IBMQJobManager().run(bell(), BACKEND, shots=1, **odd),
    "set": lambda **odd: ManagedJobSet().run([[bell()]], BACKEND, shots=1, **odd),
    "job": lambda **odd: ManagedJob(0, 1).submit(bell(), "a", BACKEND, None, None, shots=1, **odd),
}


@pytest.mark.parametrize("way", WAYS)
def test_warnings_name_the_line_of_the_program(way, service):
    with pytest.warns(UserWarning, match="flavour is not a recognized") as caught:
        WAYS[way](flavour="sweet")
    (warning,) = caught
    assert warning.filename == __file__

"""The defaults of pulses are gone, and say so by name."""

from __future__ import annotations

import pickle

import pytest


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("qubit_freq_est", r"backend.properties\(\).frequency"),
        ("meas_freq_est", "does not publish"),
        ("instruction_schedule_map", "backend.target"),
        ("cmd_def", r"backend.configuration\(\)"),
    ],
)
def test_what_is_read_of_them_is_an_error_with_what_there_is_instead(provider, name, instead):
    defaults = provider.get_backend("fake_manila").defaults()
    with pytest.raises(AttributeError, match=f"no '{name}' any more: IBM retired.*{instead}"):
        getattr(defaults, name)


def test_they_are_false_as_none_was(simulator):
    assert not simulator.defaults()
    assert not simulator.defaults(refresh=True)
    assert not pickle.loads(pickle.dumps(simulator.defaults()))


def test_a_frequency_is_had_as_the_error_says(provider):
    assert provider.get_backend("fake_manila").properties().frequency(0) > 1e9

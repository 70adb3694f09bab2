"""Options of the sampler: what a file and flags say, and nothing that the service would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.errors import UsageError
from ibmqbatch.jobset.options import _KNOWN, SEQUENCES, check_options, merged, read_options

WHOLE = """
[dynamical_decoupling]
enable = true
sequence_type = "XY4"
extra_slack_distribution = "edges"
scheduling_method = "asap"
skip_reset_qubits = false

[execution]
init_qubits = false
rep_delay = 0.0005
meas_type = "kerneled"

[twirling]
enable_gates = true
enable_measure = false
num_randomizations = 32
shots_per_randomization = "auto"
strategy = "active-accum"

[experimental]
image = "today"
"""


def refusal(text: str, tmp_path) -> UsageError:
    path = tmp_path / "o.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_options(path)
    assert caught.value.message.count("\n") == 0
    assert caught.value.hint
    return caught.value


def test_every_option_of_the_service_can_be_given(tmp_path):
    path = tmp_path / "o.toml"
    path.write_text(WHOLE)
    told = read_options(path)
    assert {group: set(entries) for group, entries in told.items() if group in _KNOWN} == {
        group: set(known) for group, known in _KNOWN.items()
    }
    assert told["experimental"] == {"image": "today"}
    assert told["execution"]["rep_delay"] == 0.0005


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[resilience]\nlevel = 1", "'resilience' is not an option here"),
        ("resilience_level = 1", "'resilience_level' is not an option here"),
        ("twirling = true", "'twirling' is a table"),
        ("experimental = 5", "'experimental' is a table"),
        ("[execution]\nshots = 5", "execution has no 'shots'"),
        ("[execution]\ninit_qubits = 1", "execution.init_qubits is 1, not true or false"),
        ("[execution]\nrep_delay = -1", "execution.rep_delay is -1, not a number of seconds"),
        ("[execution]\nrep_delay = inf", "rep_delay is inf"),
        ("[execution]\nrep_delay = nan", "rep_delay is nan"),
        ("[execution]\nrep_delay = true", "rep_delay is True"),
        ("[execution]\nmeas_type = 'raw'", "not one of classified, kerneled, avg_kerneled"),
        ("[execution]\nmeas_type = ['kerneled']", "not one of classified"),
        ("[dynamical_decoupling]\nsequence_type = 'xx'", "not one of XX, XpXm, XY4"),
        ("[dynamical_decoupling]\nscheduling_method = 'late'", "not one of alap, asap"),
        ("[dynamical_decoupling]\nextra_slack_distribution = 'all'", "not one of middle, edges"),
        ("[twirling]\nnum_randomizations = 0", "not a whole number of 1 or more, or 'auto'"),
        ("[twirling]\nnum_randomizations = 1.5", "not a whole number"),
        ("[twirling]\nshots_per_randomization = true", "not a whole number"),
        ("[twirling]\nstrategy = 'none'", "not one of active, active-circuit"),
        ("[experimental]\nsince = 2026-11-21", "'experimental' holds what is not JSON"),
        ("[experimental]\nmost = inf", "'experimental' holds what is not JSON"),
        ("[twirling\n", "is not TOML"),
        ("\xff", "is not TOML"),
    ],
)
def test_what_the_service_would_not_take_is_told(text, what, tmp_path):
    assert what in refusal(text, tmp_path).message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("default_shots = 100", "Use shots."),
        ("max_execution_time = 100", "Use max_execution_time."),
        ("[simulator]\nseed_simulator = 5", "Use seed; "),
        ("[environment]\njob_tags = ['a']", "Use tags and private."),
        ("[twirl]\nenable = true", "Known are: dynamical_decoupling, execution, twirling"),
        ("[twirling]\nenable = true", "It has: enable_gates, enable_measure"),
    ],
)
def test_hint_tells_where_it_is_asked_for(text, hint, tmp_path):
    assert hint in refusal(text, tmp_path).hint


def test_file_in_another_encoding_is_told(tmp_path):
    (tmp_path / "o.toml").write_bytes(b"# \xff\n")
    with pytest.raises(UsageError, match="is not TOML"):
        read_options(tmp_path / "o.toml")


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_file_that_cannot_be_read_is_told(name, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_options(tmp_path / name)


def test_byte_order_mark_is_no_obstacle(tmp_path):
    (tmp_path / "o.toml").write_bytes(b"\xef\xbb\xbf[execution]\ninit_qubits = true\n")
    assert read_options(tmp_path / "o.toml") == {"execution": {"init_qubits": True}}


GOOD = {
    "enable": st.booleans(),
    "sequence_type": st.sampled_from(SEQUENCES),
    "init_qubits": st.booleans(),
    "rep_delay": st.floats(0, 1),
    "enable_gates": st.booleans(),
    "num_randomizations": st.just("auto") | st.integers(1),
}
TABLES = st.fixed_dictionaries(
    {},
    optional={
        group: st.fixed_dictionaries({}, optional={k: GOOD[k] for k in known if k in GOOD})
        for group, known in _KNOWN.items()
    },
)


@given(TABLES, TABLES)
def test_what_is_merged_is_taken_and_the_last_word_is_kept(first, second):
    both = merged(first, second)
    check_options(both, "here")
    entries = {(group, key): value for group, told in both.items() for key, value in told.items()}
    expected = {
        (group, key): value
        for options in (first, second)
        for group, told in options.items()
        for key, value in told.items()
    }
    assert entries == expected

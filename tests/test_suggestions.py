"""What somebody may have meant who has written a name that is not known."""

from __future__ import annotations

import pytest

from ibmqbatch.errors import Argument, Words
from ibmqbatch.render.wording import in_commands
from ibmqbatch.suggestions import close_to, did_you_mean, with_suggestion

BACKENDS = ["ideal_simulator", "fake_brooklyn", "fake_sherbrooke", "fake_fez", "fake_kingston"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("fake_sherbroke", ["fake_sherbrooke"]),  # and not fake_brooklyn, which is less like
        ("sherbrooke", ["fake_sherbrooke"]),
        ("fez", ["fake_fez"]),
        ("FAKE_FEZ", ["fake_fez"]),
        ("ideal", ["ideal_simulator"]),
        ("fe", []),  # too short to be looked for within others
        ("", []),
        ("something else", []),
    ],
)
def test_slips_and_parts_of_names_are_recognised(given, meant):
    assert close_to(given, BACKENDS) == meant


def test_a_name_that_differs_in_case_alone_is_the_one():
    assert close_to("login", ["logs", "Login", "logout"]) == ["Login"]


def test_of_many_that_are_alike_three_are_offered():
    assert len(close_to("circuit", [f"circuit{n}" for n in range(9)])) == 3


def test_the_question_stands_before_the_hint():
    assert did_you_mean(["a", "b"]) == "Did you mean a or b?"
    assert with_suggestion("Look.", "frist", ["first"]) == "Did you mean 'first'? Look."
    assert with_suggestion("Look.", "x", ["first"]) == "Look."


def test_a_hint_keeps_what_it_mentions():
    hint = Words("Leave {} out.", Argument("initial_layout"))
    offered = with_suggestion(hint, "frist", ["first"])
    assert in_commands(offered) == "Did you mean 'first'? Leave --initial-layout out."

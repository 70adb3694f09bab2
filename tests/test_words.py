"""Sentences that mention arguments and actions, as each kind of user reads them."""

import pickle

from ibmqbatch.errors import Argument, Call, UsageError, Words
from ibmqbatch.managed.exceptions import IBMQJobManagerError, translated
from ibmqbatch.render.wording import in_commands

LAYOUT = Words("Leave {} out.", Argument("initial_layout"))
RESUME = Words(
    "{} sends them from here.",
    Call("resume", "20261120-7f3k9q", (Argument("take_over", value=True),), method="resume"),
)


def test_an_argument_is_named_as_in_python() -> None:
    assert LAYOUT == "Leave initial_layout out."
    assert f"{LAYOUT}" == "Leave initial_layout out."


def test_an_argument_is_an_option_on_the_command_line() -> None:
    assert in_commands(LAYOUT) == "Leave --initial-layout out."


def test_a_value_goes_with_its_argument() -> None:
    most, off = Argument("max_circuits", 0), Argument("compile", value=False)
    words = Words("{} and {}.", most, off)
    assert words == "max_circuits=0 and compile=False."
    assert in_commands(words) == "--max-circuits 0 and --no-compile."


def test_tags_are_given_one_by_one_on_the_command_line() -> None:
    assert in_commands(Words("{}", Argument("tags"))) == "--tag"


def test_an_action_is_a_method_or_a_command() -> None:
    assert RESUME == "`open('20261120-7f3k9q').resume(take_over=True)` sends them from here."
    command = "`ibmqbatch resume 20261120-7f3k9q --take-over` sends them from here."
    assert in_commands(RESUME) == command


def test_an_action_without_a_method_is_a_command_everywhere() -> None:
    words = Words("{}", Call("serve", arguments=(Argument("stop"),)))
    assert words == in_commands(words) == "`ibmqbatch serve --stop`"


def test_sentences_within_sentences_are_written_alike() -> None:
    assert in_commands(Words("No. {}", LAYOUT)) == "No. Leave --initial-layout out."


def test_braces_in_a_name_are_text() -> None:
    words = Words("{} is not a file.", "{shots}")
    assert words == in_commands(words) == "{shots} is not a file."


def test_a_sentence_comes_back_from_a_pickle() -> None:
    assert in_commands(pickle.loads(pickle.dumps(RESUME))) == in_commands(RESUME)


def test_an_error_is_told_in_the_arguments_of_the_job_manager() -> None:
    words = Words("{} leaves no room.", Argument("max_circuits", 0))
    try:
        with translated(IBMQJobManagerError):
            raise UsageError(words, "Give 1 or more.")
    except IBMQJobManagerError as error:
        assert str(error) == "max_experiments_per_job=0 leaves no room. Give 1 or more."

"""What can follow on a command line that is being typed, found by walking the tree of commands.

This knows no shell: it takes the words before the cursor and the part of a word at it, as the
command would get them. `shells` speaks to the shells.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

import typer

from ..app import GROUPS, find_command, place_of

__all__ = ["Answer", "Candidate", "complete"]

_VERBS = __package__.rpartition(".")[0]  # the package of their modules
_PATHS = {"path": "files", "file": "files", "directory": "folders"}  # by the names of Typer's types


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that can stand at the cursor, and what it is."""

    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What can stand at the cursor.

    `kind` is `words`, or `files` or `folders`, which the shell completes by itself. `joined` is
    what comes before them in the same word: the `--format=` of `--format=csv`.
    """

    kind: str = "words"
    words: tuple[Candidate, ...] = ()
    joined: str = ""


@dataclass(slots=True)
class _Position:
    """Where in a command the cursor stands: after an option that takes a value, or an argument."""

    option: Any = None
    arguments: int = 0
    options_end: bool = False


def complete(words: Sequence[str], incomplete: str) -> Answer:
    """Return what can follow `words` and begins with `incomplete`."""
    return _in_group(find_command(""), words, incomplete)


def _in_group(group: Any, words: Sequence[str], incomplete: str) -> Answer:
    verb = next((number for number, word in enumerate(words) if not word.startswith("-")), None)
    if verb is None:
        return _before_the_verb(group, words, incomplete)
    name, rest = words[verb], list(words[verb + 1 :])
    command = group.get_command(None, name)
    if command is None:
        return Answer()
    if group.full_name(name) in GROUPS:
        return _in_group(command, rest, incomplete)
    return _in_verb(command, name, rest, incomplete)


def _in_verb(command: Any, name: str, rest: Sequence[str], incomplete: str) -> Answer:
    position = _position(command, rest)
    # An option without its value would end the reading, before any argument.
    whole = rest if position.option is None else rest[:-1]
    context = command.make_context(name, [*whole], resilient_parsing=True)
    if position.option is not None:
        return _values(position.option, context, incomplete)
    if incomplete.startswith("-") and not position.options_end:
        flag, joined, start = incomplete.partition("=")
        option = _takes_value(command).get(flag)
        if joined and option is not None:
            return _values(option, context, start, joined=f"{flag}=")
        return _option_names(command, rest, incomplete)
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    if position.arguments < len(arguments):
        return _values(arguments[position.arguments], context, incomplete)
    if arguments and arguments[-1].nargs == -1:
        return _values(arguments[-1], context, incomplete)
    return Answer() if position.options_end else _option_names(command, rest, incomplete)


def _before_the_verb(group: Any, words: Sequence[str], incomplete: str) -> Answer:
    if incomplete.startswith("-"):
        return _option_names(group, words, incomplete)
    verbs = [name for name in group.list_commands(None) if name.startswith(incomplete)]
    helps = [_sentence(_docstring(*place_of(group.full_name(name)))) for name in verbs]
    return Answer(words=tuple(map(Candidate, verbs, helps)))


def _docstring(module: str, function: str) -> str:
    """Return the docstring of a verb's function out of its compiled module, which is not run.

    All verbs together import more than a TAB has time for.
    """
    spec = importlib.util.find_spec(f"{_VERBS}.{module}")
    if spec is None or not isinstance(spec.loader, SourceFileLoader):
        return ""
    code = spec.loader.get_code(spec.name)
    for constant in code.co_consts if code is not None else ():
        if isinstance(constant, CodeType) and constant.co_name == function:
            return str(constant.co_consts[0] or "")
    return ""


def _sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def _takes_value(command: Any) -> dict[str, Any]:
    """Return the options that take a value, by all their names."""
    return {
        name: option
        for option in command.params
        if option.param_type_name == "option" and not (option.is_flag or option.count)
        for name in option.opts
    }


def _position(command: Any, words: Sequence[str]) -> _Position:
    """Read the words of a command up to the cursor."""
    takes_value = _takes_value(command)
    position = _Position()
    for word in words:
        if position.option is not None:
            position.option = None
        elif position.options_end or not word.startswith("-") or word == "-":
            position.arguments += 1
        elif word == "--":
            position.options_end = True
        elif word in takes_value:
            position.option = takes_value[word]
        elif not word.startswith("--"):
            # Several letters in one word; the last one may want its value yet, as in `-qO 2`.
            taking = next((n for n, x in enumerate(word) if f"-{x}" in takes_value), None)
            if taking == len(word) - 1:
                position.option = takes_value[f"-{word[-1]}"]
    return position


def _option_names(command: Any, words: Sequence[str], incomplete: str) -> Answer:
    """Offer options that are not given yet, or that may be given again."""
    given = {word.partition("=")[0] for word in words}
    return Answer(
        words=tuple(
            Candidate(name, _sentence(option.help or ""))
            for option in command.get_params(typer.Context(command, **command.context_settings))
            if option.param_type_name == "option" and not option.hidden
            if option.multiple or not given.intersection(_names(option))
            for name in _names(option)
            if name.startswith(incomplete)
        )
    )


def _names(option: Any) -> list[str]:
    """Return all names of an option; one that can be switched off has another for that."""
    return [*option.opts, *option.secondary_opts]


def _values(parameter: Any, context: Any, incomplete: str, joined: str = "") -> Answer:
    """Offer values of an option or an argument."""
    kind = _PATHS.get(parameter.type.name)
    if kind is not None:
        return Answer(kind, joined=joined)
    found = tuple(
        Candidate(item.value, item.help or "")
        for item in parameter.shell_complete(context, incomplete)
    )
    if not joined and not incomplete.startswith("-"):
        # Unless after `--`, a name that begins with a dash would be taken for an option.
        found = tuple(candidate for candidate in found if not candidate.value.startswith("-"))
    if not found and "/" in incomplete:
        # A set can also be the path of a file.
        return Answer("files", joined=joined)
    return Answer(words=found, joined=joined)

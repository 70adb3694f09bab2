"""The page of the Python API: what is written by hand stays, what the code says is put in anew.

<!-- ManagedResults -->         what follows is made of the class, up to the next `<!-- end -->`
<!-- QueueInfo() -->            the same, and how one is made
<!-- least_busy -->             a function
<!-- errors -->                 a table of the exceptions of the old classes
<!-- new_errors -->             a table of the others
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibmqbatch

__all__ = ["MARKED", "PAGE", "api_page", "members"]

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
MARKED = re.compile(r"(<!-- (\w+)(\(\))? -->\n).*?(<!-- end -->\n)", re.DOTALL)
# What Terra's backends have for pulses; Qiskit 2 has none of it, and IBM neither.
_PULSES = frozenset(
    {
        "acquire_channel",
        "control_channel",
        "drive_channel",
        "instruction_schedule_map",
        "measure_channel",
    }
)
# By which the classes know each other.
_INTERNAL = frozenset({"is_decided", "job_of", "job_set", "of", "of_set", "planned"}) | {
    *("ask_again", "carry_out", "catch_up", "count_unlabelled", "describe", "fetch", "fetch_usage"),
    *("find", "follow", "forecast", "logs", "open", "refetch", "repair", "session", "step"),
    *("step_to_end", "watch", "relabel", "try_submit", "want_retry", "working"),
}


def api_page() -> str:
    """Return the page with what is made of the code as the code is now."""

    def made(found: re.Match[str]) -> str:
        begin, name, constructor, end = found.groups()
        parts = (
            _errors(old=name == "errors")
            if name in {"errors", "new_errors"}
            else _described(name, bool(constructor))
        )
        return "\n\n".join([begin, *parts, end]).replace("-->\n\n\n", "-->\n\n")

    return MARKED.sub(made, PAGE.read_text("utf-8"))


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """Yield what is public of a class and made here, in the order of its source, bases last.

    A base that is public itself has a place of its own.
    """
    seen = set()
    for base in owner.__mro__:
        own = base is owner or base.__name__ not in ibmqbatch.__all__
        if base.__module__.startswith("ibmqbatch.") and own:
            for name, value in vars(base).items():
                known = callable(value) or isinstance(value, property | classmethod)
                if known and not name.startswith("_") and name not in _INTERNAL | seen:
                    seen.add(name)
                    yield name, value


def _is_below_another(thing: type) -> bool:
    """Tell whether a base of the class has a place of its own on the page."""
    return any(base.__name__ in ibmqbatch.__all__ for base in thing.__mro__[1:])


def _described(name: str, constructor: bool) -> Iterator[str]:
    thing = getattr(ibmqbatch, name)
    if not isinstance(thing, type):
        yield from _member(name, thing)
        return
    if constructor:
        yield f"`{name}{_signature(thing.__init__).removesuffix(' -> None')}`"
    yield _text(thing)
    if thing.__init__.__doc__ and thing.__init__.__module__.startswith("ibmqbatch."):
        yield _text(thing.__init__)
    for member, value in members(thing):
        yield from _member(member, value)
    inherited = sorted(
        member
        for member in dir(thing)
        for owner in [next((base for base in thing.__mro__ if member in vars(base)), object)]
        if not _is_below_another(thing)
        if owner.__module__.startswith("qiskit.") and not member.startswith("_")
        if member not in _PULSES
    )
    if inherited:
        yield f"From Qiskit: {', '.join(f'`{member}`' for member in inherited)}."


def _member(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, property):
        assert value.fget is not None
        yield f"#### `{name}: {_written(value.fget.__annotations__['return'])}`"
        yield _text(value.fget)
    else:
        function = value.__func__ if isinstance(value, classmethod) else value
        yield f"#### `{name}{_signature(function)}`"
        yield _text(function)


def _signature(function: Callable[..., Any]) -> str:
    parts = []
    signature = inspect.signature(function)
    named_only = False
    for name, parameter in signature.parameters.items():
        if name in {"self", "cls"}:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not named_only:
            parts.append("*")
        named_only |= parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        if parameter.kind is parameter.VAR_KEYWORD:
            parts.append(f"**{name}")
        elif parameter.kind is parameter.VAR_POSITIONAL:
            parts.append(f"*{name}")
        else:
            given = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
            parts.append(f"{name}: {_written(parameter.annotation)}{given}")
    return f"({', '.join(parts)}) -> {_written(signature.return_annotation)}"


def _written(annotation: str) -> str:
    """Return an annotation as it stands in the source, without names that only the source has."""
    return re.sub(r"\bMoment\b", "datetime", annotation)


def _text(thing: Any) -> str:
    assert thing.__doc__, thing
    return inspect.cleandoc(thing.__doc__)


def _errors(*, old: bool) -> Iterator[str]:
    lines = ["| name | below | when |", "|---|---|---|"]
    for name in ibmqbatch.__all__:
        error = getattr(ibmqbatch, name)
        if not (isinstance(error, type) and issubclass(error, Exception)):
            continue
        if issubclass(error, ibmqbatch.IBMQError) is old:
            # Terra's class of the same name is one of its bases there.
            below = [base.__name__ for base in error.__bases__ if base is not object]
            bases = ", ".join(f"`{base}`" for base in below if base != name)
            lines.append(f"| `{name}` | {bases} | {' '.join(_text(error).split())} |")
    yield "\n".join(lines)

"""The man page, written from the tree of commands.

It is roff with the man macros: a line that begins with a period is a macro, text is escaped by
`_plain`. What stands in backquotes in the help of a command is set in bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .. import __version__
from ..exitcodes import ExitCode
from .app import COMMANDS, GROUPS, find_command

__all__ = ["ENVIRONMENT", "man_page"]

ENVIRONMENT = {
    "IBMQBATCH_TOKEN": "An API key. With the three that follow it is the account `environment`, "
    "which goes before the one chosen with `account use`.",
    "IBMQBATCH_INSTANCE": "The instance, by its CRN or name; not needed where the key reaches one.",
    "IBMQBATCH_URL": "Where the service is that speaks IBM's Qiskit Runtime REST API, unless it is "
    "IBM's own, whose address follows from the instance.",
    "IBMQBATCH_IAM_URL": "Where keys are exchanged for tokens, unless it is IBM's IAM, or at the "
    "origin of a service on this machine.",
    "IBMQBATCH_CA_BUNDLE": "A file or folder of certificates (PEM) to trust instead of the usual "
    "ones; without it SSL_CERT_FILE, SSL_CERT_DIR and REQUESTS_CA_BUNDLE are heeded, in this "
    "order.",
    "IBMQBATCH_ACCOUNT": "The account, where `--account` does not name one.",
    "QISKIT_IBM_TOKEN": "With QISKIT_IBM_INSTANCE and QISKIT_IBM_URL: the account "
    "`qiskit:environment`.",
    "IBMQBATCH_API_VERSION": "The API version that is asked for.",
    "IBMQBATCH_HOME": "The data folder, instead of the platform's.",
    "IBMQBATCH_RUNTIME": "The folder that tells, until the machine is restarted, what was sent "
    "from it: the same for all processes, and in no backup. Unset: /dev/shm/ibmqbatch-UID, or else "
    "/tmp/ibmqbatch-UID.",
    "IBMQBATCH_PACE": "Submissions in any minute; 0: no limit. Unset: what the service tells.",
    "IBMQBATCH_PACE_WINDOW": "Seconds, where that is not a minute.",
    "IBMQBATCH_MAX_PENDING": "Jobs that may wait on the service. Unset, or 0: what it tells.",
    "IBMQBATCH_DETACH": "1: a Python program that ends leaves what it has not sent for `resume`. "
    "Unset, or 0: it sends all first.",
    "IBMQBATCH_COMPUTE": "The Dask cluster that compiles, where `--compute` does not name one.",
    "IBMQBATCH_SETTLE": "Seconds after which a lost submission can be told from a late one.",
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY": "The proxy on the way to a service, and where "
    "none is needed; to this machine itself none ever is.",
    "NO_COLOR": "When it is set and not empty, nothing is coloured.",
}
_FILES = {
    "~/.local/share/ibmqbatch": "The data folder, on Linux; `IBMQBATCH_HOME` names another.",
    "sets/ID.sqlite": "In it: one job set, with its circuits, jobs, results and history.",
    "accounts.json": "The accounts that were logged in to, with their API keys.",
    "pace/": "When an API key has submitted; all processes that use it share this.",
    "tokens/": "Access tokens of an hour, by API key (hashed); all processes that use it share "
    "them.",
    "logs/": "Details of errors, without secrets; `--verbose` names the file.",
    "local/": "The embedded service: its jobs, its log, how to reach it.",
    "backends.json": "Names of backends that were seen, for completion.",
}
_EXAMPLES = (
    ("Submit a folder, wait, and show the counts:", "ibmqbatch submit circuits/ --wait"),
    (
        "In a script: submit once, whatever restarts, then write the results to a file:",
        """ID=$(ibmqbatch submit circuits/ --once build-17 --quiet)
ibmqbatch results "$ID" --wait --format csv -o counts.csv""",
    ),
    ("Follow the newest set:", "ibmqbatch status latest --watch"),
    ("From cron, move all open sets forward:", "*/10 * * * * ibmqbatch collect"),
)


def man_page() -> str:
    """Return the page ibmqbatch(1)."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    group: Any = find_command("")
    verbs = {name: find_command(name) for name in COMMANDS}
    summary, *rest = _paragraphs(group.help)
    yield r".\" Written by `python -m tests.generate` from the commands' own help."
    yield f'.TH IBMQBATCH 1 "" "ibmqbatch {_plain(__version__)}" "User Commands"'
    yield ".SH NAME"
    yield f"ibmqbatch \\- {_plain(summary[0].lower() + summary[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    for name, command in verbs.items():
        if name not in GROUPS:
            yield from (_synopsis(name, command), ".br")
    yield from (r".B ibmqbatch \-\-help", ".br", r".B ibmqbatch \-\-version")
    yield ".SH DESCRIPTION"
    yield _text(
        "`ibmqbatch` turns many circuits into one job set: it splits them into as few jobs as the "
        "limits allow, submits each exactly once, follows them, brings the results home, and loses "
        "none, whatever dies on the way. Without an account the circuits run on an embedded "
        "service on this machine."
    )
    yield from (".PP", _text("A SET is named by its id, the beginning of one, its name, `latest`,"))
    yield _text("or the path of an exported file.")
    for paragraph in rest:
        yield from (".PP", _text(paragraph))
    yield ".SH OPTIONS"
    yield from _options(group)
    yield from (".TP", f"{_bold('-h')}, {_bold('--help')}", "Show the help of any command.")
    yield ".SH COMMANDS"
    for name, command in verbs.items():
        yield from _command(name, command)
    yield ".SH ENVIRONMENT"
    yield from _table(ENVIRONMENT)
    yield ".SH FILES"
    yield from _table(_FILES)
    yield ".SH EXIT STATUS"
    for code in ExitCode:
        yield from (".TP", _bold(str(int(code))), _text(f"{code.meaning}"))
    yield ".SH EXAMPLES"
    for what, lines in _EXAMPLES:
        yield from (".PP", _text(what), *_code(lines))
    yield ".SH SEE ALSO"
    yield _text("`ibmqbatch help exit-codes`, `ibmqbatch help json-schema`;")
    yield _text("the Qiskit Runtime REST API in IBM Quantum's documentation.")


def _command(name: str, command: Any) -> Iterator[str]:
    yield from (f".SS {name}", _synopsis(name, command))
    for paragraph in _paragraphs(command.help):
        label, colon, example = paragraph.partition(": ")
        if label.startswith("Example") and colon:
            yield from (".PP", f"{_plain(label)}:", *_code(example))
        else:
            yield from (".PP", _text(paragraph))
    for argument in command.params:
        if argument.param_type_name == "argument" and argument.help:
            metavar = argument.metavar.strip("[]").removesuffix("...").rstrip("]")
            yield from (".TP", _italic(metavar), _text(argument.help))
    yield from _options(command)


def _synopsis(name: str, command: Any) -> str:
    pieces = [_bold(f"ibmqbatch {name}")]
    for argument in command.params:
        if argument.param_type_name == "argument":
            needed = argument.required or argument.metavar.startswith("[")
            metavar = _italic(argument.metavar)
            pieces.append(metavar if needed else f"[{metavar}]")
    if name in GROUPS:
        return " ".join([*pieces, _italic("VERB")])
    return " ".join([*pieces, f"[{_italic('OPTIONS')}]"])


def _options(command: Any) -> Iterator[str]:
    for option in command.params:
        if option.param_type_name != "option" or option.hidden:
            continue
        names = sorted([*option.opts, *option.secondary_opts], key=len)
        flag = option.is_flag or option.count
        # A type's own name stands in where no other is given: INTEGER, FLOAT.
        metavar = "" if flag else " " + _italic(option.metavar or _type_name(option))
        text = option.help or ""
        if not flag and option.default is not None and option.show_default:
            text += f" Without it: {option.default}."
        yield from (".TP", ", ".join(map(_bold, names)) + metavar, _text(text))


def _type_name(option: Any) -> str:
    return str(option.type.name).upper().removesuffix(" RANGE").replace("INT", "INTEGER", 1)


def _table(rows: dict[str, str]) -> Iterator[str]:
    for name, meaning in rows.items():
        yield from (".TP", _bold(name), _text(meaning))


def _code(lines: str) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf")
    for line in lines.splitlines():
        yield _guarded(_plain(line))
    yield from (".fi", ".RE")


def _paragraphs(text: str) -> list[str]:
    """Split the help of a command; within a paragraph its line ends mean nothing."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _text(text: str) -> str:
    """Set a paragraph: what is in backquotes in bold."""
    parts = re.split(r"`([^`]+)`", text)
    return _guarded(
        "".join(_bold(part) if odd % 2 else _plain(part) for odd, part in enumerate(parts))
    )


def _guarded(line: str) -> str:
    """Keep a line of text from being taken for a macro."""
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _plain(text: str) -> str:
    """Escape what roff, or a printer's typography, would make something else of."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return text.replace("~", "\\(ti").replace("^", "\\(ha").replace("`", "\\(ga")


def _bold(text: str) -> str:
    return f"\\fB{_plain(text)}\\fR"


def _italic(text: str) -> str:
    return f"\\fI{_plain(text)}\\fR"

"""Backends: the list of them, and one with a picture of how good its qubits are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .console import is_terminal, out, write_line
from .text import clean, plural

__all__ = ["age_text", "show_backend", "show_backends", "shows_gates"]

Data = Mapping[str, Any]

_MEDIUM, _WIDE = 90, 130  # columns
_STATUS_STYLES = {"online": "green", "paused": "dark_orange", "offline": "bold red"}
_LEVELS = "▁▂▃▄▅▆▇█"
_GROUP = 10  # qubits that stand together in the picture
_MOST_GROUPS = 10  # in a row of it
_NAMED = 5  # of the best and of the worst qubits


def shows_gates() -> bool:
    """Return whether there is room for the basis gates in the list."""
    return is_terminal() and out().width >= _WIDE


def show_backends(items: Sequence[Data], gates: Mapping[str, Sequence[str]] | None = None) -> None:
    """Show the backends of an account, in their order."""
    if not is_terminal():
        for item in items:
            fields = (
                clean(item["name"]),
                item["kind"],
                _known(item["num_qubits"]),
                item["status"] or "-",
                _known(item["queue_length"]),
                item["processor"] or "-",
                item["reason"],
            )
            write_line("\t".join(fields).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    width = out().width
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("backend", no_wrap=True, max_width=24)
    table.add_column("qubits", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("queue", justify="right", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    if width >= _MEDIUM:
        table.add_column("processor", no_wrap=True, max_width=24)
    if gates is not None:
        table.add_column("basis gates", no_wrap=True, max_width=width - 90)
    for item in items:
        cells = [
            Text(clean(item["name"]), "bold" if item["default"] else ""),
            Text(_known(item["num_qubits"])),
            Text(item["status"] or "?", _STATUS_STYLES.get(item["status"], "")),
            Text(_known(item["queue_length"])),
            Text(item["kind"]),
        ]
        if width >= _MEDIUM:
            cells.append(Text(item["processor"]))
        if gates is not None:
            cells.append(Text(clean(" ".join(gates.get(item["name"], ()))), "dim"))
        table.add_row(*cells)
    out().print(table)
    for item in items:
        if item["status"] not in {"online", ""} and item["reason"]:
            out().print(Text(f"{clean(item['name'])}: {item['reason']}", "dim", overflow="fold"))


def show_backend(item: Data, now: float) -> None:
    """Show one backend: facts, figures, and its qubits; `now` is in seconds since the epoch."""
    facts = [*_facts(item, now), *_figures(item)]
    calibration = item["calibration"]
    if not is_terminal():
        for key, value in facts:
            write_line(f"{key}\t{value}")
        for qubit in calibration["qubits"] if calibration else ():
            fields = (qubit["index"], qubit["t1_us"], qubit["t2_us"], qubit["readout_error"])
            state = "" if qubit["operational"] else "faulty"
            write_line("\t".join(["qubit", *map(_plain, fields), state]).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    out().print(Text.assemble((clean(item["name"]), "bold"), f"  {item['kind']}"))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in facts[2:]:
        table.add_row(key, Text(value))
    out().print(table)
    if calibration and calibration["qubits"]:
        for key, label in (("readout_error", "readout error"), ("t1_us", "T1")):
            _draw_qubits(calibration["qubits"], key, label)


def _facts(item: Data, now: float) -> list[tuple[str, str]]:
    """Return what a backend is, as lines of a name and a text; the name and the kind first."""
    couplings = item["couplings"]
    facts = [
        ("name", clean(item["name"])),
        ("kind", item["kind"]),
        ("qubits", str(item["num_qubits"])),
        ("processor", item["processor"]),
        ("basis gates", clean(" ".join(item["basis_gates"]))),
        ("couplings", "every pair of qubits" if couplings is None else str(couplings)),
        ("shots", f"up to {item['max_shots']}" if item["max_shots"] else "no limit known"),
        ("circuits in a job", f"up to {item['max_circuits']}" if item["max_circuits"] else ""),
    ]
    if item["max_active_qubits"]:
        facts.append(("active qubits", f"up to {item['max_active_qubits']} in a circuit"))
    if item["calibrated_at"]:
        facts.append(("calibrated", _with_age(clean(item["calibrated_at"]), now)))
    if item["seen_at"]:
        facts.append(("seen", _with_age(item["seen_at"], now)))
    return [(key, value) for key, value in facts if value]


def _figures(item: Data) -> list[tuple[str, str]]:
    """Return how well it works: medians, and from the best to the worst."""
    calibration = item["calibration"]
    if calibration is None:
        return []
    spreads = [
        ("T1", calibration["t1_us"], _time),
        ("T2", calibration["t2_us"], _time),
        ("readout error", calibration["readout_error"], _error),
    ]
    spreads += [
        (f"{clean(', '.join(gate['names']))} error", gate["error"], _error)
        for gate in calibration["gates"]
    ]
    figures = [
        (label, f"{write(spread['median'])}, from {write(spread['min'])} to {write(spread['max'])}")
        for label, spread, write in spreads
        if spread is not None
    ]
    faulty = calibration["faulty_qubits"]
    if faulty:
        figures.append(("faulty qubits", ", ".join(map(str, faulty))))
    # In whichever direction: it is the coupling that does not work.
    broken = {tuple(sorted(gate["qubits"])) for gate in calibration["faulty_gates"]}
    pairs = sorted(pair for pair in broken if len(pair) > 1)
    if pairs:
        figures.append(("faulty couplings", ", ".join("-".join(map(str, p)) for p in pairs)))
    return figures


def _draw_qubits(qubits: Sequence[Data], key: str, label: str) -> None:
    """Draw a figure of all qubits: a block each, in rows that fit, and name the extremes."""
    from rich.text import Text

    known = [q for q in qubits if q["operational"] and q[key] is not None]
    if not known:
        return
    is_error = key == "readout_error"
    write = _error if is_error else _time
    values = [q[key] for q in known]
    low, high = min(values), max(values)
    out().print()
    heading = Text(f"{label} by qubit", "bold")
    heading.append(f"  ▁ {write(low)}  █ {write(high)}", "not bold")
    if any(not q["operational"] for q in qubits):
        heading.append("  x faulty", "not bold red")
    out().print(heading, no_wrap=True, overflow="ellipsis")
    digits = len(str(len(qubits) - 1))
    groups = max(1, min(_MOST_GROUPS, (out().width - digits) // (_GROUP + 1)))
    for first in range(0, len(qubits), groups * _GROUP):
        row = Text(f"{first:>{digits}} ")
        for qubit in qubits[first : first + groups * _GROUP]:
            if qubit["index"] > first and qubit["index"] % _GROUP == 0:
                row.append(" ")
            row.append(*_block(qubit, key, low, high))
        out().print(row, no_wrap=True)
    ranked = sorted(known, key=lambda q: (q[key] if is_error else -q[key], q["index"]))
    if len(ranked) > _NAMED:
        for word, some in (("best", ranked[:_NAMED]), ("worst", ranked[: -_NAMED - 1 : -1])):
            names = [f"{q['index']} ({write(q[key])})" for q in some]
            while len(names) > 1 and len(", ".join(names)) > out().width - 7:
                names.pop()
            out().print(Text(f"{word:<5}  {', '.join(names)}"), no_wrap=True, overflow="ellipsis")


def _block(qubit: Data, key: str, low: float, high: float) -> tuple[str, str]:
    """Return the block of one qubit, and its style. Errors are on a logarithmic scale."""
    value = qubit[key]
    if not qubit["operational"]:
        return "x", "bold red"
    if value is None:
        return "?", "dim"
    share = 0.0
    if high > low and key == "readout_error":
        floor = max(low, high * 1e-4)  # an error of 0 has no logarithm
        share = math.log(max(value, floor) / floor) / math.log(high / floor)
    elif high > low:
        share = (value - low) / (high - low)
    level = min(len(_LEVELS) - 1, int(share * len(_LEVELS)))
    good = 1 - share if key == "readout_error" else share
    style = "red" if good < 0.25 else "green" if good > 0.6 else "yellow"
    return _LEVELS[level], style


def _with_age(at: str, now: float) -> str:
    """Write a time with how long ago that was; as it stands, where it is no time."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return at
    seconds = now - then.timestamp()
    shown = at[:16].replace("T", " ") + at[19:].lstrip("0123456789.").replace("Z", " UTC")
    return shown if seconds < 60 else f"{shown}, {age_text(seconds)} ago"


def age_text(seconds: float) -> str:
    """Write how long something is ago, in the largest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(int(seconds // size), unit)
    return plural(max(0, int(seconds)), "second")


def _error(value: float) -> str:
    """Write an error rate in percent, with two digits that matter."""
    if value == 0:
        return "0 %"
    percent = 100 * value
    return f"{percent:.{max(0, 1 - math.floor(math.log10(percent)))}f} %"


def _time(microseconds: float) -> str:
    if microseconds >= 1000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds:.0f} µs" if microseconds >= 10 else f"{microseconds:.1f} µs"


def _known(value: int | None) -> str:
    return "-" if value is None else str(value)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"

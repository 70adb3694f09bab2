"""The circuits of a set, listed and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .console import is_terminal, message, out, write_line
from .results import metadata_text
from .text import clean, plural

__all__ = ["show_circuit", "show_circuits"]

Data = Mapping[str, Any]


def show_circuits(circuits: Sequence[Data]) -> None:
    """List circuits: on a terminal as many columns as there is room for, elsewhere all of them."""
    if not is_terminal():
        for item in circuits:
            fields = (
                str(item["index"]),
                clean(item["name"]),
                str(item["shots"]),
                clean(_place(item)),
                metadata_text(item["metadata"]),
            )
            write_line("\t".join(fields).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("circuit", justify="right", no_wrap=True)
    table.add_column("name", no_wrap=True)
    table.add_column("shots", justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True, style="dim")
    table.add_column("metadata", no_wrap=True, style="dim")
    for item in circuits:
        table.add_row(
            str(item["index"]),
            Text(clean(item["name"])),
            str(item["shots"]),
            Text(clean(_place(item))),
            Text(metadata_text(item["metadata"], short=True)),
        )
    out().print(table)


def show_circuit(item: Data) -> None:
    """Write a circuit's program or drawing to stdout, and what is known of it beside that."""
    message(
        f"Circuit {item['index']} '{item['name']}', {plural(item['shots'], 'shot')}, "
        f"from {_place(item)}"
    )
    if item["metadata"]:
        message(f"  with {metadata_text(item['metadata'])}")
    if item["layout"] is not None:
        message(
            f"  compiled; its qubits are on {_qubits(item['layout']['initial'])}"
            + (
                ""
                if item["layout"]["initial"] == item["layout"]["final"]
                else f", at the end on {_qubits(item['layout']['final'])}"
            )
        )
    write_line(item["text"].rstrip("\n"))


def _place(item: Data) -> str:
    return str(item["source"]) + (f", program {item['position']}" if item["position"] else "")


def _qubits(qubits: Sequence[int]) -> str:
    return ", ".join(map(str, qubits))

"""Accounts, one with all that is known of it, and instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .console import err, is_terminal, out, write_line
from .text import clean, plural

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["account_line", "show_account", "show_accounts", "show_choice", "show_instances"]

Data = Mapping[str, Any]

_HERE = "this machine"
_KINDS = {
    "local": "the embedded service, started when it is needed",
    "stored": "logged in to",
    "environment": "described by variables",
    "qiskit": "one of Qiskit's",
}


def show_accounts(items: Sequence[Data]) -> None:
    """Show accounts, in their order."""
    if not is_terminal():
        for item in items:
            fields = (
                clean(item["name"]),
                item["kind"],
                "in use" if item["in_use"] else "-",
                clean(item["url"] or "-"),
                clean(item["instance"] or item["instance_name"] or "-"),
                clean(item["problem"]),
            )
            write_line("\t".join(fields).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("", no_wrap=True)
    # Names are typed again: they stand whole, where there is any room for that.
    table.add_column("account", no_wrap=True, max_width=max(16, out().width - 32))
    table.add_column("service", overflow="fold")
    table.add_column("instance", overflow="fold")
    for item in items:
        bad = bool(item["problem"])
        table.add_row(
            Text("*" if item["in_use"] else "", "bold"),
            Text(clean(item["name"]), "bold" if item["in_use"] else "dim" if bad else ""),
            Text("cannot be used" if bad else _host(item), "dim" if bad else ""),
            Text(_instance(item)),
        )
    out().print(table)
    for item in items:
        if item["problem"]:
            out().print(Text(clean(item["problem"]), "dim", overflow="fold"))


def account_line(item: Data) -> str:
    """Describe an account in a few words."""
    if item["kind"] == "local":
        return f"'{item['name']}', {_KINDS['local']}"
    words = [f"'{item['name']}'", _host(item)]
    instance = _instance(item)
    return ", ".join([*words, f"instance {instance}"] if instance else words)


def show_account(item: Data, *, origins: bool) -> None:
    """Show an account; with `origins` where each of its values comes from."""
    rows = [(label, text, _origin(item, key)) for key, label, text in _facts(item)]
    if not is_terminal():
        for label, text, origin in rows:
            fields = (label, clean(text), clean(origin) if origins else "")
            write_line("\t".join(fields).rstrip())
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if origins:
        table.add_column(overflow="fold", style="cyan")
    for label, text, origin in rows:
        table.add_row(label, Text(clean(text)), *([Text(clean(origin))] if origins else []))
    out().print(table)


def show_instances(items: Sequence[Data]) -> None:
    """Show the instances that a key reaches."""
    for item in items:
        if is_terminal():
            out().print(_instance_text(item))
            continue
        fields = (
            *(clean(item[key] or "-") for key in ("name", "plan", "region")),
            clean(" ".join(item["backends"]) or "-"),
            clean(item["crn"]),
            "in use" if item["in_use"] else "",
        )
        write_line("\t".join(fields).rstrip())


def show_choice(items: Sequence[Data]) -> None:
    """Show instances with the numbers by which one is chosen, on stderr."""
    for number, item in enumerate(items, 1):
        err().print(_instance_text(item, f"{number}  "))


def _instance_text(item: Data, number: str = "") -> Text:
    """Describe an instance on two lines: what it is, and its CRN, which is longer than a screen."""
    from rich.text import Text

    backends = clean(" ".join(item["backends"]))
    facts = (
        clean(item["plan"]),
        clean(item["region"]),
        "any backend" if backends == "ANY" else backends,
        "in use" if item["in_use"] else "",
    )
    return Text.assemble(
        number,
        (clean(item["name"] or "(without a name)"), "bold"),
        f"  {' · '.join(fact for fact in facts if fact)}\n",
        (f"   {clean(item['crn'])}", "dim"),
        overflow="fold",
    )


def _facts(item: Data) -> list[tuple[str, str, str]]:
    """Return what is known of an account: what it is to the data, a label, a text."""
    key = item["key"]
    secret = f"{plural(key['characters'], 'character')}, id {key['id']}" if key else ""
    limit = item["pace_limit"]
    pace = "no limit" if limit is None else f"{limit} in {item['pace_window']:g} s"
    pending = item["max_pending"]
    facts = [
        ("name", "name", item["name"]),
        ("", "kind", _KINDS[item["kind"]]),
        ("", "in use", "yes" if item["in_use"] else "no"),
        ("url", "service", item["url"] or ""),
        ("instance", "instance", item["instance"] or item["instance_name"] or ""),
        ("", "its name", item["instance_name"] if item["instance"] else ""),
        ("iam_url", "IAM", item["iam_url"] or ""),
        ("key", "API key", secret),
        ("proxy", "proxy", item["proxy"] or ""),
        ("ca_bundle", "certificates", item["ca_bundle"] or ""),
        ("verify", "certificates", "" if item["verify"] else "not checked"),
        ("", "backend", item["default_backend"] or ""),
        ("pace_limit", "submissions", pace),
        ("max_pending", "pending jobs", "no limit" if pending is None else str(pending)),
        ("settle_delay", "settle time", f"{item['settle_delay']:g} s"),
    ]
    # Without an instance it is still worth knowing that there is none.
    unknown = {"instance": "the only one that the key reaches", "url": "follows from the instance"}
    if item["kind"] != "local":
        facts = [(of, label, text or unknown.get(of, "")) for of, label, text in facts]
    return [fact for fact in facts if fact[2]]


def _origin(item: Data, key: str) -> str:
    """Return where a value comes from; a pace has two origins."""
    keys = (key, "pace_window") if key == "pace_limit" else (key,)
    return "; ".join(dict.fromkeys(item["origins"].get(key, "") for key in keys))


def _host(item: Data) -> str:
    if item["kind"] == "local":
        return _HERE
    return clean(urlsplit(item["url"]).netloc) if item["url"] else "IBM Quantum"


def _instance(item: Data) -> str:
    """Name an instance in short: by its name, or the part of its CRN that is its own."""
    name, crn, region = item["instance_name"], item["instance"], item["region"]
    if not name and crn:
        fields = crn.split(":")
        name = fields[7] if len(fields) > 7 else crn
    return clean(f"{name} ({region})" if name and region else name or "")

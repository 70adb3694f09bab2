"""Job sets and their jobs: tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .console import is_terminal, message, out, write_line
from .text import (
    clean,
    counts_text,
    duration_text,
    plural,
    reason_lines,
    short_span,
    size_text,
    status_word,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "job_set_view",
    "most_urgent",
    "progress_texts",
    "sets_view",
    "show_events",
    "show_job_set",
    "show_logs",
    "show_outcome",
    "show_outcomes",
    "show_plan",
    "show_sets",
    "show_usage",
]

Data = Mapping[str, Any]

STYLES = {
    "INITIALIZING": "dim",
    "QUEUED": "dark_orange",
    "VALIDATING": "dark_orange",
    "RUNNING": "cyan",
    "DONE": "green",
    "CANCELLED": "magenta",
    "ERROR": "bold red",
    "planned": "dim",
    "submitting": "dark_orange",
    "running": "cyan",
    "done": "green",
    "failed": "bold red",
    "cancelled": "magenta",
}
# The jobs that a person looks for first, where not all of them fit.
_URGENCY = ("ERROR", "CANCELLED", "RUNNING", "VALIDATING", "QUEUED", "INITIALIZING", "DONE")
_ENDED = {"ERROR", "CANCELLED", "DONE"}
_BAR = 40
_FRAME_LINES = 9  # of a job set's view, around the rows of jobs
_ROUNDED = 90.0  # seconds; a time that is left is told to the minute beyond
_REASONS = 3
_WIDE, _MEDIUM = 130, 90  # columns
_ROOM_FOR_DISK = 110
_LONG_NAME = 24  # columns of a name that are worth those of a figure


def show_sets(sets: Sequence[Data]) -> None:
    """Show sets, newest first."""
    if not is_terminal():
        for item in sets:
            counts = _totals(item["counts"])
            fields = (item["id"], item["state"], item["backend"], clean(item["name"]), counts)
            write_line("\t".join(fields))
        return
    from rich.text import Text

    width = out().width
    medium = width >= _MEDIUM
    table = _table()
    table.add_column("job set", no_wrap=True)
    taken = 104 if medium else 45
    # Names come first.
    longest = max((len(clean(item["name"])) for item in sets), default=0)
    with_disk = (
        width >= _ROOM_FOR_DISK
        and width - taken - 10 >= min(longest, _LONG_NAME)
        and all("disk_bytes" in item for item in sets)
    )
    taken += 10 if with_disk else 0
    table.add_column("name", no_wrap=True, max_width=_left(width, taken))
    if medium:
        table.add_column("backend", no_wrap=True, max_width=20)
    table.add_column("state", no_wrap=True)
    table.add_column("done", justify="right", no_wrap=True)
    if medium:
        table.add_column("circuits", justify="right", no_wrap=True)
        table.add_column("created", no_wrap=True)
    if with_disk:
        table.add_column("disk", justify="right", no_wrap=True)
    if width >= _WIDE:
        table.add_column("tags", no_wrap=True, max_width=_left(width, 160))
    for item in sets:
        cells = [item["id"], clean(item["name"])]
        if medium:
            cells.append(item["backend"])
        cells += ["", f"{item['counts']['DONE']}/{item['total_jobs']}"]
        if medium:
            cells += [str(item["total_circuits"]), _time(item["created_at"])]
        if with_disk:
            cells.append(size_text(item["disk_bytes"]))
        if width >= _WIDE:
            cells.append(clean(" ".join(item["tags"])))
        texts = [Text(cell) for cell in cells]
        texts[3 if medium else 2] = Text(item["state"], STYLES[item["state"]])
        table.add_row(*texts)
    out().print(table)


def show_job_set(item: Data) -> None:
    """Show a set and its jobs: those that fit on a terminal, all of them elsewhere."""
    if is_terminal():
        out().print(job_set_view(item, rows=out().height, width=out().width, live=False))
        return
    write_line(
        f"{item['id']}\t{item['state']}\t{item['backend']}\t{clean(item['name'])}\t"
        f"{_totals(item['counts'])}"
    )
    for job in item["jobs"]:
        first, last = job["first_circuit"], job["last_circuit"]
        # Always of the same form, for programs; of one circuit as well.
        span = f"{first}-{last}" if first == last else _span(job)
        status = status_word(job["status"])
        fields = (str(job["index"]), span, status, job["id"] or "-", clean(job["reason"]))
        write_line("\t".join(fields).rstrip())


def job_set_view(
    item: Data, *, rows: int, width: int, live: bool = True, age: float = 0.0
) -> RenderableType:
    """Build the view of a set: its heading, a bar of its states, its jobs, its troubles.

    Of the jobs only those are drawn that fit into `rows` lines, the ones that need looking at.
    Reasons are cut to a line each when it is `live`. The figures were told `age` seconds ago.
    """
    from rich.console import Group
    from rich.text import Text

    jobs = item["jobs"]
    heading = Text.assemble(
        (item["id"], "bold"),
        "  ",
        (item["state"], STYLES[item["state"]]),
        f"  {clean(item['name'])}",
        no_wrap=True,
        overflow="ellipsis",
    )
    facts = Text(
        f"{item['backend']} · {plural(item['total_circuits'], 'circuit')} · "
        f"{plural(item['shots'], 'shot')}"
        + (f" · {size_text(item['disk_bytes'])}" if "disk_bytes" in item else "")
        + (f" · {clean(', '.join(item['tags']))}" if item["tags"] else ""),
        style="dim",
        no_wrap=True,
        overflow="ellipsis",
    )
    parts: list[RenderableType] = [heading, facts, _state_bar(item, width)]
    timing = _packed(progress_texts(item, age), width)
    parts += [Text(line, no_wrap=True, overflow="ellipsis") for line in timing]
    shown = most_urgent(jobs, max(1, rows - _FRAME_LINES - len(timing)))
    parts.append(_jobs_table(shown, width))
    if len(shown) < len(jobs):
        more = plural(len(jobs) - len(shown), "more job")
        whole = f"`ibmqbatch status {item['id']} | less` lists all"
        parts.append(Text(f"… and {more}; {whole}", style="dim", no_wrap=True, overflow="ellipsis"))
    if width < _WIDE:
        # What has failed is looked for first.
        failed = [job for job in jobs if job["status"] == "ERROR"]
        others = [job for job in jobs if job["status"] != "ERROR"]
        lines = [
            (clean(line), style)
            for some, style in ((failed, "red"), (others, "dark_orange"))
            for line in reason_lines((job["index"], job["reason"]) for job in some)
        ]
        # Whole where there is room, in one line each where there is not.
        wrapping: dict[str, Any] = {"no_wrap": live, "overflow": "ellipsis" if live else "fold"}
        parts += [Text(line, style, **wrapping) for line, style in lines[:_REASONS]]
    return Group(*parts)


def progress_texts(item: Data, age: float = 0.0) -> list[str]:
    """Return how far a set is in words, what is looked for first coming first.

    The figures were told `age` seconds ago: those of times go on since. Empty where none are told.
    """
    told = item.get("progress")
    if told is None:
        return []
    texts = []
    left, wait = told["seconds_left"], told["next_submission_seconds"]
    over = all(status in _ENDED for status, number in item["counts"].items() if number)
    if not over:
        texts.append("time left unknown" if left is None else _left_text(max(0.0, left - age)))
    if told["unsent_jobs"]:
        jobs = plural(told["unsent_jobs"], "job")
        if wait is not None and wait > age:
            texts.append(f"next submission in {math.ceil(wait - age)} s, {jobs} to send")
        else:
            texts.append(f"{jobs} to send")
    texts.append(f"{duration_text(told['elapsed_seconds'] + (0.0 if over else age))} elapsed")
    texts.append(f"{told['done_jobs']} of {plural(item['total_jobs'], 'job')} done")
    texts.append(f"{told['done_circuits']} of {plural(item['total_circuits'], 'circuit')}")
    if told["stored_jobs"] != told["done_jobs"]:
        texts.append(f"results of {told['stored_jobs']} here")
    if told["queue_length"] is not None and not told["done_jobs"] and not over:
        texts.append(f"{plural(told['queue_length'], 'job')} in the queue")
    if told["used_seconds"] is not None:
        texts.append(f"{told['used_seconds']:.10g} s of the quantum processor used")
    if told["instance_seconds_left"] is not None:
        texts.append(f"the instance has {told['instance_seconds_left']:.0f} s left")
    return texts


def _left_text(left: float) -> str:
    """Write an estimate no finer than it is."""
    if left < 1:
        return "about to end"
    if left <= _ROUNDED:
        return f"about {math.ceil(left)} s left"
    minutes = math.ceil(left / 60)
    return f"about {duration_text(60 * minutes) if minutes >= 60 else f'{minutes} min'} left"


def _packed(texts: Sequence[str], width: int) -> list[str]:
    """Put texts behind each other, on as few lines as have room for them."""
    lines: list[str] = []
    for text in texts:
        longer = f"{lines[-1]} · {text}" if lines else text
        if lines and len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(text)
    return lines


def sets_view(items: Sequence[tuple[Data, float]], *, rows: int, width: int) -> RenderableType:
    """Build the view of several sets that are waited for: a line for each that has room.

    Those that are not over come first. The figures of each were told so many seconds ago.
    """
    from rich.console import Group
    from rich.text import Text

    def is_over(item: Data) -> bool:
        return all(status in _ENDED for status, number in item["counts"].items() if number)

    over = [each for each in items if is_over(each[0])]
    still_open = [each for each in items if not is_over(each[0])]
    shown = [*still_open, *over][: max(1, rows - 3)]
    table = _table()
    table.add_column("job set", no_wrap=True)
    if width >= _MEDIUM:
        table.add_column("name", no_wrap=True, max_width=_left(width, 100))
    table.add_column("state", no_wrap=True)
    table.add_column("done", justify="right", no_wrap=True)
    table.add_column("time", no_wrap=True)
    for item, age in shown:
        cells = [Text(item["id"])]
        if width >= _MEDIUM:
            cells.append(Text(clean(item["name"])))
        cells += [
            Text(item["state"], STYLES[item["state"]]),
            Text(f"{item['counts']['DONE']}/{item['total_jobs']}"),
            # Of two texts on a narrow screen the first is looked for.
            Text(" · ".join(progress_texts(item, age)[: 2 if width >= _WIDE else 1])),
        ]
        table.add_row(*cells)
    parts: list[RenderableType] = [
        Text(f"{len(over)} of {plural(len(items), 'job set')} over", style="bold"),
        table,
    ]
    if len(shown) < len(items):
        parts.append(Text(f"… and {plural(len(items) - len(shown), 'more job set')}", style="dim"))
    return Group(*parts)


def most_urgent(jobs: Sequence[Data], rows: int) -> list[Data]:
    """Return `rows` jobs at most, those that one looks for first, in their order."""
    if len(jobs) <= rows:
        return list(jobs)
    rank = {status: number for number, status in enumerate(_URGENCY)}
    urgent = heapq.nsmallest(rows, jobs, key=lambda job: (rank[job["status"]], job["index"]))
    return sorted(urgent, key=lambda job: job["index"])


def _jobs_table(jobs: Sequence[Data], width: int) -> Table:
    from rich.text import Text

    table = _table()
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("circuits", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("id", no_wrap=True, max_width=24)
    if width >= _MEDIUM:
        table.add_column("submitted", no_wrap=True)
        table.add_column("finished", no_wrap=True)
    if width >= _WIDE:
        table.add_column("try", justify="right", no_wrap=True)
        table.add_column("service", no_wrap=True)
        table.add_column("reason", no_wrap=True, max_width=_left(width, 116))
    for job in jobs:
        status = status_word(job["status"]) + (" ?" if job["unsure"] else "")
        cells = [
            Text(str(job["index"])),
            Text(_span(job)),
            Text(status, STYLES[job["status"]]),
            Text(job["id"] or "", "dim"),
        ]
        if width >= _MEDIUM:
            cells += [Text(_clock(job["submitted_at"])), Text(_clock(job["finished_at"]))]
        if width >= _WIDE:
            cells += [
                Text(str(job["attempt"])),
                Text(clean(job["service_status"] or "")),
                Text(clean(job["reason"])),
            ]
        table.add_row(*cells)
    return table


def _state_bar(item: Data, width: int) -> Text:
    """Draw the jobs' states as a bar of proportional parts, with their counts behind it."""
    from rich.text import Text

    total = max(1, item["total_jobs"])
    space = min(_BAR, max(10, width - 40))
    bar = Text(no_wrap=True, overflow="ellipsis")
    drawn = edge = 0
    present = [(s, n) for s, n in item["counts"].items() if n]
    order = ["DONE", "RUNNING", "VALIDATING", "QUEUED", "INITIALIZING", "CANCELLED", "ERROR"]
    present.sort(key=lambda pair: order.index(pair[0]))
    for status, count in present:
        edge += count
        cells = round(space * edge / total) - drawn
        drawn += cells
        bar.append(("░" if status == "INITIALIZING" else "█") * cells, STYLES[status])
    for status, count in present:
        bar.append(f"  {count} ")
        bar.append(status_word(status).lower(), STYLES[status])
    return bar


def show_usage(item: Data) -> None:
    """Show what the jobs of a set have used, and when they ran."""
    measured = [job for job in item["jobs"] if job["usage"]]
    if not is_terminal():
        for job in measured:
            usage = job["usage"]
            fields = (_seconds(usage), usage["running_at"] or "-", usage["finished_at"] or "-")
            write_line("\t".join(["usage", str(job["index"]), *fields]))
        write_line(f"used\t{item['used_seconds']:.10g}")
        return
    from rich.text import Text

    table = _table()
    for heading in ("job", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("ran from", "to"):
        table.add_column(heading, no_wrap=True)
    for job in measured:
        usage = job["usage"]
        cells = (_seconds(usage), _time(usage["running_at"]), _time(usage["finished_at"]))
        table.add_row(str(job["index"]), *map(Text, cells))
    out().print(table)
    estimate = item["estimated_seconds"]
    estimated = "" if estimate is None else f", {estimate:.1f} s were estimated"
    out().print(Text(f"{item['used_seconds']:.10g} s of the quantum processor{estimated}"))


def _seconds(usage: Data) -> str:
    return "-" if usage["seconds"] is None else f"{usage['seconds']:.10g}"


def show_events(events: Sequence[Data]) -> None:
    """Show a set's history, oldest first."""
    for event in events:
        job = "" if event["job"] is None else f"job {event['job']}"
        attempt = "" if event["attempt"] is None else f"attempt {event['attempt']}"
        words = (event["at"], event["kind"], job, attempt, event["id"] or "", event["detail"])
        if is_terminal():
            from rich.text import Text

            text = Text(f"{_time(event['at'])}  ", style="dim")
            text.append(event["kind"], "bold")
            text.append(" " + clean("  ".join(word for word in words[2:] if word)), "default")
            out().print(text)
        else:
            write_line("\t".join(clean(word) for word in words).rstrip())


def show_plan(plan: Data) -> None:
    """Show what would be sent."""
    per_job = [job["total_circuits"] for job in plan["jobs"]]
    spread = str(max(per_job)) if min(per_job) == max(per_job) else f"{min(per_job)}-{max(per_job)}"
    lines = [
        ("name", clean(plan["name"])),
        ("circuits", f"{plan['total_circuits']}"),
        ("jobs", f"{plan['total_jobs']}"),
        ("circuits per job", spread),
        ("shots", f"{plan['shots']}"),
        ("executions", f"{plan['executions']}"),
        ("bytes", f"{plan['bytes']}"),
        ("minutes to send", f"{plan['minutes_to_send']:g}"),
    ]
    if plan["estimated_seconds"] is not None:
        lines.append(("quantum seconds", f"{plan['estimated_seconds']:.1f} (estimated)"))
    if plan["usage_left_seconds"] is not None:
        lines.append(("seconds left", f"{plan['usage_left_seconds']:.0f}"))
    if not is_terminal():
        for key, value in lines:
            write_line(f"{key}\t{value}")
        return
    from rich.text import Text

    table = _table(header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in lines:
        table.add_row(key, Text(value))
    out().print(table)


def _table(*, header: bool = True) -> Table:
    from rich.table import Table

    return Table(box=None, pad_edge=False, header_style="bold", show_header=header, padding=(0, 1))


def _left(width: int, taken: int) -> int:
    """Return the columns that the others leave for the one that is cut where it must be."""
    return min(60, max(8, width - taken))


def _totals(counts: Mapping[str, int]) -> str:
    return " ".join(f"{status_word(status)}={n}" for status, n in counts.items() if n)


def _span(job: Data) -> str:
    return short_span(job["first_circuit"], job["last_circuit"], job["total_circuits"])


def _time(at: str | None) -> str:
    """Show a time to the second: the day, and the time in UTC."""
    return at[:19].replace("T", " ") if at else ""


def _clock(at: str | None) -> str:
    return at[5:19].replace("T", " ") if at else ""


def show_outcome(item: Data) -> None:
    """Write to stderr how a set stands after it was sent, and why jobs have failed."""
    message(
        f"{plural(item['total_circuits'], 'circuit')} in {plural(item['total_jobs'], 'job')}: "
        f"{counts_text(item['counts'])}."
    )
    jobs = [job for job in item["jobs"] if job["reason"] and job["status"] in _ENDED]
    reasons = reason_lines((job["index"], job["reason"]) for job in jobs) if jobs else []
    for line in reasons[:_REASONS]:
        message(line)
    if len(reasons) > _REASONS:
        message(f"{plural(len(reasons) - _REASONS, 'other reason')}: see `ibmqbatch logs`.")
    if item["counts"]["ERROR"]:
        message(f"`ibmqbatch retry {item['id']}` runs failed jobs again.")


def show_outcomes(items: Sequence[Data]) -> None:
    """Write to stderr how each of several sets stands, in a line."""
    for item in items:
        message(f"{item['id']} ({clean(item['name'])}): {counts_text(item['counts'])}.")


def show_logs(logs: Sequence[Mapping[str, Any]]) -> None:
    """Show each job's reason, then its log, line by line."""
    for number, item in enumerate(logs):
        if number:
            write_line("")
        _log_heading(item)
        if item["reason"]:
            write_line(clean(item["reason"]))
        if item["solution"]:
            write_line(clean(item["solution"]))
        for line in (item["text"] or "").splitlines():
            write_line(clean(line))


def _log_heading(item: Mapping[str, Any]) -> None:
    parts = [f"job {item['index']}", status_word(item["status"]), clean(item["id"] or "not sent")]
    if is_terminal():
        from rich.text import Text

        out().print(Text("  ".join(parts), "bold"), no_wrap=True, overflow="ellipsis")
    else:
        write_line("\t".join(parts))

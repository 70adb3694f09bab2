"""The report as one HTML file that loads nothing: text, style, script, library and data in it."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
import math
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..clock import iso
from ..errors import MissingPackage
from ..render.output import binary_output
from ..render.text import plural
from .device_map import DeviceMap
from .gather import Report, Work, gather_set, work_of

if TYPE_CHECKING:
    from ..jobset.job_set import JobSet

__all__ = ["page_of", "write_report"]

_HERE = Path(__file__).parent
_GENERATOR = f"ibmqbatch {__version__}"
_MOST_JOBS = 500  # that are listed in the table; the time line has all
_MOST_SOURCES = 20
# What Vega exports to the page. Whatever it draws, it draws without evaluating text as code.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_DIGITS = 6  # of figures in the data


def write_report(job_sets: Sequence[JobSet], path: Path) -> int:
    """Write the page of these sets, whole or not at all; return how many bytes it has.

    Raises MissingPackage where the plotting library is not installed, and StorageError.
    """
    page = page_of([gather_set(job_set) for job_set in job_sets]).encode()
    with binary_output(path) as file:
        file.write(page)
    return len(page)


def page_of(reports: Sequence[Report]) -> str:
    """Return the page of one set or several; raises MissingPackage without the plotting library.

    All text of others is escaped, or stands in the data, compressed. The page's own policy admits
    its own script and style by their digests, and nothing else: no request, no other script.
    """
    library, script = _library(), (_HERE / "page.js").read_text("utf-8")
    style = (_HERE / "page.css").read_text("utf-8")
    policy = {
        "default-src": "'none'",
        "script-src": f"{_digest(script)} {_digest(library)}",
        "style-src": _digest(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if len(reports) == 1:
        title, top = _title(reports[0]), ""
        contents = [(place, name) for place, name, _ in _sections(reports[0], 0)]
    else:
        title = f"{len(reports)} job sets"
        top = f'<header class="top"><h1>{title}</h1></header>'
        contents = [(f"set-{number}", _title(report)) for number, report in enumerate(reports)]
    # What looks like a script's end or beginning would be one, also within a script.
    assert "</" not in script and "<!--" not in script
    return Template((_HERE / "page.html").read_text("utf-8")).substitute(
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        generator=_GENERATOR,
        title=title,
        style=style,
        top=top,
        contents="".join(
            f'<li><a href="#{place}">{name}</a></li>'
            for place, name in (*contents, ("circuits", "Circuits"))
        ),
        sets="\n".join(
            _set(report, number, level=1 if len(reports) == 1 else 2)
            for number, report in enumerate(reports)
        ),
        made=_moment(iso(time.time())),
        data=_packed(
            json.dumps(_data(reports), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        ),
        library=_packed(library),
        script=script,
    )


@functools.cache
def _library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        import vl_convert
    except ImportError as error:
        raise MissingPackage(
            "A report needs vl-convert-python, which is not installed.",
            "pip install 'ibmqbatch[report]'",
        ) from error
    return str(vl_convert.javascript_bundle(_SNIPPET))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


# The data that the script draws.


def _data(reports: Sequence[Report]) -> dict[str, Any]:
    """Return what is drawn, in columns, which compress better."""
    several = len(reports) > 1
    named = [
        (each, {"job set": report.record.name, **each.metadata} if several else each.metadata)
        for report in reports
        for each in report.histograms
    ]
    return {
        "sets": [_pictures(report) for report in reports],
        "circuits": {
            "index": [each.index for each, _ in named],
            "name": [each.name for each, _ in named],
            "metadata": [_finite(metadata) for _, metadata in named],
            "shots": [each.shots for each, _ in named],
            "outcomes": [[outcome for outcome, _ in each.outcomes] for each, _ in named],
            "counts": [[count for _, count in each.outcomes] for each, _ in named],
            "distinct": [each.distinct for each, _ in named],
            "rest": [each.rest for each, _ in named],
        },
        "values": [
            {
                "set": number,
                "index": value.index,
                "name": value.name,
                "observable": value.observable,
                "value": _short(value.value),
                "error": _short(value.standard_error),
                "shots": value.shots,
                "metadata": _finite(
                    {"job set": report.record.name, **value.metadata} if several else value.metadata
                ),
            }
            for number, report in enumerate(reports)
            for value in report.values
        ],
    }


def _finite(value: Any) -> Any:
    """Return metadata with a text in the place of each number that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _pictures(report: Report) -> dict[str, Any]:
    """Return what the charts of one set are drawn of."""
    return {
        "jobs": {
            "index": [job.index for job in report.jobs],
            "status": [job.status for job in report.jobs],
            **{
                name: [_milliseconds(getattr(job, name)) for job in report.jobs]
                for name in ("created", "running", "finished")
            },
            "circuits": [_span(job) for job in report.data["jobs"]],
        },
        "sweeps": [
            {
                "name": sweep.name,
                "circuits": list(sweep.circuits),
                "parameters": sweep.parameters,
                "chosen": sweep.chosen,
                "quantities": [
                    {
                        "kind": quantity.kind,
                        "label": quantity.label,
                        "title": quantity.title,
                        "values": [_short(value) for value in quantity.values],
                        "errors": [_short(value) for value in quantity.errors],
                    }
                    for quantity in sweep.quantities
                ],
            }
            for sweep in report.sweeps
        ],
        "device": None if report.device is None else asdict(report.device),
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(1000 * seconds)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


# What is written as HTML.


def _text(value: object) -> str:
    return html.escape(str(value))


def _moment(text: str | None) -> str:
    """Write an ISO 8601 time for a person, to the second."""
    return " ".join(_day_and_time(text)) if text else "not known"


def _day_and_time(text: str) -> tuple[str, str]:
    day, _, rest = text.partition("T")
    zone = rest[8:].lstrip(".0123456789").replace("Z", "UTC")
    return _text(day), _text(f"{rest[:8]} {zone}".strip())


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _title(report: Report) -> str:
    return _text(report.record.name or report.record.id)


def _set(report: Report, number: int, *, level: int) -> str:
    """Return all of a set but its circuits; `level` is that of its heading."""
    inner = f"h{level + 1}"
    sections = "\n".join(
        f'<section id="{place}" aria-labelledby="{place}-title">'
        f'<{inner} id="{place}-title">{title}</{inner}>{body}</section>'
        for place, title, body in _sections(report, number)
    )
    return (
        f'<article class="set" id="set-{number}"><header class="top">'
        f'<p class="eyebrow">Job set <code>{_text(report.record.id)}</code></p>'
        f"<h{level}>{_title(report)}</h{level}>{_state(report)}{_tags(report.record.tags)}"
        f'<dl class="facts">{"".join(_facts(report))}</dl></header>\n{sections}</article>'
    )


def _state(report: Report) -> str:
    words = {"INITIALIZING": "planned", "ERROR": "failed"}
    entries = "".join(
        f'<li><span class="dot {_text(status)}"></span><span><b>{count:,}</b> '
        f"{'job' if count == 1 else 'jobs'} {words.get(status, status.lower())}</span></li>"
        for status, count in report.data["counts"].items()
        if count
    )
    return f'<ul class="state" aria-label="Jobs by status">{entries}</ul>'


def _tags(tags: Sequence[str]) -> str:
    entries = "".join(f"<li>{_text(tag)}</li>" for tag in tags)
    return f'<ul class="tags" aria-label="Tags">{entries}</ul>' if tags else ""


def _facts(report: Report) -> Iterator[str]:
    record, data = report.record, report.data

    def fact(name: str, value: str, more: str = "") -> str:
        small = f"<small>{more}</small>" if more else ""
        return f"<div><dt>{name}</dt><dd>{value}{small}</dd></div>"

    yield fact("Backend", _text(record.backend), f"account {_text(record.account)}")
    if record.calibrated_at:
        yield fact("Calibrated", *_day_and_time(record.calibrated_at))
    yield fact("Created", *_day_and_time(record.created_at))
    if record.closed_at:
        yield fact("Finished", *_day_and_time(record.closed_at))
    missing = sum(not each.shots for each in report.histograms)
    yield fact(
        "Circuits",
        f"{record.total_circuits:,}",
        f"results of {record.total_circuits - missing:,}" if missing else "",
    )
    yield fact("Jobs", f"{record.total_jobs:,}", _text(data["state"]))
    shots = sum(each.shots for each in report.histograms)
    yield fact("Shots", f"{shots:,}", f"{record.shots:,} a circuit")
    if data["used_seconds"]:
        yield fact("Usage", f"{data['used_seconds']:.1f} s", "of the quantum processor")


def _sections(report: Report, number: int) -> Iterator[tuple[str, str, str]]:
    """Yield the parts of what is told of a set: anchor, title and body, as HTML."""
    failures = list(_failures(report.data["jobs"]))
    if failures:
        body = f'<ul class="failures">{"".join(failures)}</ul>'
        yield f"failures-{number}", "Failures", body
    for at, sweep in enumerate(report.sweeps):
        title = "Sweep" + (f" of {_text(sweep.name)}" if sweep.name else "")
        yield f"sweep-{number}-{at}", title, _sweep(f"sweep-{number}-{at}")
    yield f"time-{number}", "Jobs in time", _time_line(report, number)
    if report.device is not None:
        title = f"Qubits of {_text(report.record.backend)}"
        yield f"device-{number}", title, _device(report, report.device, number)
    yield f"again-{number}", "Make it again", _again(report)


def _failures(jobs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each reason for which jobs failed, or their results are lost, with these jobs."""
    by_reason: dict[tuple[str, str], list[int]] = {}
    for job in jobs:
        if job["reason"]:
            by_reason.setdefault((job["reason"], job["solution"]), []).append(job["index"])
    for (reason, solution), indexes in by_reason.items():
        listed = ", ".join(map(str, indexes[:12])) + (", …" if len(indexes) > 12 else "")
        which = f"Job {listed}" if len(indexes) == 1 else f"{len(indexes):,} jobs: {listed}"
        more = f"<p>{_text(solution)}</p>" if solution else ""
        yield f"<li><p>{_text(reason)}</p>{more}<p>{which}</p></li>"


def _sweep(place: str) -> str:
    return (
        f'<div class="panel"><div class="choices" id="{place}-choices"></div>'
        f'<div class="chart" id="{place}-chart"></div>'
        f'<details class="chart-table" id="{place}-table"><summary>As a table</summary>'
        '<div class="scroll" tabindex="0" role="region" aria-label="The sweep as a table"></div>'
        "</details></div>"
    )


def _time_line(report: Report, number: int) -> str:
    known = work_of(report.jobs)
    told = [_work(known)] if known else []
    unseen = sum(job.finished is not None and job.running is None for job in report.jobs)
    if unseen:
        told.append(
            f"When {plural(unseen, 'job')} began to run is not known; <code>ibmqbatch "
            f"status {_text(report.record.id)} --usage</code> asks."
        )
    lead = f'<p class="lead">{" ".join(told)}</p>' if told else ""
    if any(job.created is not None for job in report.jobs):
        legend = "".join(
            f'<li><span class="dot {name}"></span>{word}</li>'
            for name, word in (
                ("QUEUED", "queued"),
                ("DONE", "ran"),
                ("ERROR", "failed"),
                ("CANCELLED", "cancelled"),
            )
            if name in {"QUEUED", "DONE"} or report.data["counts"][name]
        )
        chart = f'<ul class="legend">{legend}</ul>'
        chart += f'<div class="chart" id="time-{number}-chart"></div>'
    else:
        chart = '<p class="none">No job has been sent.</p>'
    return f'{lead}<div class="panel">{chart}{_job_table(report)}</div>'


def _work(work: Work) -> str:
    gap = f" The longest pause between jobs was {_duration(work.gap)}." if work.gap else ""
    return (
        f"{_duration(work.span)} from the first submission to the last result; jobs ran in "
        f"{_duration(work.busy)} of these.{gap}"
    )


def _job_table(report: Report) -> str:
    jobs = report.data["jobs"]
    rows = "".join(
        f'<tr><td class="number">{job["index"]}</td><td>{_text(job["id"] or "not sent")}</td>'
        f'<td class="number">{_span(job)}</td><td>{_text(job["status"].lower())}</td>'
        f"<td>{_moment(job['submitted_at'])}</td><td>{_moment(job['finished_at'])}</td>"
        f'<td class="number">{_used(job)}</td></tr>'
        for job in jobs[:_MOST_JOBS]
    )
    more = (
        f"<p>These are the first {_MOST_JOBS} of {len(jobs):,}; <code>ibmqbatch status "
        f"{_text(report.record.id)} --json</code> has all.</p>"
        if len(jobs) > _MOST_JOBS
        else ""
    )
    return (
        "<details><summary>As a table</summary>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Jobs"><table><thead><tr>'
        '<th scope="col" class="number">Job</th><th scope="col">Id</th>'
        '<th scope="col" class="number">Circuits</th><th scope="col">Status</th>'
        '<th scope="col">Submitted</th><th scope="col">Finished</th>'
        '<th scope="col" class="number">Usage</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>{more}</details>"
    )


def _span(job: Mapping[str, Any]) -> str:
    """Write which circuits a job holds; not all between its ends where shots have moved some."""
    first, last, total = job["first_circuit"], job["last_circuit"], job["total_circuits"]
    if first == last:
        return str(first)
    share = "" if total > last - first else f"{total} of "
    return f"{share}{first}–{last}"


def _used(job: Mapping[str, Any]) -> str:
    seconds = (job["usage"] or {}).get("seconds")
    return "" if seconds is None else f"{seconds:.1f} s"


def _device(report: Report, device: DeviceMap, number: int) -> str:
    used = sum(qubit.circuits > 0 for qubit in device.qubits)
    known = (
        f"Circuits begin or end on {used} of its {len(device.qubits)} qubits, which have a ring."
        if used
        else f"It has {len(device.qubits)} qubits."
    )
    return (
        f'<p class="lead">{known} Calibrated {_moment(report.record.calibrated_at)}. '
        "Where qubits stand follows from their couplings.</p>"
        f'<div class="panel"><div class="chart" id="device-{number}-chart"></div></div>'
    )


def _again(report: Report) -> str:
    record = report.record
    commands = "".join(
        f'<div><p>{_text(what)}</p><pre tabindex="0"><code>{_text(line)}</code></pre></div>'
        for line, what in report.commands
    )
    listed = ", ".join(report.sources[:_MOST_SOURCES]) + (
        f", and {len(report.sources) - _MOST_SOURCES:,} more"
        if len(report.sources) > _MOST_SOURCES
        else ""
    )
    told: dict[str, object] = {
        "Set": record.id,
        "Program": record.program,
        "Shots of a circuit": record.shots,
        "Seed": record.seed,
        "Options": json.dumps(dict(record.options)) if record.options else None,
        "Compilation": ", ".join(
            f"{key.replace('_', ' ')} {value}"
            for key, value in record.compilation.items()
            if value is not None and value is not False
        ),
        "Sources": listed,
        **report.versions,
    }
    entries = "".join(
        f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
        for name, value in told.items()
        if value is not None and value != ""
    )
    return (
        f'<div class="panel"><dl class="options">{entries}</dl></div>'
        f'<div class="panel again">{commands}</div>'
    )

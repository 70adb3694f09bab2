"""How long the page of a large set keeps its reader waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from ibmqbatch.report.page import page_of
from tests.bench.measure import Measurement
from tests.bench.sets import environment
from tests.report.support import a_report
from tests.support.browser import CHROMIUM, browsing

_CIRCUITS = 10_000
_ROUNDS = 5


def report() -> Iterator[Measurement]:
    """Open 10,000 circuits: the browser's main thread is busy for 2 s at most, until all is drawn.

    Nothing is measured where there is no Chromium.
    """
    if CHROMIUM is None:
        return
    with environment() as variables, browsing() as browser:
        path = Path(variables["IBMQBATCH_HOME"], "report.html")
        path.write_text(page_of([a_report(_CIRCUITS)]), "utf-8")
        opened, found = zip(*(_round(browser, path) for _ in range(_ROUNDS)), strict=True)
    name = f"report, {_CIRCUITS} circuits"
    yield Measurement(name, median(opened), 2000, 1.0)
    yield Measurement(f"{name}, search", median(found), 200, 1.0)


def _round(browser: Any, path: Path) -> tuple[float, float]:
    """Return the milliseconds that opening the page takes, and finding a circuit in it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def busy() -> float:
        figures = session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in figures if each["name"] == "TaskDuration")

    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached")
    opened = busy()
    page.fill("#search", "c7777")
    page.wait_for_selector("#found:has-text('1 of')")
    searched = busy() - opened
    page.close()
    return opened, searched

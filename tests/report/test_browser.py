"""The page in a browser, opened from disk as its reader opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.report.gather import Report
from ibmqbatch.report.page import page_of
from tests.report.support import ANGLES, a_report, histograms
from tests.support.browser import CHROMIUM, browsing

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

MANY = 10_000
WINDOW = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
VIRIDIS = {0.0: "rgb(68, 1, 84)", 1.0: "rgb(253, 231, 37)"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def opened(browser: Any, home: Path, tmp_path: Path) -> Iterator[Any]:
    """Open the page of a report; at the end nothing must have gone wrong or left the machine."""
    told: list[str] = []
    contexts = []

    def open_page(report: Report | None = None, **settings: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(page_of([report or a_report()]), "utf-8")
        context = browser.new_context(**{"viewport": WINDOW, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: request.url == path.as_uri() or told.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []


def found(page: Any, text: str) -> None:
    """Wait until the number of circuits that are found is told."""
    playwright.expect(page.locator("#found")).to_have_text(text)


def names(page: Any) -> list[str]:
    """Return the names on the cards that are drawn, in the order of the page."""
    cards = page.locator(".card").all()
    placed = sorted((int(card.get_attribute("aria-posinset")), card) for card in cards)
    return [card.locator("h3 span").inner_text() for _, card in placed]


def to_circuits(page: Any) -> None:
    page.locator("#circuits-title").scroll_into_view_if_needed()
    page.locator("#grid").evaluate("host => host.scrollIntoView({behavior: 'instant'})")
    page.wait_for_selector(".card")


def test_all_pictures_are_drawn(opened):
    page = opened()
    for chart in ("sweep-0-0", "time-0", "device-0"):
        assert page.locator(f"#{chart}-chart svg[role=img][aria-label]").count() == 1


def test_search_finds_a_circuit_among_many(opened):
    page = opened(replace(a_report(), histograms=list(histograms(MANY))))
    page.fill("#search", "c7777")
    found(page, "1 of 10,000 circuits")
    to_circuits(page)
    assert names(page) == ["c7777"]


def test_search_finds_values_of_metadata_and_outcomes(opened):
    page = opened(a_report(5))
    page.fill("#search", "depth=3 11")
    found(page, "1 of 5 circuits")
    page.fill("#search", "nothing")
    found(page, "0 of 5 circuits")


def test_sorting_sorts_by_metadata_and_by_outcome(opened):
    page = opened(a_report(5))
    to_circuits(page)
    assert names(page) == ["c0", "c1", "c2", "c3", "c4"]
    page.select_option("#sort", "depth")
    assert names(page) == ["c0", "c3", "c1", "c4", "c2"]
    page.select_option("#sort", "most frequent outcome")
    assert names(page) == ["c4", "c3", "c2", "c1", "c0"]
    page.check("#descending")
    assert names(page) == ["c0", "c1", "c2", "c3", "c4"]


def test_of_many_circuits_only_those_in_sight_are_drawn(opened):
    page = opened(replace(a_report(), histograms=list(histograms(MANY))))
    to_circuits(page)
    assert 0 < page.locator(".card").count() < 60
    page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    playwright.expect(page.locator(f".card[aria-posinset='{MANY}']")).to_have_count(1)
    assert page.locator(".card").count() < 60
    assert page.locator("*").count() < 4000


def test_a_card_tells_outcomes_counts_and_shares(opened):
    page = opened(a_report(5))
    to_circuits(page)
    rows = page.locator(".card[aria-posinset='3'] tr").all()
    assert [row.inner_text().split() for row in rows] == [
        ["11", "998", "99.8", "%"],
        ["00", "2", "0.2", "%"],
    ]


def fill_at(page: Any, theta: float, phi: float) -> str:
    """Return the colour of a heat map's cell, found by where it stands."""
    cells = page.locator("#sweep-0-0-chart .mark-rect.role-mark path").all()
    boxes = [(cell.bounding_box(), cell) for cell in cells]
    columns = sorted({round(box["x"]) for box, _ in boxes})
    rows = sorted({round(box["y"]) for box, _ in boxes}, reverse=True)  # the lowest value first
    where = columns[ANGLES.index(theta)], rows[ANGLES.index(phi)]
    (cell,) = (c for box, c in boxes if (round(box["x"]), round(box["y"])) == where)
    colour: str = cell.evaluate("cell => getComputedStyle(cell).fill")
    return colour


def test_a_heat_map_has_the_colours_of_its_values(opened):
    page = opened()
    assert page.locator("#sweep-0-0-chart .mark-rect.role-mark path").count() == len(ANGLES) ** 2
    assert fill_at(page, 0.0, 2.0) == VIRIDIS[0.0]
    assert fill_at(page, 2.0, 2.0) == VIRIDIS[1.0]


def test_a_sweep_of_two_parameters_can_be_seen_as_curves(opened):
    page = opened()
    page.locator("#sweep-0-0-choices select").nth(1).select_option("curves")
    playwright.expect(page.locator("#sweep-0-0-chart .mark-line path")).to_have_count(len(ANGLES))


def test_the_table_of_a_sweep_has_its_values(opened):
    page = opened()
    page.locator("#sweep-0-0-table summary").click()
    rows = page.locator("#sweep-0-0-table tbody tr")
    playwright.expect(rows).to_have_count(len(ANGLES) ** 2)
    assert rows.last.inner_text().split() == ["2", "2", "1", "0", "8"]


def test_a_dark_screen_gets_a_dark_page(opened):
    shades = [
        opened(color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
        )
        for scheme in ("light", "dark")
    ]
    assert sum(shades[0]) > 3 * 240
    assert sum(shades[1]) < 3 * 40


def test_text_of_charts_is_light_on_a_dark_screen(opened):
    page = opened(color_scheme="dark")
    label = page.locator("#time-0-chart .role-axis-label text").first
    colour = label.evaluate("text => getComputedStyle(text).fill.match(/[0-9]+/g).map(Number)")
    assert sum(colour) > 3 * 140


def test_a_phone_scrolls_in_one_direction_only(opened):
    page = opened(viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    to_circuits(page)
    box = page.locator(".card").first.bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= PHONE["width"]


def test_paper_shows_all_circuits_of_a_small_set(opened):
    page = opened(a_report(30))
    paper = page.pdf()
    assert paper.startswith(b"%PDF") and paper.count(b"/Type /Page\n") > 2
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".card").count() == 30
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".card").count() < 30 or page.locator("#grid.loose").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_those_who_cannot_see_it(opened, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(color_scheme=scheme)
    to_circuits(page)
    # Its script is put in by the browser's own means: the page's policy admits none.
    response = axe.Axe().run(page).response
    grave = [
        (rule["id"], rule["impact"], [node["html"][:120] for node in rule["nodes"]][:3])
        for rule in response["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    assert {"color-contrast", "list", "label"} <= {rule["id"] for rule in response["passes"]}

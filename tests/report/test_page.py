"""The page: whole in itself, small, and with nothing in it that others could have it run."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ibmqbatch.errors import MissingPackage
from ibmqbatch.report.gather import Histogram
from ibmqbatch.report.page import page_of
from tests.report.support import a_report, data_of

EVIL = "</script><img src=x onerror=alert(1)><!--"


class Elements(HTMLParser):
    """Collects the elements of a page, and what they name that would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [
            str(value)
            for name, value in attrs
            if name in {"src", "srcset", "href", "data", "action", "style"}
            and not str(value).startswith("#")
        ]


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    return found


def test_a_page_loads_nothing(home):
    assert elements(page_of([a_report()])).loaded == []


def test_html_in_names_tags_and_reasons_is_text(home):
    tame = elements(page_of([a_report(name="a name", tags=("a tag",))]))
    report = a_report(name=EVIL, tags=(EVIL,))
    jobs = [{**job, "reason": EVIL, "solution": EVIL} for job in report.data["jobs"]]
    histogram = Histogram(0, EVIL, {EVIL: EVIL}, 1, [(EVIL, 1)], 1)
    wild = replace(report, data={**report.data, "jobs": jobs}, histograms=[histogram])
    found = elements(page_of([wild]))
    assert "img" not in found.tags
    assert found.tags.count("script") == tame.tags.count("script") == 3


def test_names_arrive_in_the_data_as_they_are(home):
    histogram = Histogram(0, EVIL, {}, 1, [("0", 1)], 1)
    page = page_of([replace(a_report(), histograms=[histogram])])
    assert data_of(page)["circuits"]["name"] == [EVIL]


def test_numbers_that_json_lacks_are_texts(home):
    histogram = Histogram(0, "c", {"fit": [math.nan, 1.5], "limit": -math.inf}, 1, [("0", 1)], 1)
    page = page_of([replace(a_report(), histograms=[histogram])])
    assert data_of(page)["circuits"]["metadata"] == [{"fit": ["nan", 1.5], "limit": "-inf"}]


def test_the_policy_admits_the_own_script_and_style_alone(home):
    page = page_of([a_report()])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-[\w+/=]{44}' ?){2}", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", rules["style-src"])


def test_a_hundred_wide_circuits_take_less_than_a_megabyte_and_a_half(home):
    wide = [
        Histogram(
            index,
            f"circuit {index}",
            {"number": index},
            4096,
            [(f"{index * 7919 ** (place + 30):0127b}"[:127], 8 - place) for place in range(8)],
            4000,
        )
        for index in range(100)
    ]
    assert len(page_of([replace(a_report(), histograms=wide)])) < 1_500_000


def test_several_sets_share_a_page(home):
    page = page_of([a_report(name="one"), a_report(name="two")])
    assert "<h1>2 job sets</h1>" in page
    assert {each["job set"] for each in data_of(page)["circuits"]["metadata"]} == {"one", "two"}


def test_jobs_that_failed_alike_are_told_of_once(home):
    report = a_report()
    jobs = [{**job, "reason": "No luck."} for job in report.data["jobs"]]
    page = page_of([replace(report, data={**report.data, "jobs": jobs})])
    assert page.count("No luck.") == 1
    assert "2 jobs: 0, 1" in page


def test_without_the_library_the_command_that_installs_it_is_named(home, monkeypatch):
    from ibmqbatch.report import page

    page._library.cache_clear()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingPackage) as caught:
        page_of([a_report()])
    assert caught.value.hint == "pip install 'ibmqbatch[report]'"

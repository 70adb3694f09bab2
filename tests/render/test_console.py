"""Words and numbers for people."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.live import Live

from ibmqbatch.render import console
from ibmqbatch.render.console import drawing_on, message, size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (69_632, "69.6 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (12_000_000_000, "12.0 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_in_units_of_a_thousand(size, text):
    assert size_text(size) == text


@pytest.fixture
def screen(monkeypatch) -> Console:
    """A terminal that stdout and stderr are both on."""
    monkeypatch.setattr(console, "is_terminal", lambda **_: True)
    return Console(file=io.StringIO(), force_terminal=True, width=40, color_system=None)


def test_message_goes_above_a_table_that_is_drawn(screen):
    with Live("table", console=screen, auto_refresh=False) as live, drawing_on(screen):
        live.refresh()
        message("a message")
    assert "a message\ntable" in screen.file.getvalue()


def test_message_goes_to_stderr_when_nothing_is_drawn(screen, monkeypatch):
    with drawing_on(Console(file=io.StringIO())):
        pass
    monkeypatch.setattr(console, "err", lambda: screen)
    message("a message")
    assert screen.file.getvalue() == "a message\n"

"""Reading limits out of the service's sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.service.error_mapping import is_pending_limit, pending_limit, rate_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("Too many requests: the limit is 5 per 1 minute.", (5, 60.0)),
        ("Too many POST jobs requests received: limit is 5 per 60 seconds.", (5, 60.0)),
        ("Too many requests: limit is 5 per minute", (5, 60.0)),
        ("limit is 10 requests per 30 s", (10, 30.0)),
        ("Limit: 5/min", (5, 60.0)),
        ("limit of 5 job submissions in any 60 seconds", (5, 60.0)),
        ("Rate limit: 100 requests an hour", (100, 3600.0)),
        ("the limit is 1000 every 2 hours", (1000, 7200.0)),
        ("limit is 5 per 0.5 minutes", (5, 30.0)),
        ("limit is 5 per 60s.", (5, 60.0)),
        ("limit is 50 per day", (50, 86_400.0)),
        ("5 requests per minute is the limit", (5, 60.0)),
        ("You made 6 requests in 60 seconds; the limit is 5 per minute", (5, 60.0)),
        ("Too many requests", None),
        ("Too many requests. Try again in 30 seconds.", None),
        ("limit is 0 per minute", None),
        ("limit is 5 per 0 seconds", None),
        ("limit is 5 per 400 days", None),
        ("limit is 5 per millisecond", None),
        ("limit is many per minute", None),
        ("", None),
    ],
)
def test_rate_is_read(text, limit):
    assert rate_limit(text) == limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("You have reached the limit of 3 pending jobs. Please wait for a job to complete.", 3),
        ("You have reached the maximum number of pending jobs", None),
        ("You have reached the maximum number of pending jobs (3).", 3),
        ("You have reached the maximum number of pending jobs. Job d2r8239ols failed.", None),
        ("You may have at most 5 pending jobs.", 5),
        ("There are 7 pending jobs, and the limit is 5", 5),
        ("Pending jobs limit of 4 reached", 4),
        ("Too many pending jobs: 3 pending jobs", 3),
        ("3 pending workloads", 3),
        ("Too many pending jobs", None),
    ],
)
def test_pending_window_is_read(text, limit):
    assert is_pending_limit(1208, text)
    assert pending_limit(text) == limit


@pytest.mark.parametrize("number", [3458, 1012])
def test_pending_window_is_known_by_its_code(number):
    assert is_pending_limit(number, "")
    assert pending_limit("") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Job is pending",
        "The job must be final, it is pending",
        "The instance has reached its usage limit",
        "The usage limit is reached. Pending jobs will not run.",
        "Too many requests: the limit is 5 per 1 minute.",
        "Body validation failed: jobs pending at /params",
    ],
)
def test_other_refusals_are_not_about_the_pending_window(text):
    assert not is_pending_limit(1208, text)


def test_used_up_quota_is_not_about_the_pending_window():
    assert not is_pending_limit(4317, "You have exceeded your monthly quota.")


@given(st.text(max_size=500) | st.from_regex(r"(limit|per|pending jobs|[0-9]{1,9}|in|minute| )+"))
def test_any_text_is_read_without_an_accident(text):
    rate = rate_limit(text)
    assert rate is None or (rate[0] > 0 and 0 < rate[1] <= 86_400)
    assert (pending_limit(text) or 1) > 0

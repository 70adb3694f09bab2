"""Which account is meant, and what the environment changes about it."""

from __future__ import annotations

import pytest

from ibmqbatch.errors import UsageError
from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.service.accounts import UnknownAccount, find_account


@pytest.fixture
def described(home, monkeypatch) -> None:
    """Describe an account by variables."""
    monkeypatch.setenv("IBMQBATCH_URL", "https://quantum.test/api/v1/")
    monkeypatch.setenv("IBMQBATCH_TOKEN", "secret-key")
    monkeypatch.setenv("IBMQBATCH_INSTANCE", "crn:1")


def test_local_is_what_a_newcomer_gets(home):
    account = find_account()
    assert (account.name, account.default_backend, account.pace_limit) == (
        "local",
        "ideal_simulator",
        None,
    )


def test_variables_describe_an_account(described):
    endpoint = find_account().locate()
    assert (endpoint.url, endpoint.api_key, endpoint.instance) == (
        "https://quantum.test/api/v1",
        "secret-key",
        "crn:1",
    )


def test_described_account_is_treated_as_ibm_wants_it(described):
    account = find_account()
    assert (account.pace_limit, account.pace_window) == (5, 60.0)
    assert (account.settle_delay, account.settle_gap) == (30.0, 10.0)
    assert account.default_backend is None


def test_local_stays_reachable_beside_a_described_account(described):
    assert find_account("local").name == "local"


def test_variable_names_the_account(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_ACCOUNT", "local")
    assert find_account().name == "local"


def test_named_account_goes_before_the_variable(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_ACCOUNT", "local")
    assert find_account("environment").name == "environment"


def test_unknown_account_lists_those_there_are(described):
    with pytest.raises(UnknownAccount) as caught:
        find_account("moon")
    assert caught.value.exit_code is ExitCode.AUTHENTICATION
    assert "local, environment" in caught.value.hint


@pytest.mark.parametrize("missing", ["IBMQBATCH_TOKEN", "IBMQBATCH_INSTANCE"])
def test_missing_variable_is_named(missing, described, monkeypatch):
    monkeypatch.delenv(missing)
    with pytest.raises(UnknownAccount, match=missing):
        find_account()


@pytest.mark.parametrize("variable", ["IBMQBATCH_TOKEN", "IBMQBATCH_INSTANCE"])
@pytest.mark.parametrize("value", ["a\nb-secret", "é-secret", "a b\r-secret"])
def test_variable_that_no_header_can_hold_is_refused_and_not_shown(
    variable, value, described, monkeypatch
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UnknownAccount, match=variable) as caught:
        find_account()
    assert "secret" not in caught.value.message


def test_pace_can_be_set(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE", "3")
    assert find_account().pace_limit == 3


def test_pace_of_zero_is_no_limit(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE", "0")
    assert find_account().pace_limit is None


def test_pending_window_can_be_set(home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_MAX_PENDING", "3")
    assert find_account().max_pending == 3


def test_settle_time_can_be_set(home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "9")
    account = find_account()
    assert (account.settle_delay, account.settle_gap) == (9.0, 3.0)


@pytest.mark.parametrize(
    "variable", ["IBMQBATCH_PACE", "IBMQBATCH_MAX_PENDING", "IBMQBATCH_SETTLE"]
)
@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf", "1e999"])
def test_number_that_is_none_is_refused_by_name(variable, value, home, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable):
        find_account()


def test_description_of_an_account_does_not_show_its_key(described):
    assert "secret-key" not in repr(find_account().locate())


def test_name_of_a_key_does_not_give_it_away(described):
    endpoint = find_account().locate()
    assert endpoint.api_key not in endpoint.key_id
    assert len(endpoint.key_id) == 24

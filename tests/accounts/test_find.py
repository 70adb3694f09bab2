"""Which account is meant, and what the environment changes about it."""

from __future__ import annotations

import pytest

from ibmqbatch.accounts.find import account_names, find_account
from ibmqbatch.accounts.model import Settings, UnknownAccount
from ibmqbatch.accounts.store import add_account, use_account
from ibmqbatch.errors import UsageError
from ibmqbatch.exitcodes import ExitCode
from tests.support.accounts import CRN


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


@pytest.mark.parametrize("present", ["IBMQBATCH_URL", "IBMQBATCH_INSTANCE"])
def test_variables_without_a_key_are_told_and_not_passed_over(present, home, monkeypatch):
    monkeypatch.setenv(present, "https://quantum.test")
    with pytest.raises(UnknownAccount, match=f"{present} is set, but IBMQBATCH_TOKEN") as caught:
        find_account()
    assert caught.value.exit_code is ExitCode.AUTHENTICATION


def test_variables_without_a_key_do_not_touch_an_account_that_is_named(home, monkeypatch):
    add_account(stored("ibm"))
    monkeypatch.setenv("IBMQBATCH_URL", "https://quantum.test")
    assert find_account("ibm").name == "ibm"
    monkeypatch.setenv("IBMQBATCH_ACCOUNT", "ibm")
    assert find_account().name == "ibm"


def stored(name: str) -> Settings:
    return Settings(name=name, kind="stored", token=f"key-of-{name}", instance=CRN)


def test_account_in_use_goes_before_local(home):
    add_account(stored("ibm"))
    assert find_account().name == "ibm"
    use_account("local")
    assert find_account().name == "local"


def test_variables_go_before_the_account_in_use(described):
    add_account(stored("ibm"))
    assert find_account().name == "environment"
    assert find_account("ibm").locate().api_key == "key-of-ibm"


def test_account_in_use_that_is_gone_is_told_with_where_it_stands(home):
    use_account("gone")
    with pytest.raises(UnknownAccount, match="'gone'") as caught:
        find_account()
    assert "accounts.json" in caught.value.hint


def test_all_names_are_known_whatever_they_lack(home, monkeypatch):
    add_account(stored("ibm"))
    monkeypatch.setenv("IBMQBATCH_URL", "x")
    assert account_names() == ["local", "environment", "ibm"]


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east", "https://quantum.cloud.ibm.com/api/v1"),
        ("eu-de", "https://eu-de.quantum.cloud.ibm.com/api/v1"),
    ],
)
def test_address_follows_from_the_instance(region, url, home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_TOKEN", "secret-key")
    monkeypatch.setenv("IBMQBATCH_INSTANCE", CRN.replace("us-east", region))
    endpoint = find_account().locate()
    assert (endpoint.url, endpoint.iam_url) == (url, "https://iam.cloud.ibm.com")


def test_colons_lost_from_the_end_of_an_instance_are_put_back(home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_TOKEN", "secret-key")
    monkeypatch.setenv("IBMQBATCH_INSTANCE", CRN.removesuffix("::"))
    assert find_account().locate().instance == CRN


@pytest.mark.parametrize("region", ["", "evil.test/", "EU-DE", "a b"])
def test_instance_without_a_sound_region_leads_nowhere(region, home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_TOKEN", "secret-key")
    monkeypatch.setenv("IBMQBATCH_INSTANCE", CRN.replace("us-east", region))
    with pytest.raises(UnknownAccount):
        find_account().locate()


def test_address_without_a_path_gets_that_of_the_api(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_URL", "http://127.0.0.1:8765")
    endpoint = find_account().locate()
    assert endpoint.url == "http://127.0.0.1:8765/api/v1"


def test_keys_of_a_service_of_this_machine_are_not_sent_to_ibm(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_URL", "http://127.0.0.1:8765/api/v1")
    assert find_account().locate().iam_url == "http://127.0.0.1:8765"


@pytest.mark.parametrize("variable", ["IBMQBATCH_URL", "IBMQBATCH_IAM_URL"])
@pytest.mark.parametrize(
    "value", ["x", "ftp://host", "https://", "https://h:99999999", "https://a b", "http://u:pw@h"]
)
def test_address_that_is_none_is_refused_by_name(variable, value, described, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable) as caught:
        find_account()
    assert "pw" not in caught.value.message


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


def test_window_of_the_pace_can_be_set(described, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE_WINDOW", "0.5")
    assert find_account().pace_window == 0.5


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
    "variable",
    ["IBMQBATCH_PACE", "IBMQBATCH_PACE_WINDOW", "IBMQBATCH_MAX_PENDING", "IBMQBATCH_SETTLE"],
)
@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf", "1e999"])
def test_number_that_is_none_is_refused_by_name(variable, value, home, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable):
        find_account()


def test_description_of_an_account_does_not_show_its_key(described):
    account = find_account()
    assert "secret-key" not in repr(account) + repr(account.locate())


def test_name_of_a_key_does_not_give_it_away(described):
    endpoint = find_account().locate()
    assert endpoint.api_key not in endpoint.key_id
    assert len(endpoint.key_id) == 24

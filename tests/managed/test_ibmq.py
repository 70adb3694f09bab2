"""`IBMQ`: which account a program uses, and what it tells of it."""

from __future__ import annotations

import json
import traceback
import warnings
from collections.abc import Iterator

import pytest

from ibmqbatch import IBMQAccountError, IBMQBackendApiError, IBMQProviderError
from ibmqbatch.accounts import find
from ibmqbatch.accounts.store import stored_settings, use_account
from ibmqbatch.managed.ibmq import IBMQFactory
from tests.managed.support import bell, elsewhere

KEY = "an-api-key-that-nobody-may-see-0123456789"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/mine:{}::"


@pytest.fixture
def ibmq(home) -> Iterator[IBMQFactory]:
    """An `IBMQ` of the test's own; what it enables is forgotten again."""
    yield IBMQFactory()
    find._registered.clear()


@pytest.fixture
def nobody_is_asked(monkeypatch) -> None:
    """Have every attempt to connect to a service fail the test."""
    from ibmqbatch.service import local_server as localhost
    from ibmqbatch.service.transport import Transport

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a service was asked")

    monkeypatch.setattr(localhost, "running_service", refuse)
    monkeypatch.setattr(Transport, "send", refuse)


def test_without_any_account_the_local_one_is_loaded(ibmq, nobody_is_asked):
    provider = ibmq.load_account()
    assert provider.account_name == "local"
    assert ibmq.active_account()["kind"] == "local"


def test_loading_prints_nothing_and_starts_nothing(home):
    code = """
    import io, json, contextlib
    from ibmqbatch import IBMQ
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        provider = IBMQ.load_account()
    print(json.dumps([told.getvalue(), provider.account_name]))
    """
    assert elsewhere(code) == ["", "local"]
    assert not (home / "local").exists()


def test_the_account_is_the_one_that_a_command_would_take(ibmq, nobody_is_asked, monkeypatch):
    ibmq.save_account(KEY, instance=CRN.format("a"), name="saved")
    assert ibmq.load_account().account_name == "saved"
    monkeypatch.setenv("IBMQBATCH_TOKEN", "another-key")
    assert ibmq.load_account().account_name == "environment"
    monkeypatch.setenv("IBMQBATCH_ACCOUNT", "local")
    assert ibmq.load_account().account_name == "local"


def test_an_account_that_is_not_there_is_an_account_error(ibmq, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_ACCOUNT", "nowhere")
    with pytest.raises(IBMQAccountError, match="nowhere"):
        ibmq.load_account()
    with pytest.raises(IBMQAccountError, match="elsewhere"):
        ibmq.get_provider(account="elsewhere")


def test_an_enabled_account_works_and_is_written_down_nowhere(ibmq, home, service):
    provider = ibmq.enable_account(
        service["api_key"], url=f"{service['url']}/api/v1", instance=CRN.format("enabled")
    )
    job = provider.get_backend("ideal_simulator").run(bell(), shots=10)
    assert sum(job.result().get_counts().values()) == 10
    assert [found.job_id() for found in provider.backend.jobs()] == [job.job_id()]
    assert not (home / "accounts.json").exists()
    assert not any(
        service["api_key"].encode() in path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.parent.name != "local"
    )


def test_a_key_that_is_not_accepted_is_told_of_and_not_shown(ibmq, service):
    provider = ibmq.enable_account(KEY, f"{service['url']}/api/v1", CRN.format("a"))
    with pytest.raises(IBMQBackendApiError) as caught:
        provider.get_backend("ideal_simulator")
    assert "key" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_enabled_account_is_gone_with_disable(ibmq, nobody_is_asked):
    ibmq.enable_account(KEY, instance=CRN.format("a"), name="mine")
    assert ibmq.active_account() == {"name": "mine", "kind": "enabled", "in_use": True}
    ibmq.disable_account()
    assert ibmq.active_account() is None
    with pytest.raises(IBMQAccountError, match="No account is in use"):
        ibmq.disable_account()
    with pytest.raises(IBMQAccountError, match="mine"):
        ibmq.get_provider(account="mine")


def test_hubs_are_answered_with_one_warning_that_says_what_came_instead(ibmq, nobody_is_asked):
    with pytest.warns(UserWarning, match="instance") as caught:
        ibmq.enable_account(
            KEY, instance=CRN.format("a"), hub="ibm-q", group="open", project="main"
        )
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="hub: ") as caught:
        assert ibmq.get_provider(hub="ibm-q").account_name == "enabled"
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="group"):
        assert ibmq.providers(group="open")[0].account_name == "enabled"


def test_the_address_of_the_old_platform_is_left_out(ibmq, nobody_is_asked):
    with pytest.warns(UserWarning, match="old platform"):
        ibmq.enable_account(
            KEY, "https://auth.quantum-computing.ibm.com/api", instance=CRN.format("a")
        )
    located = find.find_account("enabled").locate()
    assert located.url == "https://quantum.cloud.ibm.com/api/v1"


def test_what_an_account_cannot_have_is_warned_of(ibmq, nobody_is_asked):
    with pytest.warns(UserWarning, match="websocket_url"):
        ibmq.enable_account(KEY, instance=CRN.format("a"), websocket_url="wss://x")


def test_proxies_and_certificates_are_those_of_old(ibmq, nobody_is_asked):
    ibmq.enable_account(
        KEY, instance=CRN.format("a"), proxies={"urls": {"https": "proxy:8080"}}, verify="/ca.pem"
    )
    located = find.find_account("enabled").locate()
    assert (located.proxy, located.ca_bundle, located.verify) == (
        "http://proxy:8080",
        "/ca.pem",
        True,
    )


@pytest.mark.parametrize("token", ["", "with a blank", 5, None])
def test_a_token_that_is_none_is_refused_and_not_shown(ibmq, token):
    with pytest.raises(IBMQAccountError) as caught:
        ibmq.enable_account(token, instance=CRN.format("a"))
    assert "with a blank" not in str(caught.value)


def test_a_saved_account_is_in_use_in_other_processes(ibmq, home):
    ibmq.save_account(KEY, instance=CRN.format("a"))
    code = """
    import json
    from ibmqbatch import IBMQ
    print(json.dumps(IBMQ.load_account().account_name))
    """
    assert elsewhere(code) == "ibm"
    assert (home / "accounts.json").stat().st_mode & 0o077 == 0


def test_a_saved_account_is_replaced_only_when_that_is_wanted(ibmq):
    ibmq.save_account(KEY, instance=CRN.format("a"))
    with pytest.raises(IBMQAccountError, match="overwrite=True"):
        ibmq.save_account("another-key", instance=CRN.format("b"))
    assert stored_settings("ibm").token == KEY
    ibmq.save_account("another-key", instance=CRN.format("b"), overwrite=True)
    assert stored_settings("ibm").token == "another-key"


def test_saving_without_a_check_of_certificates_is_warned_of(ibmq):
    with pytest.warns(UserWarning, match="verify=False is not kept"):
        ibmq.save_account(KEY, instance=CRN.format("a"), verify=False)


def test_a_saved_account_is_told_of_without_its_key(ibmq, nobody_is_asked):
    assert ibmq.stored_account() == {}
    ibmq.save_account(KEY, instance=CRN.format("a"), proxies={"https": "http://me:secret@proxy"})
    told = ibmq.stored_account()
    assert (told["name"], told["instance"]) == ("ibm", CRN.format("a"))
    assert told["key"]["characters"] == len(KEY)
    shown = json.dumps(told) + repr(ibmq.load_account()) + repr(ibmq) + str(ibmq.active_account())
    assert KEY not in shown
    assert "secret" not in shown


def test_deleting_removes_the_account_in_use(ibmq):
    for name in ("one", "two"):
        ibmq.save_account(KEY, instance=CRN.format(name), name=name)
    ibmq.delete_account()
    assert [stored_settings(name) is None for name in ("one", "two")] == [False, True]


def test_deleting_asks_which_where_several_could_be_meant(ibmq):
    for name in ("one", "two"):
        ibmq.save_account(KEY, instance=CRN.format(name), name=name)
    use_account("local")
    with pytest.raises(IBMQAccountError, match="one, two"):
        ibmq.delete_account()
    ibmq.delete_account("one")
    assert ibmq.stored_account()["name"] == "two"


def test_deleting_what_is_not_there_is_an_account_error(ibmq):
    with pytest.raises(IBMQAccountError):
        ibmq.delete_account()
    with pytest.raises(IBMQAccountError, match="nobody"):
        ibmq.delete_account("nobody")


def test_there_is_a_provider_for_each_account(ibmq, nobody_is_asked):
    ibmq.save_account(KEY, instance=CRN.format("a"), name="saved")
    ibmq.enable_account(KEY, instance=CRN.format("b"), name="enabled here")
    names = [provider.account_name for provider in ibmq.providers()]
    assert names == ["enabled here", "local", "saved"]


def test_a_provider_without_more_is_that_of_the_account_in_use(ibmq, nobody_is_asked):
    assert ibmq.get_provider().account_name == "local"
    ibmq.save_account(KEY, instance=CRN.format("a"), name="saved")
    assert ibmq.get_provider(account="saved").account_name == "saved"
    assert ibmq.get_provider().account_name == "local"
    ibmq.load_account()
    assert ibmq.get_provider().account_name == "saved"


def test_a_name_of_a_backend_is_of_the_account_that_is_enabled(ibmq, nobody_is_asked):
    assert ibmq.default_provider().account_name == "local"
    ibmq.enable_account(KEY, instance=CRN.format("a"), name="mine")
    assert ibmq.default_provider().account_name == "mine"
    ibmq.disable_account()
    assert ibmq.default_provider().account_name == "local"


def test_a_provider_for_an_instance_is_of_the_account_that_has_it(ibmq, nobody_is_asked):
    ibmq.save_account(KEY, instance=CRN.format("a"), name="one")
    ibmq.save_account(KEY, instance=CRN.format("b"), name="two")
    assert ibmq.get_provider(account="two", instance=CRN.format("a")).account_name == "one"


def test_a_provider_for_another_instance_uses_the_accounts_key(ibmq, nobody_is_asked):
    ibmq.save_account(KEY, instance=CRN.format("a"), name="one")
    ibmq.load_account()
    provider = ibmq.get_provider(instance=CRN.format("other"))
    located = find.find_account(provider.account_name).locate()
    assert (located.api_key, located.instance) == (KEY, CRN.format("other"))
    assert stored_settings("one").instance == CRN.format("a")


def test_the_local_account_has_no_instances(ibmq):
    with pytest.raises(IBMQProviderError, match="no instances"):
        ibmq.get_provider(instance=CRN.format("a"))


def test_nothing_of_this_warns_by_itself(ibmq, nobody_is_asked):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ibmq.load_account()
        ibmq.get_provider()
        ibmq.enable_account(KEY, instance=CRN.format("a"))

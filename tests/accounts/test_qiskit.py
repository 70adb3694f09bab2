"""The accounts that Qiskit's users have: what they mean, and that nobody else chooses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ibmqbatch.accounts.find import account_names, find_account, find_settings
from ibmqbatch.accounts.instances import locate
from ibmqbatch.accounts.model import UnknownAccount
from ibmqbatch.accounts.qiskit import qiskit_names
from ibmqbatch.accounts.store import use_account
from ibmqbatch.errors import StorageError
from tests.support.accounts import CRN

EU = CRN.replace("us-east", "eu-de")


@pytest.fixture
def save(home, tmp_path: Path):
    """Return a function that writes Qiskit's file: accounts by name, or an odd content."""
    path = tmp_path / ".qiskit" / "qiskit-ibm.json"

    def write(content: bytes | None = None, **accounts: dict[str, object]) -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(json.dumps(accounts).encode() if content is None else content)
        return path

    return write


def entry(**changes: object) -> dict[str, object]:
    """Return an account as qiskit-ibm-runtime saves it."""
    return {
        "channel": "ibm_quantum_platform",
        "url": "https://cloud.ibm.com",
        "token": "a-qiskit-key",
        "instance": CRN,
        "verify": True,
        "private_endpoint": False,
        **changes,
    }


def test_saved_account_is_usable_by_name(save):
    save(default=entry())
    endpoint = find_account("qiskit:default").locate()
    assert (endpoint.url, endpoint.instance, endpoint.api_key) == (
        "https://quantum.cloud.ibm.com/api/v1",
        CRN,
        "a-qiskit-key",
    )
    assert endpoint.iam_url == "https://iam.cloud.ibm.com"
    assert find_account("qiskit:default").pace_limit == 5


def test_saved_account_is_never_chosen_unless_it_is_named(save, monkeypatch):
    save(**{"default-ibm-quantum-platform": entry(is_default_account=True)})
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a-qiskit-key")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
    assert find_account().name == "local"


def test_saved_account_can_be_put_in_use(save):
    save(default=entry())
    use_account("qiskit:default")
    assert find_account().name == "qiskit:default"


def test_variables_of_qiskit_are_an_account_by_name(home, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a-qiskit-key")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", EU)
    assert qiskit_names() == ["qiskit:environment"]
    settings = find_settings("qiskit:environment")
    assert locate(settings).url == "https://eu-de.quantum.cloud.ibm.com/api/v1"
    assert settings.origin_of("token") == "environment variable QISKIT_IBM_TOKEN"


def test_all_names_are_listed(save, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a-qiskit-key")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
    save(**{"b": entry(), "a name: odd\n": entry(), "environment": entry(token="hidden")})
    assert account_names() == [
        "local",
        "qiskit:environment",
        "qiskit:a name: odd\n",
        "qiskit:b",
    ]
    assert find_account("qiskit:a name: odd\n").locate().api_key == "a-qiskit-key"
    assert find_account("qiskit:environment").locate().api_key == "a-qiskit-key"


@pytest.mark.parametrize(
    ("url", "changes", "resolved"),
    [
        (None, {}, "https://quantum.cloud.ibm.com/api/v1"),
        ("https://quantum.cloud.ibm.com", {}, "https://quantum.cloud.ibm.com/api/v1"),
        ("https://quantum.cloud.ibm.com/api/v1", {}, "https://quantum.cloud.ibm.com/api/v1"),
        ("https://cloud.ibm.com", {"instance": EU}, "https://eu-de.quantum.cloud.ibm.com/api/v1"),
        (
            "https://cloud.ibm.com",
            {"private_endpoint": True},
            "https://private.us-east.quantum.cloud.ibm.com/api/v1",
        ),
        ("https://test.cloud.ibm.com", {}, "https://quantum.test.cloud.ibm.com/api/v1"),
        (
            "https://cloud.example.com",
            {"instance": EU},
            "https://eu-de.quantum.cloud.example.com/api/v1",
        ),
        ("http://127.0.0.1:8765/api/v1", {}, "http://127.0.0.1:8765/api/v1"),
        ("http://host:1/experimental/api/v1", {}, "http://host:1/experimental/api/v1"),
    ],
)
def test_address_resolves_as_with_qiskit(url, changes, resolved, save):
    save(default=entry(url=url, **changes))
    assert find_account("qiskit:default").locate().url == resolved


def test_iam_can_be_moved_as_with_qiskit(save, monkeypatch):
    save(default=entry())
    monkeypatch.setenv("IAM_URL", "http://127.0.0.1:8765")
    settings = find_settings("qiskit:default")
    assert locate(settings).iam_url == "http://127.0.0.1:8765"
    assert settings.origin_of("iam_url") == "environment variable IAM_URL"


def test_any_instance_is_none_in_particular(save):
    save(default=entry(instance="auto"))
    settings = find_settings("qiskit:default")
    assert settings.instance is None
    assert settings.origin_of("instance") == "asked for when needed"


@pytest.mark.parametrize(
    ("urls", "proxy"),
    [
        ({"https": "http://u:secret@proxy:3128"}, "http://u:secret@proxy:3128"),
        ({"http": "http://plain:3128"}, None),
        ({"all": "proxy:3128"}, "http://proxy:3128"),
        ({"https://cloud.ibm.com": "http://one:1", "https": "http://two:2"}, "http://one:1"),
        ({"https": 5}, None),
        ("odd", None),
    ],
)
def test_proxy_is_the_one_for_the_service(urls, proxy, save):
    save(default=entry(proxies={"urls": urls}))
    settings = find_settings("qiskit:default")
    assert locate(settings).proxy == proxy
    assert "secret" not in repr(settings)


def test_certificates_are_checked_as_far_as_qiskit_does(save):
    save(no=entry(verify=False), file=entry(verify="/etc/ca.pem"))
    assert not find_account("qiskit:no").locate().verify
    endpoint = find_account("qiskit:file").locate()
    assert (endpoint.verify, endpoint.ca_bundle) == (True, "/etc/ca.pem")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"channel": "ibm_quantum"}, "shut down"),
        ({"channel": "local"}, "leads to no service"),
        ({"channel": 5}, "leads to no service"),
        ({"proxies": {"username_ntlm": "u", "password_ntlm": "secret"}}, "NTLM"),
        ({"token": ""}, "no usable API key"),
        ({"token": None}, "no usable API key"),
        ({"token": "secret\nkey"}, "no usable API key"),
        ({"instance": "ibm-q/ö/secret"}, "no usable instance"),
        ({"url": "odd"}, "is not an address"),
        ({"url": "http://[::1"}, "is not an address"),
        ({"proxies": {"urls": {"https": "ftp://u:secret@h"}}}, "is not an address"),
    ],
)
def test_account_that_cannot_be_used_is_refused_with_the_reason(changes, why, save):
    save(odd=entry(**changes))
    assert account_names() == ["local", "qiskit:odd"]
    with pytest.raises(UnknownAccount, match=why) as caught:
        find_account("qiskit:odd")
    assert "secret" not in caught.value.message + caught.value.hint
    assert "qiskit:odd" in caught.value.message


@pytest.mark.parametrize("odd", [5, None, [], "text"])
def test_entry_that_is_none_costs_itself_only(odd, save):
    save(odd=odd, good=entry())  # type: ignore[arg-type]
    with pytest.raises(UnknownAccount):
        find_account("qiskit:odd")
    assert find_account("qiskit:good").name == "qiskit:good"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 99999])
def test_damaged_file_costs_these_accounts_only(content, save):
    path = save(content)
    assert account_names() == ["local"]
    assert find_account().name == "local"
    with pytest.raises(StorageError, match="damaged"):
        find_account("qiskit:default")
    assert path.read_bytes() == content


def test_no_file_is_no_account(home):
    assert qiskit_names() == []
    with pytest.raises(UnknownAccount, match="qiskit:default"):
        find_account("qiskit:default")

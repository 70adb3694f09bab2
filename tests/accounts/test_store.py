"""The file of accounts: for its owner's eyes only, never half written, never lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ibmqbatch import files
from ibmqbatch.accounts.find import find_account
from ibmqbatch.accounts.model import Settings, UnknownAccount
from ibmqbatch.accounts.store import (
    accounts_path,
    add_account,
    checked_name,
    name_in_use,
    remove_account,
    stored_names,
    stored_settings,
    use_account,
)
from ibmqbatch.clock import Clock
from ibmqbatch.errors import StorageError, UsageError
from ibmqbatch.service.auth import Token, TokenCache
from tests.support.accounts import CRN


def settings(name: str = "ibm", **changes: object) -> Settings:
    values: dict[str, object] = {"name": name, "kind": "stored", "token": "a-key", "instance": CRN}
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def kept() -> dict:
    return json.loads(accounts_path().read_text())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_stored_is_found_again_with_where_it_stands(home):
    whole = settings(
        instance_name="my instance",
        url="https://quantum.test/api/v1",
        iam_url="https://iam.test",
        proxy="http://proxy:3128",
        ca_bundle="/etc/ca.pem",
        private_endpoint=True,
    )
    add_account(whole)
    found = stored_settings("ibm")
    assert found == whole
    assert found.origins["url"] == f"file {accounts_path()}"
    endpoint = find_account("ibm").locate()
    assert (endpoint.proxy, endpoint.ca_bundle) == ("http://proxy:3128", "/etc/ca.pem")


def test_private_endpoint_has_addresses_of_its_own(home):
    add_account(settings(private_endpoint=True))
    endpoint = find_account("ibm").locate()
    assert endpoint.url == "https://private.us-east.quantum.cloud.ibm.com/api/v1"
    assert endpoint.iam_url == "https://private.iam.cloud.ibm.com"


def test_nobody_else_can_read_the_file_from_before_its_first_byte(home, monkeypatch):
    seen: list[tuple[int, int]] = []
    really_open = os.open

    def watch(path, flags, *more, **options):
        descriptor = really_open(path, flags, *more, **options)
        if flags & os.O_CREAT and "accounts.json" in str(path):
            seen.append((os.fstat(descriptor).st_size, os.fstat(descriptor).st_mode & 0o777))
        return descriptor

    monkeypatch.setattr(os, "open", watch)
    before = os.umask(0)
    try:
        add_account(settings())
    finally:
        os.umask(before)
    assert seen == [(0, 0o600)]
    assert (mode(accounts_path()), mode(home)) == (0o600, 0o700)


def test_file_that_others_can_read_is_closed_off_and_used(home):
    add_account(settings())
    accounts_path().chmod(0o644)
    assert stored_names() == ["ibm"]
    assert mode(accounts_path()) == 0o600


def test_linked_file_stays_a_link(home, tmp_path):
    home.mkdir()
    target = tmp_path / "elsewhere.json"
    target.write_text('{"accounts": {}}')
    accounts_path().symlink_to(target)
    add_account(settings())
    assert accounts_path().is_symlink()
    assert "ibm" in json.loads(target.read_text())["accounts"]


def test_what_this_version_does_not_know_survives(home):
    add_account(settings("other"))
    document = kept()
    document["colour"] = "blue"
    document["accounts"]["other"]["note"] = "of the lab"
    accounts_path().write_text(json.dumps(document))
    add_account(settings("ibm"))
    add_account(settings("other", token="a-new-key"), replace=True)
    assert kept()["colour"] == "blue"
    assert kept()["accounts"]["other"]["note"] == "of the lab"
    assert kept()["accounts"]["other"]["token"] == "a-new-key"


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b'{"accounts": []}',
    b'{"accounts": {"a": 1}}',
    b"[" * 9999,
]


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_file_is_told_and_left_alone(content, home):
    home.mkdir()
    accounts_path().write_bytes(content)
    for attempt in (
        stored_names,
        find_account,
        lambda: add_account(settings()),
        lambda: remove_account("ibm"),
        lambda: use_account("local"),
    ):
        with pytest.raises(StorageError, match="damaged"):
            attempt()
    assert accounts_path().read_bytes() == content


def test_damaged_file_does_not_touch_local_when_it_is_named(home):
    home.mkdir()
    accounts_path().write_bytes(b"{")
    assert find_account("local").name == "local"


def test_file_of_a_later_version_is_left_alone(home):
    home.mkdir()
    accounts_path().write_text('{"version": 2, "accounts": {}}')
    with pytest.raises(StorageError, match="later version"):
        add_account(settings())


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"token": 5},
        {"token": "a\nb"},
        {"token": "k", "url": 5},
        {"token": "k", "instance": "é"},
        {"token": "k", "proxy": ["x"]},
    ],
)
def test_damaged_entry_costs_its_own_account_only(entry, home):
    add_account(settings("good"))
    document = kept()
    document["accounts"]["bad"] = entry
    accounts_path().write_text(json.dumps(document))
    with pytest.raises(UnknownAccount, match="'bad'"):
        stored_settings("bad")
    assert stored_settings("good") is not None
    remove_account("bad")
    assert stored_names() == ["good"]


def test_account_is_replaced_only_when_that_is_wanted(home):
    add_account(settings())
    with pytest.raises(UsageError, match="already"):
        add_account(settings(token="another"))
    assert kept()["accounts"]["ibm"]["token"] == "a-key"


def test_write_that_fails_changes_nothing_and_leaves_no_trace(home, monkeypatch):
    add_account(settings())
    before = accounts_path().read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        add_account(settings("other"))
    assert accounts_path().read_bytes() == before
    assert {path.name for path in home.iterdir()} == {"accounts.json", "accounts.lock"}


def test_first_account_is_in_use_and_the_next_is_not(home):
    assert add_account(settings("one"))
    assert not add_account(settings("two"))
    assert name_in_use() == "one"


def test_use_can_be_asked_for_and_declined(home):
    assert not add_account(settings("one"), use=False)
    assert name_in_use() is None
    assert add_account(settings("two"), use=True)
    assert name_in_use() == "two"


def test_local_that_was_chosen_stays_in_use(home):
    use_account("local")
    assert not add_account(settings())
    assert name_in_use() == "local"


def test_account_that_goes_is_not_in_use_any_more(home):
    add_account(settings("one"))
    add_account(settings("two"))
    assert not remove_account("two")
    assert remove_account("one")
    assert name_in_use() is None
    assert "a-key" not in accounts_path().read_text()


def test_unknown_account_cannot_go(home):
    add_account(settings("one"))
    with pytest.raises(UnknownAccount, match="'two'") as caught:
        remove_account("two")
    assert "one" in caught.value.hint


def test_tokens_of_a_key_go_with_it(home):
    add_account(settings())
    tokens = home / "tokens"
    tokens.mkdir()
    cache = TokenCache("https://iam.cloud.ibm.com", "a-key", Clock())
    cache.keep(Token("a-token", time.time() + 60))
    (tokens / "another.json").write_text("{}")
    remove_account("ibm")
    assert cache.read() is None
    assert (tokens / "another.json").exists()


@pytest.mark.parametrize("name", ["ibm", "my lab", "Ünïcode", "a/b", "100%", "latest", "x" * 64])
def test_name_can_be_nearly_anything(name, home):
    add_account(settings(checked_name(name)))
    assert stored_names() == [name]
    assert find_account(name).name == name


@pytest.mark.parametrize(
    "name",
    ["local", "environment", "qiskit:x", "a:b", "", " ", " a", "-a", "a\nb", "\x1b[31m", "x" * 65],
)
def test_name_that_would_mean_something_else_is_refused(name):
    with pytest.raises(UsageError):
        checked_name(name)


def in_processes(*codes: str) -> list[int]:
    """Run pieces of code in processes of their own, at once; return how they ended."""
    begin = (
        "from ibmqbatch.accounts.store import add_account\n"
        "from ibmqbatch.accounts.model import Settings\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", begin + code], stderr=subprocess.DEVNULL)
        for code in codes
    ]
    return [process.wait(60) for process in started]


def test_two_that_log_in_at_once_are_both_stored(home):
    code = "for n in range(20): add_account(Settings(f'{letter}{n}', 'stored', token='k'))"
    assert in_processes(*(code.replace("{letter}", letter) for letter in "ab")) == [0, 0]
    assert len(stored_names()) == 40


def test_of_two_that_log_in_by_one_name_at_once_one_is_refused(home):
    code = "add_account(Settings('ibm', 'stored', token='KEY'))"
    ends = in_processes(*(code.replace("KEY", f"key-{number}") for number in range(2)))
    assert sorted(ends) == [0, 1]

"""Keys and tokens stand where they are kept, and nowhere else, whatever is run and goes wrong."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ibmqbatch.service.auth import Token, TokenCache
from tests.security.every_verb import every_verb
from tests.security.hostile import Hostile
from tests.support.circuits import BELL

# What is kept to be used again; everything else is for others to see.
KEPT = {"accounts.json", "service.json", "key"}


@pytest.fixture
def secrets(service, monkeypatch) -> list[str]:
    """Return the key, and all tokens that are bought with it from now on."""
    known = [service["api_key"]]
    keep = TokenCache.keep

    def noted(cache: TokenCache, token: Token) -> None:
        known.append(token.text)
        keep(cache, token)

    monkeypatch.setattr(TokenCache, "keep", noted)
    return known


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield what files hold, with what is packed in databases unpacked."""
    for path in folder.rglob("*"):
        if not path.is_file() or path.name in KEPT or path.parent.name == "tokens":
            continue
        data = path.read_bytes()
        yield path, data
        if data.startswith(b"SQLite format 3"):
            yield path, b"\n".join(unpacked(path))


def unpacked(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f"SELECT * FROM {table}").fetchall():
                for value in row:
                    if isinstance(value, bytes):
                        yield zlib.decompress(value)
    finally:
        connection.close()


@pytest.mark.parametrize("option", ["-vv", "--json"])
@pytest.mark.usefixtures("no_waits")
def test_every_verb_keeps_secrets_to_itself(option, cli, secrets, tmp_path):
    ended = every_verb(cli, option)
    assert len(ended) > 30
    assert len(secrets) > 1
    for done in ended:
        assert not [secret for secret in secrets if secret in done.out + done.err]
    seen = list(contents(tmp_path))
    assert {path.suffix for path, _ in seen} >= {".sqlite", ".json", ".txt"}
    for path, data in seen:
        assert not [secret for secret in secrets if secret.encode() in data], path


LINES = [
    "backends",
    "submit a.qasm",
    "submit a.qasm --backend fake_manila",
    "status latest",
    "results latest --wait --timeout 0.1",
    "recover --all",
    "logs latest --job 0",
    "account instances",
]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 302])
@pytest.mark.usefixtures("no_waits")
def test_service_that_answers_with_what_it_was_sent_does_not_have_it_shown(
    status, cli, service, secrets, home, tmp_path, monkeypatch
):
    """Its errors, and what becomes of them in logs and manifests, echo the headers and forms."""
    from tests.support.commands import point_at

    (tmp_path / "a.qasm").write_text(BELL)
    cli.submit("a.qasm", "--shots", 5, "--wait")
    with Hostile(service["url"]) as proxy:
        point_at(home, service, proxy.url)

        def echo(handler, seen):
            if "/local/" in seen.path or "/identity/" in seen.path:
                return Hostile.ask(proxy, handler, seen)
            sent = f"{handler.headers} {seen.body[:2000]!r}"
            body = {"errors": [{"code": 1, "message": sent, "solution": sent}], "trace": sent}
            headers = {"Content-Type": "application/json", "Location": "/x"}
            return status, headers, json.dumps(body).encode()

        monkeypatch.setattr(proxy, "ask", echo)
        for line in LINES:
            done = cli(*line.split(), "-vv", code=None)
            assert not [secret for secret in secrets if secret in done.out + done.err], line
    for path, data in contents(tmp_path):
        assert not [secret for secret in secrets if secret.encode() in data], path


def test_traceback_of_what_was_unforeseen_holds_no_secret(cli, secrets, home, monkeypatch):
    cli("backends")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("ibmqbatch.service.transport.Transport.send", broken)
    with pytest.raises(AssertionError, match="unforeseen"):
        cli("backends", "-vv", code=1)
    (log,) = (home / "logs").iterdir()
    assert "boom" in log.read_text()
    assert not [secret for secret in secrets if secret in log.read_text()]

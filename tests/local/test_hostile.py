from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.service import Client

from .support import bell, error

GOOD: dict[str, Any] = {
    "program_id": "sampler",
    "backend": "ideal_simulator",
    "params": {"pubs": [["x"]], "version": 2},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(GOOD))
    *parents, last = path.split(".")
    target = body
    for key in parents:
        target = target.setdefault(key, {})
    target[last] = value
    return body


WRONG: list[tuple[str, Any]] = [
    ("program_id", None),
    ("program_id", ["sampler"]),
    ("program_id", "estimator"),
    ("backend", 7),
    ("surprise", 1),
    ("cost", -1),
    ("cost", 10_801),
    ("cost", True),
    ("cost", 10**400),
    ("private", "yes"),
    ("log_level", "loud"),
    ("log_level", {}),
    ("session_id", "x" * 37),
    ("session_id", "\ud800"),
    ("calibration_id", "x" * 101),
    ("tags", "a"),
    ("tags", [None]),
    ("tags", ["\udfff"]),
    ("params", None),
    ("params", []),
    ("params.surprise", 1),
    ("params.version", 1),
    ("params.version", True),
    ("params.shots", 0),
    ("params.shots", 2**31),
    ("params.shots", 10**4000),
    ("params.shots", 1.5),
    ("params.support_qiskit", 1),
    ("params.pubs", None),
    ("params.pubs", []),
    ("params.pubs", {}),
    ("params.pubs", [[]]),
    ("params.pubs", [7]),
    ("params.pubs", [["x", None, 1, 2]]),
    ("params.pubs", [["x", None, 0]]),
    ("params.pubs", [["x", None, True]]),
    ("params.pubs", [["x", 0.5]]),
    ("params.pubs", [[{"__type__": "QuantumCircuit"}]]),
    ("params.pubs", [[{"__type__": "Other", "__value__": ""}]]),
    ("params.options", []),
    ("params.options.surprise", 1),
    ("params.options.twirling", 1),
    ("params.options.twirling.surprise", 1),
    ("params.options.default_shots", -5),
    ("params.options.simulator.seed_simulator", "x"),
    ("params.options.simulator.seed_simulator", 2**63),
    ("params.options.simulator.\ud800", 1),
]


def test_wrong_shapes_are_refused_and_the_paths_named(client: Client) -> None:
    taken = []
    for path, value in WRONG:
        reply = client.call("POST", "/jobs", content=json.dumps(changed(path, value)))
        message = reply.json().get("errors", [{}])[0].get("message", "")
        if reply.status_code != 400 or error(reply) != (400, 1208) or path not in message:
            taken.append((path, value, reply.text))
    assert taken == []
    assert client.get("/jobs").json()["count"] == 0


def test_every_wrong_path_is_named(client: Client) -> None:
    body = changed("params.version", 3)
    body["cost"] = "much"
    body["params"]["pubs"] = [["x"], 7]
    message = client.call("POST", "/jobs", json=body).json()["errors"][0]["message"]
    for path in ("params.version", "cost", "params.pubs[1]"):
        assert path in message


def test_a_thousand_wrong_pubs_make_a_short_message(client: Client) -> None:
    reply = client.call("POST", "/jobs", json=changed("params.pubs", [7] * 1000))
    assert "and 990 more" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"\xff\xfe\x00",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"params":{"pubs":[["x",' + b"[" * 900 + b"]" * 900 + b"]]}}",
        b'{"a": 1' + b"0" * 5000 + b"}",
        json.dumps(GOOD).replace('["x"]', '["x", [1e999]]').encode(),
    ],
    ids=lambda content: str(content[:20]),
)
def test_a_body_that_is_no_json_object_is_refused(client: Client, content: bytes) -> None:
    assert error(client.call("POST", "/jobs", content=content)) == (400, 1208)
    assert error(client.call("PUT", "/jobs/x/tags", content=content)) == (400, 1208)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        "backend",
        "cost",
        "log_level",
        "params",
        "params.options",
        "params.options.simulator",
        "params.pubs",
        "params.shots",
        "private",
        "session_id",
        "tags",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, value=JSON)
def test_no_body_breaks_the_service(client: Client, path: str, value: Any) -> None:
    reply = client.call("POST", "/jobs", content=json.dumps(changed(path, value)))
    assert reply.status_code == 200 or error(reply)[0] in {400, 404}


def test_an_unknown_backend_is_not_found(client: Client) -> None:
    assert error(client.post([bell()], backend="ibm_nowhere")) == (404, 1216)


def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(301):
            yield bytes(1_000_000)

    assert error(client.call("POST", "/jobs", content=chunks()))[0] == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/jobs/", 404),
        ("PATCH", "/jobs", 405),
        ("DELETE", "/jobs", 405),
        ("GET", "/jobs/%2e%2e%2f%00%ff", 404),
    ],
)
def test_refused_routes_answer_json(client: Client, method: str, path: str, status: int) -> None:
    assert error(client.call(method, path))[0] == status


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "\x00", "a" * 5000])
def test_texts_of_a_query_stay_texts(client: Client, text: str) -> None:
    client.submit([bell(), None, 1], tags=["plain"])
    for name in ("tags", "backend", "program", "session_id"):
        assert client.get("/jobs", **{name: text}).json()["count"] == 0

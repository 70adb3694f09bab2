"""The three ways of the client to a service that is not IBM's own, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.ibm import ClientError, Ibm, Served
from tests.support.service import new_crn

pytestmark = pytest.mark.conformance


def paths(seen: list) -> list[str]:
    return [each.path.split("?")[0] for each in seen]


def test_by_environment_it_asks_for_a_token_and_backends_alone(ibm: Ibm, served: Served) -> None:
    with ibm.requests() as seen:
        told = ibm("by_environment")
    assert told["instance"] == served.instance
    assert told["backends"][:2] == ["ideal_simulator", "fake_manila"]
    assert told["usage"]["instance_id"] == served.instance
    assert paths(seen)[:2] == ["/identity/token", "/experimental/api/v1/backends"]
    assert seen[1].path.endswith("?include_mocks=True")


@pytest.mark.parametrize("way", ["by_resolver", "by_url"])
def test_with_a_crn_it_looks_the_instance_up(ibm: Ibm, served: Served, way: str) -> None:
    with ibm.requests() as seen:
        told = ibm(way, base=ibm.proxy.url, token=served.api_key, instance=served.instance)
    assert told["instance"] == served.instance
    assert "fake_sherbrooke" in told["backends"]
    assert [instance["plan"] for instance in told["instances"]] == ["local"]
    asked = paths(seen)
    assert asked[:3] == ["/identity/token", "/v3/resources/search", "/ibmqbatch-local"]
    base = "/api/v1" if way == "by_resolver" else "/experimental/api/v1"
    assert f"{base}/backends" in asked


@pytest.mark.parametrize("way", ["by_resolver", "by_url"])
@pytest.mark.parametrize("instance", ["local", None, "auto"])
def test_it_finds_the_instance_by_name_or_by_itself(
    ibm: Ibm, served: Served, way: str, instance: str | None
) -> None:
    told = ibm(way, base=ibm.proxy.url, token=served.api_key, instance=instance)
    assert told["instance"] == served.instance
    assert "ideal_simulator" in told["backends"]


def test_by_an_account_that_was_saved(ibm: Ibm, served: Served, tmp_path: Path) -> None:
    told = ibm(
        "by_saved_account",
        base=ibm.proxy.url,
        token=served.api_key,
        instance=served.instance,
        file=str(tmp_path / "qiskit-ibm.json"),
    )
    assert told["instance"] == served.instance
    assert "ideal_simulator" in told["backends"]


@pytest.mark.parametrize("way", ["by_resolver", "by_url"])
def test_a_wrong_key_is_an_invalid_account(ibm: Ibm, served: Served, way: str) -> None:
    with pytest.raises(ClientError, match="valid API token") as raised:
        ibm(way, base=ibm.proxy.url, token="wrong", instance=served.instance)
    assert raised.value.kind == "InvalidAccountError"


def test_a_wrong_key_in_the_environment_is_not_admitted(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        ibm("with_wrong_key_in_environment")
    # Without a token the client sends the key itself.
    assert [path.rpartition("/")[2] for path in paths(seen)] == ["token", "backends"]
    assert [each.status for each in seen] == [400, 401]


def test_a_crn_that_the_search_does_not_know_is_refused(ibm: Ibm, served: Served) -> None:
    with pytest.raises(ClientError, match="does not have access") as raised:
        ibm("by_resolver", base=ibm.proxy.url, token=served.api_key, instance=new_crn())
    assert raised.value.kind == "IBMInputValueError"


def test_a_name_that_the_search_does_not_know_is_refused(ibm: Ibm, served: Served) -> None:
    with pytest.raises(ClientError, match="not a valid instance name"):
        ibm("by_resolver", base=ibm.proxy.url, token=served.api_key, instance="elsewhere")


def test_what_is_no_crn_is_refused_by_the_service(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="1241"):
        ibm("with_a_name_for_a_crn")


def test_every_crn_is_an_instance_of_its_own(ibm: Ibm) -> None:
    job = ibm.here("submit")
    assert ibm.here("listed") == [job]
    assert ibm("listed", instance=new_crn()) == []
    assert ibm.here("usage")["instance_id"] == ibm.instance

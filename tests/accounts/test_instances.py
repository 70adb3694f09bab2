"""Which instances a key reaches, as IBM's search and catalog tell, and which of them is meant."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import parse_qs

import httpx
import pytest

from ibmqbatch.accounts import instances as module
from ibmqbatch.accounts.find import find_account
from ibmqbatch.accounts.instances import locate, meant_instance, named_instance, reachable_instances
from ibmqbatch.accounts.model import Preference, Settings, UnknownAccount
from ibmqbatch.service.client import Client
from ibmqbatch.service.endpoint import Endpoint
from ibmqbatch.service.errors import AuthenticationFailed, Busy, ServiceError, Unreadable
from tests.support.accounts import CRN, KEY, TOKEN, FakeClock, account, error_body

IAM = "https://iam.cloud.ibm.com"
SEARCH = "https://api.global-search-tagging.cloud.ibm.com/v3/resources/search"
CATALOG = "https://globalcatalog.cloud.ibm.com/api/v1"
IBM = Endpoint("https://quantum.cloud.ibm.com/api/v1", IAM, KEY, "")


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(module, "_meant", {})


def crn(name: str, region: str = "us-east") -> str:
    return CRN.replace("us-east", region).replace(":instance:", f":{name}:")


def item(guid: str, region: str = "us-east", plan: str = "p-open", **changes: object) -> dict:
    return {
        "crn": crn(guid, region),
        "name": guid,
        "service_plan_unique_id": plan,
        "tags": ["lab"],
        "doc": {"extensions": {"backends": ["ANY"]}},
        **changes,
    }


def page(*items: object, cursor: str | None = None) -> httpx.Response:
    body: dict[str, object] = {"items": list(items), "limit": 100}
    return httpx.Response(200, json={**body, "search_cursor": cursor} if cursor else body)


def plan(name: str, pricing: str) -> httpx.Response:
    body = {
        "overview_ui": {"en": {"display_name": name}},
        "metadata": {"pricing": {"type": pricing}},
    }
    return httpx.Response(200, json=body)


@pytest.fixture
def ibm(wire):
    """Mock IBM's own hosts; the search finds nothing yet, the catalog knows one plan."""
    wire.post(f"{IAM}/identity/token", name="token").mock(
        return_value=httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
    )
    wire.post(url__startswith=SEARCH, name="search").mock(return_value=page())
    wire.get(f"{CATALOG}/p-open", name="open").mock(return_value=plan("Open", "free"))
    return wire


def settings(instance: str | None = None, **changes: object) -> Settings:
    return Settings(name="x", kind="stored", token=KEY, instance=instance, **changes)  # type: ignore[arg-type]


def test_instances_are_told_with_plan_region_and_backends(ibm, clock):
    ibm["search"].mock(return_value=page(item("b", "eu-de"), item("a")))
    first, second = reachable_instances(IBM, clock)
    assert (first.name, first.plan, first.pricing, first.region) == ("a", "Open", "free", "us-east")
    assert (second.crn, second.region, second.backends) == (crn("b", "eu-de"), "eu-de", ("ANY",))


def test_search_is_asked_as_ibm_wants_it(ibm, clock):
    reachable_instances(IBM, clock)
    request = ibm["search"].calls[0].request
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert parse_qs(request.url.query.decode()) == {"limit": ["100"]}
    assert json.loads(request.content) == {
        "query": "service_name:quantum-computing",
        "fields": ["crn", "service_plan_unique_id", "name", "doc", "tags"],
    }


def test_all_pages_are_read(ibm, clock):
    ibm["search"].mock(side_effect=[page(item("a"), cursor="next"), page(item("b"))])
    assert [found.name for found in reachable_instances(IBM, clock)] == ["a", "b"]
    assert json.loads(ibm["search"].calls[1].request.content)["search_cursor"] == "next"


def test_cursor_that_comes_again_ends_the_search(ibm, clock):
    ibm["search"].mock(return_value=page(item("a"), cursor="same"))
    assert [found.name for found in reachable_instances(IBM, clock)] == ["a"]
    assert ibm["search"].call_count == 2


def test_search_without_an_end_is_given_up(ibm, clock):
    cursors = iter(range(10_000))
    ibm["search"].mock(side_effect=lambda _request: page(item("a"), cursor=str(next(cursors))))
    assert len(reachable_instances(IBM, clock)) == 1
    assert ibm["search"].call_count == module._MOST_PAGES


def test_plan_is_asked_for_once(ibm, clock):
    ibm["search"].mock(return_value=page(item("a"), item("b"), item("c")))
    reachable_instances(IBM, clock)
    assert ibm["open"].call_count == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json=error_body()),
        httpx.Response(404, html="<html>"),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(200, html="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"overview_ui": {"en": None}, "metadata": 5}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
    ids=repr,
)
def test_catalog_that_fails_leaves_the_plan_unknown(answer, ibm, clock):
    ibm["open"].mock(side_effect=answer if isinstance(answer, Exception) else lambda _: answer)
    ibm["search"].mock(return_value=page(item("a")))
    (found,) = reachable_instances(IBM, clock)
    assert (found.plan, found.pricing) == ("", "")


def test_one_catalog_entry_that_fails_leaves_the_others_known(ibm, clock):
    ibm.get(f"{CATALOG}/gone").mock(return_value=httpx.Response(403, json=error_body()))
    ibm["search"].mock(return_value=page(item("a", plan="gone"), item("b")))
    assert [found.plan for found in reachable_instances(IBM, clock)] == ["", "Open"]


@pytest.mark.parametrize(
    "odd",
    [
        5,
        {},
        item("x", crn=5),
        item("x", crn="crn:é"),
        item("x", crn="crn:a\nb"),
        item("x", doc=None),
        item("x", doc={"extensions": {}}),
    ],
    ids=repr,
)
def test_item_that_is_no_instance_is_left_out(odd, ibm, clock):
    ibm["search"].mock(return_value=page(odd, item("a")))
    assert [found.name for found in reachable_instances(IBM, clock)] == ["a"]


@pytest.mark.parametrize(
    ("backends", "told"),
    [
        (["ibm_a", "ibm_b"], ("ibm_a", "ibm_b")),
        ([{"name": "ibm_a"}, {"crn": "x"}, 5], ("ibm_a",)),
        ("ANY", ()),
        (None, ()),
    ],
)
def test_backends_are_read_in_whatever_form(backends, told, ibm, clock):
    doc = {"extensions": {"backends": backends, "more": 1}}
    ibm["search"].mock(return_value=page(item("a", doc=doc, name=None, tags=None)))
    (found,) = reachable_instances(IBM, clock)
    assert (found.name, found.backends, found.tags) == ("", told, ())


def test_names_cannot_steer_a_terminal(ibm, clock):
    ibm["search"].mock(return_value=page(item("a", name="x\x1b[31m\ny")))
    (found,) = reachable_instances(IBM, clock)
    assert found.name == "x [31m y"


@pytest.mark.parametrize("body", [[], {}, {"items": 5}, {"items": None}])
def test_search_without_a_list_is_told_with_a_way_round(body, ibm, clock):
    ibm["search"].mock(return_value=httpx.Response(200, json=body))
    with pytest.raises(Unreadable) as caught:
        reachable_instances(IBM, clock)
    assert "CRN" in caught.value.hint


def test_service_without_a_search_is_told_with_a_way_round(ibm, clock):
    ibm["search"].mock(return_value=httpx.Response(404, html="<html>"))
    with pytest.raises(Unreadable) as caught:
        reachable_instances(IBM, clock)
    assert "CRN" in caught.value.hint


def test_key_that_iam_does_not_know_is_fatal(ibm, clock):
    body = {"errorCode": "BXNIM0415E", "errorMessage": f"Provided API key {KEY} is bad."}
    ibm["token"].mock(return_value=httpx.Response(400, json=body))
    with pytest.raises(AuthenticationFailed) as caught:
        reachable_instances(IBM, clock)
    assert KEY not in caught.value.message
    assert ibm["search"].call_count == 0


def test_busy_iam_is_asked_again(ibm, clock, no_waits):
    good = httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
    ibm["token"].mock(side_effect=[httpx.Response(429), good])
    ibm["search"].mock(return_value=page(item("a")))
    assert len(reachable_instances(IBM, clock)) == 1


def test_iam_that_stays_busy_is_told_with_its_own_code(ibm, clock, no_waits):
    ibm["token"].mock(return_value=httpx.Response(429))
    with pytest.raises(Busy) as caught:
        reachable_instances(IBM, clock)
    assert caught.value.exit_code == 75


def test_token_that_the_search_refuses_is_renewed_once(ibm, clock):
    refused = httpx.Response(401, json=error_body(1200))
    ibm["search"].mock(side_effect=[refused, page(item("a"))])
    assert len(reachable_instances(IBM, clock)) == 1
    assert ibm["token"].call_count == 2


def test_other_services_are_asked_at_the_origin_of_their_iam(wire, clock):
    wire.post("https://iam.test/v3/resources/search").mock(return_value=page(item("a")))
    wire.get("https://iam.test/p-open").mock(return_value=plan("Local", "free"))
    endpoint = Endpoint("https://quantum.test/api/v1", "https://iam.test", KEY, "")
    (found,) = reachable_instances(endpoint, clock)
    assert (found.name, found.plan) == ("a", "Local")


def test_only_instance_is_meant_where_none_is_named(ibm):
    ibm["search"].mock(return_value=page(item("a", "eu-de")))
    endpoint = locate(settings())
    assert endpoint.instance == crn("a", "eu-de")
    assert endpoint.url == "https://eu-de.quantum.cloud.ibm.com/api/v1"


def test_instance_is_asked_for_once_a_process(ibm, home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_TOKEN", KEY)
    ibm["search"].mock(return_value=page(item("a")))
    for _ in range(3):
        assert find_account().locate().instance == crn("a")
    assert ibm["search"].call_count == 1
    assert ibm["open"].call_count == 0


def test_instance_can_be_named(ibm):
    ibm["search"].mock(return_value=page(item("a"), item("b", name="my lab")))
    assert meant_instance(settings("my lab")) == crn("b")


def test_one_of_several_has_to_be_named(ibm, home, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_TOKEN", KEY)
    ibm["search"].mock(return_value=page(item("a"), item("b")))
    with pytest.raises(UnknownAccount, match="reaches 2") as caught:
        find_account().locate()
    assert "IBMQBATCH_INSTANCE" in caught.value.hint
    assert "a (us-east), b (us-east)" in caught.value.hint


@pytest.mark.parametrize("instance", [None, "a"])
def test_key_that_reaches_nothing_is_told(instance, ibm):
    with pytest.raises(UnknownAccount, match="reaches no instance"):
        meant_instance(settings(instance))


def test_name_that_is_unknown_or_stands_twice_is_refused(ibm, clock):
    ibm["search"].mock(return_value=page(item("a"), item("b"), item("c", name="b")))
    found = reachable_instances(IBM, clock)
    with pytest.raises(UnknownAccount, match="'z'"):
        named_instance(found, "z")
    with pytest.raises(UnknownAccount, match="2 instances") as caught:
        named_instance(found, "b")
    assert crn("c") in caught.value.hint


@pytest.mark.parametrize(
    ("preference", "meant"),
    [
        (Preference(region="eu-de"), "b"),
        (Preference(tags=("Physics",)), "c"),
        (Preference(plans=("flex", "OPEN")), "a"),
        (Preference(region="us-east", plans=("premium", "open")), "c"),
    ],
)
def test_what_a_qiskit_account_prefers_decides(preference, meant, ibm):
    ibm.get(f"{CATALOG}/p-premium").mock(return_value=plan("Premium", "paid"))
    ibm["search"].mock(
        return_value=page(
            item("a"),
            item("b", "eu-de", "p-premium"),
            item("c", plan="p-premium", tags=["physics"]),
        )
    )
    assert meant_instance(settings(preference=preference)) == crn(
        meant, "eu-de" if meant == "b" else "us-east"
    )


def test_preference_that_fits_nothing_is_told(ibm):
    ibm["search"].mock(return_value=page(item("a")))
    with pytest.raises(UnknownAccount, match="prefers none"):
        meant_instance(settings(preference=Preference(region="eu-de")))


@pytest.mark.parametrize("failing", ["token", "search"])
def test_nothing_is_created_where_the_instance_is_not_found(failing, ibm, no_waits):
    ibm[failing].mock(side_effect=httpx.ReadTimeout("slow"))
    nowhere = account(locate=partial(locate, settings()))
    with Client(nowhere, FakeClock()) as client, pytest.raises(ServiceError) as caught:
        client.submit(b"{}")
    assert caught.value.nothing_created

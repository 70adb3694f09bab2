"""The instances that an API key reaches, and which of them an account means.

IBM's Global Search lists them, its Global Catalog tells their plans. What is read here is what
qiskit-ibm-runtime (0.51) reads; no more is confirmed of the answers, so all else may be missing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self
from urllib.parse import quote

from ..clock import Clock
from ..errors import Argument, Call, Words
from ..service.auth import TokenSource
from ..service.endpoint import Endpoint
from ..service.error_mapping import printable
from ..service.errors import AuthenticationFailed, NotFound, ServiceError, Unreachable, Unreadable
from ..service.retry import RetryPolicy
from ..service.transport import Transport
from ..suggestions import with_suggestion
from .addresses import discovery_urls, region_of, whole_crn
from .api_keys import is_header_text
from .model import Preference, Settings, UnknownAccount

__all__ = [
    "Instance",
    "instances_text",
    "locate",
    "meant_instance",
    "named_instance",
    "no_instance",
    "reachable_instances",
]

_PAGE = 100
_MOST_PAGES = 50
_QUERY = {
    "query": "service_name:quantum-computing",
    "fields": ["crn", "service_plan_unique_id", "name", "doc", "tags"],
}
_LISTED = 10  # instances that an error names
_NO_SEARCH = "Name the instance by its CRN: then nothing has to be searched for."
_NO_INSTANCE = (
    "Create one at https://quantum.cloud.ibm.com/instances, or have an owner let you use theirs."
)

_meant: dict[Settings, str] = {}
_meant_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of the service.

    `plan` and `pricing` are the catalog's words, empty where it does not tell. `backends` are those
    that the instance may use, as the search tells: `ANY`, or names.
    """

    crn: str
    name: str
    plan_id: str = ""
    plan: str = ""
    pricing: str = ""
    backends: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def region(self) -> str:
        """The region of its CRN."""
        return region_of(self.crn) or ""


def reachable_instances(
    endpoint: Endpoint, clock: Clock, *, plans: bool = True, patient: bool = True
) -> list[Instance]:
    """Return the instances that the endpoint's key reaches, by name; its own is not looked at.

    `plans` False leaves out what only the catalog knows. Raises ServiceErrors; a catalog that does
    not answer is none. Only the `patient` try again what may succeed later.
    """
    with _Directory(endpoint, clock, RetryPolicy(attempts=6 if patient else 1)) as directory:
        found = {item.crn: item for item in map(_instance, directory.search()) if item is not None}
        instances = list(found.values())
        if plans:
            described = directory.plans(sorted({item.plan_id for item in instances} - {""}))
            instances = [
                replace(item, plan=plan, pricing=pricing)
                for item in instances
                for plan, pricing in (described.get(item.plan_id, ("", "")),)
            ]
    return sorted(instances, key=lambda item: (item.name, item.crn))


def named_instance(instances: Sequence[Instance], name: str) -> Instance:
    """Return the one instance of this name, or CRN; raises UnknownAccount."""
    fits = [item for item in instances if name in {item.name, item.crn}]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UnknownAccount(
            f"The name '{name}' stands for {len(fits)} instances.",
            f"Give the CRN of one: {', '.join(item.crn for item in fits[:_LISTED])}.",
        )
    if not instances:
        raise no_instance()
    raise UnknownAccount(
        f"The API key reaches no instance named '{name}'.",
        with_suggestion(
            f"It reaches: {instances_text(instances)}.", name, [item.name for item in instances]
        ),
    )


def no_instance() -> UnknownAccount:
    """Return the error of a key that reaches no instance at all."""
    return UnknownAccount("The API key reaches no instance of IBM Quantum.", _NO_INSTANCE)


def instances_text(instances: Sequence[Instance]) -> str:
    """Write instances for a sentence."""
    names = [f"{item.name} ({item.region})" if item.region else item.name for item in instances]
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join([*names[:_LISTED], *more])


def locate(settings: Settings) -> Endpoint:
    """Return where the service of an account is; asks for the instance where no CRN is written.

    Raises UnknownAccount when none, or more than one, can be meant, and ServiceErrors.
    """
    return settings.endpoint(settings.crn or meant_instance(settings))


def meant_instance(settings: Settings) -> str:
    """Return the CRN of the instance that an account without one means; asked for once a process.

    That is the one of its name, or else the only one that its key reaches. Raises UnknownAccount,
    and ServiceErrors, of which all mean that nothing else was sent.
    """
    with _meant_lock:
        if settings not in _meant:
            by_plan = not settings.instance and bool(settings.preference.plans)
            try:
                found = reachable_instances(
                    settings.directory(), Clock(), plans=by_plan, patient=False
                )
            except ServiceError as error:
                error.nothing_created = True
                raise
            if settings.instance:
                _meant[settings] = named_instance(found, settings.instance).crn
            else:
                _meant[settings] = _only(settings, found).crn
        return _meant[settings]


def _only(settings: Settings, instances: Sequence[Instance]) -> Instance:
    """Return the one instance that an account without any means; raises UnknownAccount."""
    if not instances:
        raise no_instance()
    preferred = _preferred(instances, settings.preference)
    if len(preferred) == 1:
        return preferred[0]
    if not preferred:
        raise UnknownAccount(
            f"The account '{settings.name}' prefers none of the instances that its key reaches.",
            f"It reaches: {instances_text(instances)}.",
        )
    advice = {
        "environment": "Set IBMQBATCH_INSTANCE to one",
        "qiskit": Words(
            "Save the account with one in Qiskit, or log in with {}", Call("account login")
        ),
    }.get(settings.kind, Words("Log in again with {}", Argument("instance")))
    raise UnknownAccount(
        f"The account '{settings.name}' names no instance, and its key reaches {len(preferred)}.",
        Words("{}: {}.", advice, instances_text(preferred)),
    )


def _preferred(instances: Sequence[Instance], preference: Preference) -> list[Instance]:
    """Keep the instances that an account prefers: of its plans, those of the first that has any."""
    kept = [
        item
        for item in instances
        if preference.region in {"", item.region}
        and {tag.lower() for tag in preference.tags} <= {tag.lower() for tag in item.tags}
    ]
    if not preference.plans:
        return kept
    for plan in preference.plans:
        of_plan = [item for item in kept if item.plan.lower() == plan.lower()]
        if of_plan:
            return of_plan
    return []


class _Directory:
    """The search and the catalog, with a token of one key. Use as a context manager."""

    def __init__(self, endpoint: Endpoint, clock: Clock, retry: RetryPolicy) -> None:
        self._search_url, self._catalog_url = discovery_urls(endpoint.iam_url)
        self._clock, self._retry = clock, retry

        self._iam = Transport.of(endpoint, endpoint.iam_url, clock)
        self._search = Transport.of(endpoint, self._search_url, clock)
        self._catalog = Transport.of(endpoint, self._catalog_url, clock)
        self._tokens = TokenSource(self._iam, endpoint.iam_url, endpoint.api_key, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in (self._iam, self._search, self._catalog):
            transport.close()

    def search(self) -> Iterable[dict[str, Any]]:
        """Yield what the search finds, page by page."""
        cursors: set[str] = set()
        cursor: object = None
        for _ in range(_MOST_PAGES):
            query = {**_QUERY, "search_cursor": cursor} if cursor else _QUERY
            body = self._retry.run(partial(self._ask, query), self._clock, repeatable=True)
            items = body.get("items") if isinstance(body, dict) else None
            if not isinstance(items, list):
                raise Unreadable("The search for instances answers without a list.", _NO_SEARCH)
            yield from (item for item in items if isinstance(item, dict))
            cursor = body.get("search_cursor")
            # No cursor marks the last page; one that was given before would lead round for ever.
            if not isinstance(cursor, str) or not cursor or cursor in cursors:
                return
            cursors.add(cursor)

    def plans(self, plan_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return the names and pricing of plans, of those that the catalog knows."""
        found = {}
        for plan_id in plan_ids:
            try:
                found[plan_id] = _plan(self._plan_of(plan_id))
            except Unreachable:
                break
            except ServiceError:
                continue  # plans that are not sold any more are answered with 403
        return found

    def _ask(self, query: dict[str, Any]) -> Any:
        def send(headers: dict[str, str]) -> Any:
            try:
                return self._search.send(
                    "POST",
                    f"{self._search_url}/v3/resources/search",
                    headers={**headers, "Content-Type": "application/json"},
                    params=[("limit", str(_PAGE))],
                    content=json.dumps(query).encode(),
                ).json()
            except (NotFound, Unreadable) as error:
                error.hint = _NO_SEARCH
                raise

        return self._authorised(send)

    def _plan_of(self, plan_id: str) -> Any:
        url = f"{self._catalog_url}/{quote(plan_id, safe='')}"
        return self._authorised(
            lambda headers: self._catalog.send("GET", url, headers=headers).json()
        )

    def _authorised(self, send: Callable[[dict[str, str]], Any]) -> Any:
        """Send with a token; once with a new one when it is not accepted."""
        token = self._tokens.token()
        try:
            return send({"Authorization": f"Bearer {token}"})
        except AuthenticationFailed as error:
            if error.status != 401:
                raise
            self._tokens.discard(token)
            return send({"Authorization": f"Bearer {self._tokens.token()}"})


def _instance(item: dict[str, Any]) -> Instance | None:
    """Read an instance; None for one that has no backends, or no CRN that a request can name."""
    crn = item.get("crn")
    doc = item.get("doc")
    extensions = doc.get("extensions") if isinstance(doc, dict) else None
    if not isinstance(crn, str) or not is_header_text(crn) or not extensions:
        return None
    backends = extensions.get("backends") if isinstance(extensions, dict) else None
    plan_id = item.get("service_plan_unique_id")
    return Instance(
        crn=whole_crn(crn),
        name=printable(item.get("name") or ""),
        plan_id=printable(plan_id) if isinstance(plan_id, str) else "",
        backends=_texts(backends),
        tags=_texts(item.get("tags")),
    )


def _plan(body: object) -> tuple[str, str]:
    name: object = body
    for key in ("overview_ui", "en", "display_name"):
        name = name.get(key) if isinstance(name, dict) else None
    pricing: object = body
    for key in ("metadata", "pricing", "type"):
        pricing = pricing.get(key) if isinstance(pricing, dict) else None
    return printable(name or ""), printable(pricing or "")


def _texts(values: object) -> tuple[str, ...]:
    """Read a list of names, or of objects that have one (which of the two is not documented)."""
    if not isinstance(values, list):
        return ()
    names = [value.get("name") if isinstance(value, dict) else value for value in values]
    return tuple(printable(name) for name in names if isinstance(name, str) and name)

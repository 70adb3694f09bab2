"""The account `environment`: the one that IBMQBATCH_TOKEN and the variables beside it describe."""

from __future__ import annotations

import os

from ..errors import Argument, Words
from .addresses import checked_iam_url, checked_url, is_crn, whole_crn
from .api_keys import is_header_text
from .model import ENVIRONMENT, Settings, UnknownAccount

__all__ = ["environment_settings", "is_described", "variable"]

_TOKEN, _URL, _INSTANCE = "IBMQBATCH_TOKEN", "IBMQBATCH_URL", "IBMQBATCH_INSTANCE"
_IAM_URL = "IBMQBATCH_IAM_URL"


def is_described() -> bool:
    """Return whether the account is described at all, be it in part."""
    return any(os.environ.get(name) for name in (_TOKEN, _URL, _INSTANCE))


def variable(name: str) -> str:
    """Call a variable as the origin of a value is called."""
    return f"environment variable {name}"


def environment_settings() -> Settings:
    """Return the account; raises UnknownAccount when its key is missing, UsageError."""
    given = {name: os.environ.get(name, "").strip() for name in (_TOKEN, _URL, _INSTANCE, _IAM_URL)}
    if not given[_TOKEN]:
        present = [name for name in (_URL, _INSTANCE) if given[name]]
        if not present:
            raise UnknownAccount(
                f"There is no account named '{ENVIRONMENT}': {_TOKEN} is not set.",
                f"Set it to an API key, and {_INSTANCE} to a CRN.",
            )
        raise UnknownAccount(
            f"{' and '.join(present)} {'is' if len(present) == 1 else 'are'} set, but {_TOKEN} "
            "is not.",
            Words(
                "Set {} too, or unset the others; {} names another account.",
                _TOKEN,
                Argument("account"),
            ),
        )
    for name in (_TOKEN, _INSTANCE):
        value = given[name]
        # Names of instances may hold spaces; they are ASCII all the same.
        name_like = name == _INSTANCE and not is_crn(value)
        if value and not is_header_text(value.replace(" ", "_") if name_like else value):
            raise UnknownAccount(
                f"{name} holds characters that no key or CRN has.", "Was it copied whole, alone?"
            )
    origins = {"token": _TOKEN, "url": _URL, "instance": _INSTANCE, "iam_url": _IAM_URL}
    return Settings(
        name=ENVIRONMENT,
        kind="environment",
        token=given[_TOKEN],
        instance=whole_crn(given[_INSTANCE]) or None,
        url=checked_url(given[_URL], _URL) if given[_URL] else None,
        iam_url=checked_iam_url(given[_IAM_URL], _IAM_URL) if given[_IAM_URL] else None,
        origins={value: variable(name) for value, name in origins.items() if given[name]},
    )

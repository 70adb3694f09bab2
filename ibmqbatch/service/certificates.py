"""Which certificates are trusted.

Those of IBMQBATCH_CA_BUNDLE, else of the account, else of SSL_CERT_FILE or SSL_CERT_DIR as OpenSSL
itself has it, else of REQUESTS_CA_BUNDLE, which users of IBM's own client may have set; else the
usual ones. Each names a file of certificates (PEM) or a folder of them.
"""

from __future__ import annotations

import functools
import os
import ssl
from pathlib import Path

from .errors import Untrusted

__all__ = ["blind_context", "bundle", "bundle_context"]


def bundle(ca_bundle: str | None) -> tuple[str, str] | None:
    """Return the path of the certificates to trust, and what names it; None: the usual ones.

    `ca_bundle` is what the account says.
    """
    named = [
        (os.environ.get("IBMQBATCH_CA_BUNDLE"), "IBMQBATCH_CA_BUNDLE"),
        (ca_bundle, "the account's CA bundle"),
        *(
            (os.environ.get(variable), variable)
            for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
        ),
    ]
    return next(((path, source) for path, source in named if path), None)


@functools.cache
def bundle_context(path: str, source: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates at `path`; raises Untrusted.

    Reading them takes as long as a request, so it is done once.
    """
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except OSError as error:  # what OpenSSL says of a file without certificates is one, too
        reason = "it holds none" if isinstance(error, ssl.SSLError) else error.strerror or error
        raise Untrusted(
            f"The certificates in {path} cannot be read: {reason}.",
            f"Mend {source}: it names a file or folder of certificates (PEM).",
        ) from error


@functools.cache
def blind_context() -> ssl.SSLContext:
    """Return a context that trusts whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

"""Where things are kept.

What is to last lives under one folder: `IBMQBATCH_HOME`, or the platform's user data folder. The
folder and those in it are made for the user alone (0700), and so is what is missing above them.
What must not be in a backup of it is in another one, see `runtime`.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .errors import StorageError

__all__ = [
    "backends",
    "cache",
    "ensure_cache",
    "ensure_folder",
    "ensure_runtime",
    "home",
    "local_service",
    "logs",
    "pace",
    "runtime",
    "sets",
    "tokens",
]

_OTHER_RUNTIME = "Set IBMQBATCH_RUNTIME to a folder of your own that no backup holds."


def home() -> Path:
    """Return the data folder, without creating it."""
    override = os.environ.get("IBMQBATCH_HOME")
    if override:
        return Path(override).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("ibmqbatch", appauthor=False))


def sets() -> Path:
    """Return the folder of the manifests."""
    return home() / "sets"


def local_service() -> Path:
    """Return the folder of the embedded service: its jobs, its log, how to reach it."""
    return home() / "local"


def notices() -> Path:
    """Return the folder that tells who wants a word when a set is done: private, as keys are."""
    return home() / "notices"


def pace() -> Path:
    """Return the folder of the send-time logs that all processes of a key share."""
    return home() / "pace"


def tokens() -> Path:
    """Return the folder of the access tokens that all processes of a key share."""
    return home() / "tokens"


def backends() -> Path:
    """Return the folder of what backends were last seen to be."""
    return home() / "backends"


def logs() -> Path:
    """Return the folder of the tracebacks, one file a failed run."""
    return home() / "logs"


def cache() -> Path:
    """Return the folder of what can be made again; losing it costs time."""
    if os.environ.get("IBMQBATCH_HOME"):
        return home() / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("ibmqbatch", appauthor=False))


def runtime() -> Path:
    """Return the folder of what no backup may hold, and that a restart may empty.

    It has to be the same for all processes of a user, whatever started them: a login's own
    (XDG_RUNTIME_DIR) is not there for cron.
    """
    override = os.environ.get("IBMQBATCH_RUNTIME")
    if override:
        return Path(override).expanduser().absolute()
    memory = Path("/dev/shm")  # noqa: S108 - a folder in it is checked to be ours
    base = memory if memory.is_dir() else Path("/tmp")  # noqa: S108
    return base / f"ibmqbatch-{os.geteuid()}"


def ensure_runtime() -> Path:
    """Create the folder `runtime` (0700) unless it exists, and return it.

    Raises StorageError where that is not possible, or others can write to it.
    """
    folder = runtime()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be created: {error.strerror or error}.", _OTHER_RUNTIME
        ) from error
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o022:
        raise StorageError(f"The folder {folder} is not this user's alone.", _OTHER_RUNTIME)
    return folder


def ensure_cache() -> Path:
    """Create the folder `cache` (0700) unless it exists, and return it.

    Raises OSError, and StorageError where it is a part of the data folder.
    """
    folder = cache()
    if home() in folder.parents:
        return ensure_folder(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def ensure_folder(folder: Path) -> Path:
    """Create `folder` (0700) and its parents unless they exist, and return it.

    Raises StorageError where that is not possible.
    """
    try:
        # `parents=True` would make those above it open to others.
        for wanted in (home(), folder):
            for missing in reversed([f for f in (wanted, *wanted.parents) if not f.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        owner = home().stat().st_uid
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be created: {error.strerror or error}.",
            "Set IBMQBATCH_HOME to a folder that you can write to.",
        ) from error
    # Whoever owns the folder can put other files in the place of those in it.
    if os.geteuid() not in {0, owner} and owner:
        raise StorageError(
            f"The data folder {home()} belongs to another user.",
            "Set IBMQBATCH_HOME to a folder of your own.",
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StorageError(
            f"The data folder {folder} cannot be read and written.",
            "Mend its permissions, or set IBMQBATCH_HOME to a folder that you can write to.",
        )
    return folder

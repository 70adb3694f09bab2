"""What can be wrong with a manifest."""

from __future__ import annotations

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode

__all__ = [
    "DamagedManifest",
    "ForeignManifest",
    "ManifestError",
    "NewerManifest",
    "SetExists",
    "SetInUse",
]


class ManifestError(IbmqbatchError):
    """Base of the errors about one job set's file."""

    code = "manifest"


class DamagedManifest(ManifestError):
    """The file is no database any more, or one that contradicts itself."""

    code = "damaged_manifest"


class ForeignManifest(ManifestError):
    """The file is a database, but not a job set."""

    code = "foreign_manifest"


class NewerManifest(ManifestError):
    """The job set was written by a newer release."""

    code = "newer_manifest"


class SetExists(ManifestError):
    """Another set of this id is here already."""

    code = "set_exists"
    exit_code = ExitCode.USAGE


class SetInUse(ManifestError):
    """Another process holds the job set."""

    code = "set_in_use"
    exit_code = ExitCode.LOCKED

"""The schema of a manifest, as the numbered steps that lead to it.

Step n brings a file from version n-1 to n. A step that has been released is never changed: a field
of a record that is added later says which `version` brought its column, and the step of that
version begins with the `additions` to its table.
"""

from __future__ import annotations

from .records import ATTEMPTS, REMOTES, SETS

__all__ = ["MIGRATIONS"]

_FIRST = f"""
-- The set itself: one row.
CREATE TABLE jobset (
    {SETS.definitions()}
) STRICT;

-- A program as it was given: `kind` is openqasm2, openqasm3 or qpy; `body` is zlib of it.
CREATE TABLE programs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- A circuit as it goes over the wire, before base64: `body` is zlib of qpy, or of openqasm3 that is
-- sent as text. Of an unknown one nothing is known, nor, where they are 0, of its shots. `layout`
-- is JSON, NULL where nothing was compiled: see `circuits.compile.Layout`. `measured` is JSON, too:
-- what a circuit that was measured for observables tells of them, see `circuits.measured.Measured`;
-- NULL for all others. It stands before the body, which need not be read to get at it.
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('qpy', 'openqasm3', 'unknown')),
    sha256 TEXT NOT NULL,
    measured TEXT,
    body BLOB NOT NULL,
    layout TEXT
) STRICT;

-- What the circuits were compiled for, as the service told: zlib of JSON. One row, or none.
CREATE TABLE device (
    configuration BLOB NOT NULL,
    properties BLOB
) STRICT;

-- `parameter_values` is a JSON list in the order of the circuit's parameters, NULL where there are
-- none. Circuits that differ in these alone share a body. `idx` is where a circuit stands in the
-- input; `place`, counted from 0 as well, where it stands in what is sent.
CREATE TABLE circuits (
    idx INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    shots INTEGER NOT NULL,
    body INTEGER NOT NULL REFERENCES bodies (id),
    parameter_values TEXT,
    program INTEGER REFERENCES programs (id),
    place INTEGER NOT NULL
) STRICT;
CREATE INDEX circuits_by_place ON circuits (place);

-- `wanted` and `wanted_attempt` are what the user wants; `remote_id` is the job on the service that
-- counts as this one. A job holds the circuits at `first_place` to `last_place`, of which
-- `first_circuit` comes first in the input, and `last_circuit` last.
CREATE TABLE jobs (
    idx INTEGER PRIMARY KEY,
    first_circuit INTEGER NOT NULL,
    last_circuit INTEGER NOT NULL,
    first_place INTEGER NOT NULL,
    last_place INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    shots INTEGER NOT NULL,
    wanted TEXT NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'cancel')),
    wanted_attempt INTEGER NOT NULL DEFAULT 1,
    remote_id TEXT REFERENCES remotes (id)
) STRICT;

CREATE TABLE attempts (
    {ATTEMPTS.definitions()},
    PRIMARY KEY (job, number)
) STRICT;

CREATE TABLE remotes (
    {REMOTES.definitions()},
    FOREIGN KEY (job, attempt) REFERENCES attempts (job, number)
) STRICT;
CREATE INDEX remotes_by_job ON remotes (job);

-- Result bodies as they came: `sha256` and `size` are of the body before zlib.
CREATE TABLE results (
    remote_id TEXT PRIMARY KEY REFERENCES remotes (id),
    fetched_at TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Batches that were opened for this set. One that takes no jobs any more has `closed_at`.
CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    opened_at TEXT NOT NULL,
    closed_at TEXT
) STRICT;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    job INTEGER,
    attempt INTEGER,
    remote_id TEXT,
    detail TEXT NOT NULL
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)

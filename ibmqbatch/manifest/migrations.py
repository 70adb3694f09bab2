"""The schema of a manifest, as the numbered steps that lead to it.

Step n brings a file from version n-1 to n. A step that has been released is never changed.
"""

from __future__ import annotations

__all__ = ["MIGRATIONS"]

_FIRST = """
-- The set itself: one row. `name`, `tags` (a JSON list) and `labels_version` are what the user
-- wants; `closed_at` is set when nothing is left to do.
CREATE TABLE jobset (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    host TEXT NOT NULL,
    account TEXT NOT NULL,
    instance TEXT NOT NULL,
    backend TEXT NOT NULL,
    calibrated_at TEXT,
    once_key TEXT,
    shots INTEGER NOT NULL,
    seed INTEGER,
    options TEXT NOT NULL,
    total_circuits INTEGER NOT NULL,
    total_jobs INTEGER NOT NULL,
    total_repeats INTEGER NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL,
    labels_version INTEGER NOT NULL DEFAULT 1,
    closed_at TEXT
) STRICT;

-- `body` is the circuit as it goes over the wire, before base64: zlib of QPY.
CREATE TABLE circuits (
    idx INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- `wanted` and `wanted_attempt` are what the user wants; `remote_id` is the job on the service that
-- counts as this one.
CREATE TABLE jobs (
    idx INTEGER PRIMARY KEY,
    first_circuit INTEGER NOT NULL,
    last_circuit INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    shots INTEGER NOT NULL,
    wanted TEXT NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'cancel')),
    wanted_attempt INTEGER NOT NULL DEFAULT 1,
    remote_id TEXT REFERENCES remotes (id)
) STRICT;

-- A row is committed before the request it stands for may be sent. `doubted_at` is the last instant
-- at which it can have been sent, `missed_at` that of the first full listing without it (both in
-- seconds since the epoch).
CREATE TABLE attempts (
    job INTEGER NOT NULL REFERENCES jobs (idx),
    number INTEGER NOT NULL,
    nonce TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL
        CHECK (state IN ('sending', 'unsure', 'accepted', 'refused', 'absent')),
    labels_version INTEGER NOT NULL,
    begun_at TEXT NOT NULL,
    doubted_at REAL,
    missed_at REAL,
    error TEXT NOT NULL DEFAULT '',
    error_code INTEGER,
    PRIMARY KEY (job, number)
) STRICT;

-- Jobs on the service that carry one of our nonces. Times are those observed; `missed_at` is that
-- of the first answer that there is no such job (in seconds since the epoch).
CREATE TABLE remotes (
    id TEXT PRIMARY KEY,
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    reason_code INTEGER,
    solution TEXT NOT NULL DEFAULT '',
    private INTEGER NOT NULL DEFAULT 0,
    submitted_at TEXT NOT NULL,
    running_at TEXT,
    finished_at TEXT,
    labels_version INTEGER NOT NULL,
    surplus INTEGER NOT NULL DEFAULT 0,
    cancel_asked_at REAL,
    missed_at REAL,
    result TEXT CHECK (result IN ('stored', 'lost')),
    result_tries INTEGER NOT NULL DEFAULT 0,
    result_error TEXT NOT NULL DEFAULT '',
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

# Circuits that differ in their parameters' values alone share a body; shots may differ from circuit
# to circuit; what was given and how it was compiled is kept.
_SECOND = """
-- A program as it was given: `kind` is openqasm2, openqasm3 or qpy; `body` is zlib of it.
CREATE TABLE programs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- `body` is a circuit as it goes over the wire, before base64: zlib of QPY.
-- `layout` is JSON, NULL where nothing was compiled: see `circuits.compile.Layout`.
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL,
    layout TEXT
) STRICT;

-- `parameter_values` is a JSON list in the order of the circuit's parameters, NULL where there are
-- none.
CREATE TABLE circuits_2 (
    idx INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    shots INTEGER NOT NULL,
    body INTEGER NOT NULL REFERENCES bodies (id),
    parameter_values TEXT,
    program INTEGER REFERENCES programs (id)
) STRICT;

INSERT INTO bodies SELECT idx, sha256, body, NULL FROM circuits;
INSERT INTO circuits_2
SELECT idx, name, metadata, source, position, (SELECT shots FROM jobset), idx, NULL, NULL
FROM circuits;
DROP TABLE circuits;
ALTER TABLE circuits_2 RENAME TO circuits;

-- `compilation` is JSON, `{}` where nothing was compiled. Once `max_fails` jobs have failed in a
-- way that would repeat itself, no more are sent.
ALTER TABLE jobset ADD COLUMN compilation TEXT NOT NULL DEFAULT '{}';
ALTER TABLE jobset ADD COLUMN max_fails INTEGER;
"""

_THIRD = """
-- `copied_at` is set in a copy that was made to be taken elsewhere: it sends nothing, because the
-- file that it was made of may send the same jobs. It is NULL again once the copy has taken over.
ALTER TABLE jobset ADD COLUMN copied_at TEXT;
"""

# What is said of a job besides its circuits; what a set was compiled for; batches on the service.
_FOURTH = """
-- `kind` tells what `body` is zlib of: qpy, or openqasm3 that is sent as text; or unknown, and then
-- nothing is known of the circuit, nor, where they are 0, of its shots.
ALTER TABLE bodies ADD COLUMN kind TEXT NOT NULL DEFAULT 'qpy'
    CHECK (kind IN ('qpy', 'openqasm3', 'unknown'));

-- `max_execution_time` is that of a job, in seconds, NULL for what the plan admits. `batch` tells
-- that jobs go into a batch on the service. `made_elsewhere` marks a set of jobs that another
-- program has sent. `estimated_seconds` are those of the quantum processor, for all jobs.
ALTER TABLE jobset ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobset ADD COLUMN max_execution_time INTEGER;
ALTER TABLE jobset ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobset ADD COLUMN made_elsewhere INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobset ADD COLUMN estimated_seconds REAL;

-- Exact times and usage of a job that has ended, as the service told: JSON.
ALTER TABLE remotes ADD COLUMN metrics TEXT;

-- What the circuits were compiled for, as the service told: zlib of JSON. One row, or none.
CREATE TABLE device (
    configuration BLOB NOT NULL,
    properties BLOB
) STRICT;

-- Batches that were opened for this set. One that takes no jobs any more has `closed_at`.
CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    opened_at TEXT NOT NULL,
    closed_at TEXT
) STRICT;
"""

_FIFTH = """
-- What a program asked that is no option of the service's: JSON, kept to be told again.
ALTER TABLE jobset ADD COLUMN run_config TEXT NOT NULL DEFAULT '{}';
"""

# Instants by which it is told what a listing proves are kept as `clock.Instant` writes them: `at up
# boot`, the last empty where only the machine's clock was asked.
_SIXTH = """
-- A row is committed before the request it stands for may be sent. `doubted` is the last instant at
-- which it can have been sent, `missed` that of the first full listing without it. One that is
-- withdrawn has certainly created nothing; it is sent again as the same attempt.
CREATE TABLE attempts_6 (
    job INTEGER NOT NULL REFERENCES jobs (idx),
    number INTEGER NOT NULL,
    nonce TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL
        CHECK (state IN ('sending', 'unsure', 'accepted', 'refused', 'absent', 'withdrawn')),
    labels_version INTEGER NOT NULL,
    begun_at TEXT NOT NULL,
    doubted TEXT,
    missed TEXT,
    error TEXT NOT NULL DEFAULT '',
    error_code INTEGER,
    PRIMARY KEY (job, number)
) STRICT;
INSERT INTO attempts_6
SELECT job, number, nonce, state, labels_version, begun_at, doubted_at || ' 0.0 ',
       missed_at || ' 0.0 ', error, error_code
FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_6 RENAME TO attempts;

-- `missed` is the instant of the first answer that there is no such job.
ALTER TABLE remotes ADD COLUMN missed TEXT;
UPDATE remotes SET missed = missed_at || ' 0.0 ';
ALTER TABLE remotes DROP COLUMN missed_at;

-- `seal` changes with whatever is sent; see `custody`.
ALTER TABLE jobset ADD COLUMN seal TEXT NOT NULL DEFAULT '';
"""

_SEVENTH = """
-- `created_at` is when the service created the job, by its own clock, NULL until it has told.
-- `overdue` marks results that were asked for in vain for so long that nobody waits for them any
-- more; they are not lost, and whoever advances the set asks for them again.
ALTER TABLE remotes ADD COLUMN created_at TEXT;
ALTER TABLE remotes ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0;

-- Until now results were taken for lost after some tries, unless the service gave them once.
UPDATE jobset SET closed_at = NULL
WHERE private = 0 AND EXISTS (
    SELECT 1 FROM jobs j JOIN remotes r ON r.id = j.remote_id
    WHERE r.result = 'lost' AND r.private = 0
);
UPDATE remotes SET result = NULL, overdue = 1
WHERE result = 'lost' AND private = 0 AND (SELECT private FROM jobset) = 0
    AND id IN (SELECT remote_id FROM jobs);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH)

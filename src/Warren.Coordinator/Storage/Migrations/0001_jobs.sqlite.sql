-- Times are microseconds since 1970 in UTC. Ids are the 16 bytes of a UUIDv7, so that their order is that of time.

CREATE TABLE jobs (
    id                BLOB    NOT NULL PRIMARY KEY,
    kind              TEXT    NOT NULL,
    state             TEXT    NOT NULL,
    lane              TEXT,
    owner             TEXT,
    contract          TEXT,
    external_id       TEXT,
    notes             TEXT,
    callback_url      TEXT,
    attempt           INTEGER NOT NULL,
    max_attempts      INTEGER NOT NULL,
    granted           INTEGER NOT NULL,
    session           TEXT,
    worker            TEXT,
    started           INTEGER NOT NULL,
    folded_seq        INTEGER NOT NULL,
    held_reports      INTEGER NOT NULL,
    event_number      INTEGER NOT NULL,
    progress          REAL    NOT NULL,
    metrics           TEXT,
    cancel_requested  INTEGER NOT NULL,
    spent_error       INTEGER NOT NULL,
    spent_timeout     INTEGER NOT NULL,
    spent_crash       INTEGER NOT NULL,
    spent_throttled   INTEGER NOT NULL,
    error             TEXT,
    usage             TEXT,
    created_at        INTEGER NOT NULL,
    run_at            INTEGER,
    deadline          INTEGER,
    started_at        INTEGER,
    ended_at          INTEGER,
    published_at      INTEGER,
    keep_until        INTEGER,
    args_hash         BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_kind ON jobs (kind, state, id);
CREATE INDEX jobs_by_owner ON jobs (owner, state, id) WHERE owner IS NOT NULL;
CREATE INDEX jobs_by_external_id ON jobs (external_id, state, id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_of_contracts ON jobs (contract, kind, external_id) WHERE contract IS NOT NULL AND external_id IS NOT NULL;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('scheduled', 'retrying');
CREATE INDEX jobs_with_deadline ON jobs (deadline) WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'retrying');
CREATE INDEX jobs_published ON jobs (published_at) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (session) WHERE state = 'running';
CREATE INDEX jobs_kept ON jobs (keep_until) WHERE keep_until IS NOT NULL;

-- Large and seldom read, or seldom written: apart, so that a job's own row stays short.
CREATE TABLE args (job_id BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE results (job_id BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE checkpoints (job_id BLOB NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE events (
    job_id   BLOB    NOT NULL,
    number   INTEGER NOT NULL,
    type     TEXT    NOT NULL,
    attempt  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_of_progress ON events (job_id, number) WHERE type = 'progress';

CREATE TABLE held_reports (
    job_id   BLOB    NOT NULL,
    attempt  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (job_id, attempt, seq)
) STRICT, WITHOUT ROWID;

-- What is left of a pruned job.
CREATE TABLE tombstones (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    contract     TEXT,
    external_id  TEXT,
    args_hash    BLOB    NOT NULL,
    pruned_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_of_contracts ON tombstones (contract, kind, external_id) WHERE contract IS NOT NULL AND external_id IS NOT NULL;
CREATE INDEX tombstones_by_age ON tombstones (pruned_at);

-- An owner that was not named is the empty text here, since NULL equals nothing.
CREATE TABLE idempotency_keys (
    owner   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    job_id  BLOB NOT NULL,
    PRIMARY KEY (owner, kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_job ON idempotency_keys (job_id);

CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id          BLOB    NOT NULL,
    exchange        TEXT    NOT NULL,
    routing_key     TEXT    NOT NULL,
    message_id      TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    body            BLOB,
    content_type    TEXT    NOT NULL,
    correlation_id  TEXT,
    headers         TEXT,
    taker           TEXT,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_by_job ON outbox (job_id, id);
CREATE INDEX outbox_of_nobody ON outbox (id) WHERE taker IS NULL;

CREATE TABLE sessions (
    session      TEXT    NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    description  TEXT,
    running      INTEGER NOT NULL,
    begun_at     INTEGER NOT NULL,
    renewed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    holder   TEXT    NOT NULL,
    version  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kinds (
    kind         TEXT    NOT NULL PRIMARY KEY,
    description  TEXT    NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    name   TEXT NOT NULL PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    hash        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

CREATE UNIQUE INDEX api_keys_by_name ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT
) STRICT;

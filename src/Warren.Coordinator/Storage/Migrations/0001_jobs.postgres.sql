-- Text is compared byte by byte, so that lists have one order whatever the database's collation is. JSON is kept as the text it was.

CREATE TABLE warren.jobs (
    id                uuid             NOT NULL PRIMARY KEY,
    kind              text COLLATE "C" NOT NULL,
    state             text COLLATE "C" NOT NULL,
    lane              text,
    owner             text COLLATE "C",
    contract          text COLLATE "C",
    external_id       text COLLATE "C",
    notes             text,
    callback_url      text,
    attempt           integer          NOT NULL,
    max_attempts      integer          NOT NULL,
    granted           integer          NOT NULL,
    session           text COLLATE "C",
    worker            text,
    started           boolean          NOT NULL,
    folded_seq        integer          NOT NULL,
    held_reports      integer          NOT NULL,
    event_number      bigint           NOT NULL,
    progress          double precision NOT NULL,
    metrics           text,
    checkpoint        text,
    cancel_requested  boolean          NOT NULL,
    spent_error       integer          NOT NULL,
    spent_timeout     integer          NOT NULL,
    spent_crash       integer          NOT NULL,
    spent_throttled   integer          NOT NULL,
    error             text,
    usage             text,
    created_at        timestamptz      NOT NULL,
    run_at            timestamptz,
    deadline          timestamptz,
    started_at        timestamptz,
    ended_at          timestamptz,
    published_at      timestamptz,
    keep_until        timestamptz,
    args_hash         bytea            NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

CREATE INDEX jobs_by_state ON warren.jobs (state, id);
CREATE INDEX jobs_by_kind ON warren.jobs (kind, state, id);
CREATE INDEX jobs_by_owner ON warren.jobs (owner, state, id) WHERE owner IS NOT NULL;
CREATE INDEX jobs_by_external_id ON warren.jobs (external_id, state, id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_of_contracts ON warren.jobs (contract, kind, external_id) WHERE contract IS NOT NULL AND external_id IS NOT NULL;
CREATE INDEX jobs_due ON warren.jobs (run_at) WHERE state IN ('scheduled', 'retrying');
CREATE INDEX jobs_with_deadline ON warren.jobs (deadline) WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'retrying');
CREATE INDEX jobs_published ON warren.jobs (published_at) WHERE state = 'queued';
CREATE INDEX jobs_running ON warren.jobs (session) WHERE state = 'running';
CREATE INDEX jobs_kept ON warren.jobs (keep_until) WHERE keep_until IS NOT NULL;

-- Large and seldom read: apart, so that a job's own row stays short.
CREATE TABLE warren.args (job_id uuid NOT NULL PRIMARY KEY, body bytea NOT NULL);
CREATE TABLE warren.results (job_id uuid NOT NULL PRIMARY KEY, body bytea NOT NULL);

CREATE TABLE warren.events (
    job_id   uuid             NOT NULL,
    number   bigint           NOT NULL,
    type     text COLLATE "C" NOT NULL,
    attempt  integer          NOT NULL,
    at       timestamptz      NOT NULL,
    body     text             NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE INDEX events_of_progress ON warren.events (job_id, number) WHERE type = 'progress';

CREATE TABLE warren.held_reports (
    job_id   uuid    NOT NULL,
    attempt  integer NOT NULL,
    seq      integer NOT NULL,
    body     bytea   NOT NULL,
    PRIMARY KEY (job_id, attempt, seq)
);

-- What is left of a pruned job.
CREATE TABLE warren.tombstones (
    id           uuid             NOT NULL PRIMARY KEY,
    kind         text COLLATE "C" NOT NULL,
    state        text COLLATE "C" NOT NULL,
    contract     text COLLATE "C",
    external_id  text COLLATE "C",
    args_hash    bytea            NOT NULL,
    pruned_at    timestamptz      NOT NULL
);

CREATE INDEX tombstones_of_contracts ON warren.tombstones (contract, kind, external_id) WHERE contract IS NOT NULL AND external_id IS NOT NULL;
CREATE INDEX tombstones_by_age ON warren.tombstones (pruned_at);

-- An owner that was not named is the empty text here, since NULL equals nothing.
CREATE TABLE warren.idempotency_keys (
    owner   text COLLATE "C" NOT NULL,
    kind    text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    job_id  uuid             NOT NULL,
    PRIMARY KEY (owner, kind, key)
);

CREATE INDEX idempotency_keys_by_job ON warren.idempotency_keys (job_id);

-- Rows come and go with every job: dead ones are swept often.
CREATE TABLE warren.outbox (
    id              bigint      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job_id          uuid        NOT NULL,
    exchange        text        NOT NULL,
    routing_key     text        NOT NULL,
    message_id      text        NOT NULL,
    attempt         integer     NOT NULL,
    body            bytea,
    content_type    text        NOT NULL,
    correlation_id  text,
    headers         text,
    taker           text COLLATE "C",
    created_at      timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX outbox_by_job ON warren.outbox (job_id, id);
CREATE INDEX outbox_of_nobody ON warren.outbox (id) WHERE taker IS NULL;

-- Written again and again in place.
CREATE TABLE warren.sessions (
    session      text COLLATE "C" NOT NULL PRIMARY KEY,
    version      bigint           NOT NULL,
    description  text,
    running      integer          NOT NULL,
    begun_at     timestamptz      NOT NULL,
    renewed_at   timestamptz      NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE warren.leases (
    name     text COLLATE "C" NOT NULL PRIMARY KEY,
    holder   text             NOT NULL,
    version  bigint           NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE warren.kinds (
    kind         text COLLATE "C" NOT NULL PRIMARY KEY,
    description  text             NOT NULL,
    seen_at      timestamptz      NOT NULL
);

CREATE TABLE warren.notes (
    name   text COLLATE "C" NOT NULL PRIMARY KEY,
    value  text             NOT NULL
);

CREATE TABLE warren.api_keys (
    id          text COLLATE "C" NOT NULL PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    role        text             NOT NULL,
    hash        bytea            NOT NULL,
    created_at  timestamptz      NOT NULL,
    revoked_at  timestamptz
);

CREATE UNIQUE INDEX api_keys_by_name ON warren.api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE warren.audit (
    id       bigint      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at       timestamptz NOT NULL,
    actor    text        NOT NULL,
    action   text        NOT NULL,
    subject  text        NOT NULL,
    detail   text
);

-- +goose Up

-- Files that staff brought in. Staff's own rows, not derived: the events made of
-- them went through the log.
CREATE TABLE import_job (
    workspace    INTEGER NOT NULL,
    id           TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    account      TEXT NOT NULL,     -- who brought it
    name         TEXT NOT NULL,     -- of the file
    size         INTEGER NOT NULL,  -- bytes
    state        TEXT NOT NULL,     -- uploading, ready, queued, running, done, failed or cancelled
    cancelling   INTEGER NOT NULL DEFAULT 0,
    settings     TEXT NOT NULL,     -- JSON: what the columns mean, and how cells are read
    until        INTEGER NOT NULL DEFAULT 0, -- the lease of who works on it
    node         TEXT NOT NULL DEFAULT '',   -- and who that is
    started_at   INTEGER NOT NULL DEFAULT 0,
    ended_at     INTEGER NOT NULL DEFAULT 0,
    reached      INTEGER NOT NULL DEFAULT 0, -- up to where the file's events are accepted
    line         INTEGER NOT NULL DEFAULT 0,
    bytes        INTEGER NOT NULL DEFAULT 0, -- read of the file
    sent         INTEGER NOT NULL DEFAULT 0,
    rejected     INTEGER NOT NULL DEFAULT 0,
    reject_parts INTEGER NOT NULL DEFAULT 0,
    failure      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (workspace, id)
);
CREATE INDEX import_job_open ON import_job (state, until);

-- The file of an import, until it ended, and what was not taken of it. They
-- stand here and not on a disk so that any node can go on with an import.
CREATE TABLE import_part (
    workspace INTEGER NOT NULL,
    job       TEXT NOT NULL,
    kind      TEXT NOT NULL,     -- file or rejects
    part      INTEGER NOT NULL,
    data      {{.Bytes}} NOT NULL, -- Zstandard
    PRIMARY KEY (workspace, job, kind, part)
);

-- How many events arrived in an hour, by what sent them. The shard is part of the
-- key so that no row is written by all.
CREATE TABLE arrival (
    model    INTEGER NOT NULL,
    source   TEXT NOT NULL,     -- the format: segment, posthog, jitsu, import
    library  TEXT NOT NULL,     -- what wrote it, '' where unknown
    verified INTEGER NOT NULL,  -- 1: with a secret key
    hour     INTEGER NOT NULL,  -- of arrival, hours since 1970
    shard    INTEGER NOT NULL,
    events   INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,  -- the latest arrival
    PRIMARY KEY (model, source, library, verified, hour, shard)
);

-- +goose Down
SELECT 1;

-- +goose Up

-- The archive: every accepted event once. key packs shard, log sequence and
-- index (event.Position). Not derived from anything; a replay reads it.
CREATE TABLE event (
    workspace    INTEGER NOT NULL,
    key          INTEGER NOT NULL {{if not .Postgres}}PRIMARY KEY{{end}},
    segment      INTEGER NOT NULL,
    profile      {{.Bytes}} NOT NULL,
    type         INTEGER NOT NULL,
    flags        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    checksum     INTEGER NOT NULL, -- CRC-32C of the key and the event's record, see event.Summer
    source       TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    user_id      TEXT,
    anonymous_id TEXT,
    target_id    TEXT,            -- previousId of an alias, groupId of a group
    name         TEXT,
    properties   TEXT,            -- raw JSON, as are the next three
    traits       TEXT,
    context      TEXT,
    integrations TEXT
    {{- if .Postgres}},
    PRIMARY KEY (workspace, key){{end}}
);
-- The timeline of a profile, by segment: a run of half a million events in the
-- order of their arrival. New events go into the newest segment's part of the index,
-- which stays in memory however many events are stored; one index over all would
-- cost a page of its own for nearly every event. SQLite's index ends with the
-- row's key by itself.
CREATE INDEX event_profile ON event (workspace, segment, profile, at{{if .Postgres}}, key{{end}});

-- Which segments a workspace has events in, and of which times, so that a reader
-- looks into few of them.
CREATE TABLE event_segment (
    workspace INTEGER NOT NULL,
    segment   INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, segment)
);

-- How far each shard of the log is applied. Moved by compare-and-set as the
-- first statement of a batch's transaction. epoch grows with every change of
-- owner, so that a former owner's compare fails.
CREATE TABLE shard_cursor (
    shard    INTEGER PRIMARY KEY,
    stream   TEXT NOT NULL,   -- identity of the log the sequence belongs to
    sequence INTEGER NOT NULL,
    partial  INTEGER NOT NULL DEFAULT 0, -- events of the next message that are applied already
    epoch    INTEGER NOT NULL DEFAULT 0
);

-- Where several nodes share a log: who applies which shard, and until when
-- unless they say so again; and which nodes live. By PostgreSQL's clock.
CREATE TABLE shard_lease (
    shard INTEGER PRIMARY KEY,
    node  TEXT NOT NULL,
    until INTEGER NOT NULL
);
CREATE TABLE node (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    until   INTEGER NOT NULL
);

-- Events that a Stage could not apply. They are stored and counted like all
-- others; record holds those few that could not even be stored.
CREATE TABLE dead_event (
    model     INTEGER NOT NULL,
    key       INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    at        INTEGER NOT NULL,   -- when it was given up
    stage     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    tries     INTEGER NOT NULL,
    record    {{.Bytes}},
    PRIMARY KEY (model, key)
);

-- Models that no workspace uses: being filled by a replay until the time given
-- unless it says so again, or waiting to be deleted.
CREATE TABLE spare_model (
    model     INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL,
    purpose   TEXT NOT NULL,
    until     INTEGER NOT NULL
);

-- Counts by workspace and shard, moved in the same transaction.
CREATE TABLE event_count (
    workspace INTEGER NOT NULL,
    shard     INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    PRIMARY KEY (workspace, shard)
);

-- Message hashes already seen: newest batches as they came (seen_tail), older
-- ones merged into sorted runs, cut into chunks. Each run has a filter that
-- stays in memory, so that a new message costs no look-up however many are stored.
CREATE TABLE seen_tail (
    shard    INTEGER NOT NULL,
    key      INTEGER NOT NULL,   -- of the batch's last event
    entries  {{.Bytes}} NOT NULL,
    PRIMARY KEY (shard, key)
);
CREATE TABLE seen_run (
    shard   INTEGER NOT NULL,
    run     INTEGER NOT NULL,
    level   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    filter  {{.Bytes}} NOT NULL,
    firsts  {{.Bytes}} NOT NULL,  -- the first hash of every chunk
    PRIMARY KEY (shard, run)
);
CREATE TABLE seen_chunk (
    shard   INTEGER NOT NULL,
    run     INTEGER NOT NULL,
    chunk   INTEGER NOT NULL,
    entries {{.Bytes}} NOT NULL,
    PRIMARY KEY (shard, run, chunk)
);

-- Rejected events for the debugger, the newest of each workspace, and counts.
CREATE TABLE rejection (
    id        {{.Identity}},
    workspace INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    source    TEXT NOT NULL,
    position  INTEGER NOT NULL,  -- in its request
    reason    TEXT NOT NULL,
    raw       TEXT NOT NULL
);
CREATE INDEX rejection_workspace ON rejection (workspace, id);
CREATE TABLE rejection_count (
    workspace INTEGER PRIMARY KEY,
    rejected  INTEGER NOT NULL
);

-- +goose Down
SELECT 1;

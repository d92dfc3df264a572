-- +goose Up

-- A visit is a run of a profile's browsing events without a pause of more than
-- half an hour. A row is a function of the set of the visit's events: two visits
-- become one when an event comes late between them. Steps hold the time of their
-- first event, 0 for none.
CREATE TABLE visit (
    model       INTEGER NOT NULL,
    profile     {{.Bytes}} NOT NULL,
    started_at  INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    shard       INTEGER NOT NULL, -- where it is counted: the lowest that its events came by
    seen        INTEGER NOT NULL, -- 1: browsed, 0: only ordered, as the shop's server said
    viewed_at   INTEGER NOT NULL,
    added_at    INTEGER NOT NULL,
    checkout_at INTEGER NOT NULL,
    ordered_at  INTEGER NOT NULL,
    failed_at   INTEGER NOT NULL,
    failure     TEXT NOT NULL,    -- payment method, line feed, reason of the first failed checkout
    PRIMARY KEY (model, profile, started_at)
){{if .Postgres}} WITH (fillfactor = 80){{end}};

-- Signals: what was counted in a minute, a quarter of an hour or a day of UTC. A
-- label '' is the whole; the others divide it (by payment method, product ...), as many
-- as a signal may have, and '*' holds the rest. Shards have rows of their own, so
-- that none is written by all; readers add them up. Rows of nothing do not exist.
CREATE TABLE signal (
    model  INTEGER NOT NULL,
    grain  INTEGER NOT NULL,            -- minutes
    name   TEXT NOT NULL,
    at     INTEGER NOT NULL,            -- when the slot begins
    label  TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    shard  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    amount INTEGER NOT NULL DEFAULT 0,  -- money in millionths, of the label's currency
    labels INTEGER NOT NULL DEFAULT 0,  -- how many there are besides '' and '*'; in the row of '' alone
    PRIMARY KEY (model, grain, name, at, label, shard)
);

-- The time of a shard's latest event, by which its finer signals are deleted.
CREATE TABLE signal_clock (
    model  INTEGER NOT NULL,
    shard  INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (model, shard)
);

-- What an order, or an opinion that can be edited, is counted as, so that a
-- change can take the old count back.
CREATE TABLE counted (
    model INTEGER NOT NULL,
    id    {{.Bytes}} NOT NULL,
    shard INTEGER NOT NULL,             -- where it is counted: the lowest that its events came by
    as_of {{.Bytes}},                   -- JSON; NULL while only locked
    PRIMARY KEY (model, id)
);

-- What products are called: by the latest day, then the smallest message hash.
CREATE TABLE product_name (
    model    INTEGER NOT NULL,
    product  TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    name     TEXT NOT NULL,
    verified INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    tie      INTEGER NOT NULL,
    PRIMARY KEY (model, product)
);

-- +goose Down
SELECT 1;

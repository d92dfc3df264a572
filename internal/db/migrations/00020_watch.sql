-- +goose Up

-- Who watches: one node at a time. The epoch grows with each that takes over, and is
-- named by everything it writes.
CREATE TABLE watch_lease (
    id     INTEGER PRIMARY KEY,        -- 1
    holder TEXT NOT NULL,
    epoch  INTEGER NOT NULL,
    until  INTEGER NOT NULL            -- by the database's clock
);

-- How far the watch of a workspace is. Not derived: it is what was known at the time.
CREATE TABLE watch_shop (
    workspace INTEGER PRIMARY KEY,
    cursor    TEXT NOT NULL,           -- JSON: position of the last outcome read, by shard
    latest    INTEGER NOT NULL,        -- time of the latest outcome
    promised  INTEGER NOT NULL,        -- parcels that were due before are known
    trained   INTEGER NOT NULL,        -- when it learnt from history
    learnt    INTEGER NOT NULL,        -- from so many outcomes
    history   INTEGER NOT NULL         -- outcomes of history since
);

-- What the detectors of a workspace know, and the Insight that they are a sign of.
CREATE TABLE watch_signal (
    workspace INTEGER NOT NULL,
    name      TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    state     {{.Bytes}} NOT NULL,
    insight   TEXT NOT NULL,
    listed    INTEGER NOT NULL,        -- 1: it stands in the console alone
    PRIMARY KEY (workspace, name)
);

-- +goose Down
SELECT 1;

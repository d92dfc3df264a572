-- +goose Up

-- Outcomes, counted by time and by the values of some dimensions: the dimension ''
-- is the whole. As many values of a dimension as a slot may have; '*' holds the
-- rest. Shards have rows of their own; readers add them up. Not derived, as
-- outcomes are not.
CREATE TABLE outcome_count (
    workspace INTEGER NOT NULL,
    grain     INTEGER NOT NULL,            -- minutes
    kind      TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    dim       TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    at        INTEGER NOT NULL,            -- when the slot begins
    value     TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    shard     INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    bad       INTEGER NOT NULL,            -- millionths
    PRIMARY KEY (workspace, grain, kind, dim, at, value, shard)
){{if not .Postgres}} WITHOUT ROWID{{end}};

-- +goose Down
SELECT 1;

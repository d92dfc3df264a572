-- +goose Up

-- Who gets the weekly letter, and when. A workspace without a row has the first
-- settings. Staff's own settings, not derived.
CREATE TABLE letter (
    workspace  INTEGER PRIMARY KEY,
    active     INTEGER NOT NULL,   -- 1: it is sent
    weekday    INTEGER NOT NULL,   -- 0 is Sunday
    hour       INTEGER NOT NULL,   -- of the shop's clock
    receivers  TEXT NOT NULL,      -- JSON
    changed_at INTEGER NOT NULL
);

-- Weeks whose letter was put into the outbox, or had nothing to tell.
CREATE TABLE letter_sent (
    workspace INTEGER NOT NULL,
    week      TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL, -- date of its Monday
    at        INTEGER NOT NULL,
    PRIMARY KEY (workspace, week)
);

-- +goose Down
SELECT 1;

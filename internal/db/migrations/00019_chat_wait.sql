-- +goose Up

-- Customers who wrote in a chat and have no answer yet. Not derived.
CREATE TABLE chat_wait (
    workspace INTEGER NOT NULL,
    id        {{.Bytes}} NOT NULL,   -- a hash of the conversation's id, else of the profile
    due       INTEGER NOT NULL,      -- when the wait is too long
    at        INTEGER NOT NULL,      -- of the first message without an answer
    profile   {{.Bytes}} NOT NULL,
    history   INTEGER NOT NULL,      -- 1: imported, or told late
    dims      TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX chat_wait_due ON chat_wait (workspace, due);

-- +goose Down
SELECT 1;

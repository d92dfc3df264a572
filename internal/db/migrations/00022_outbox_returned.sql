-- +goose Up

-- What arrived and what came back, the latest first. The index by state that was
-- there did not end with the id, so SQLite read all messages in their order instead.
CREATE INDEX outbox_arrived ON outbox (workspace, destination, touched_at, id) WHERE state = 'sent';
CREATE INDEX outbox_returned ON outbox (workspace, destination, touched_at, id) WHERE state = 'returned';
DROP INDEX outbox_sent;

-- +goose Down
SELECT 1;

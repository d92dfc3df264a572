-- +goose Up

-- How each destination fares: when it last took a message, and how many it never
-- will. Without these, a destination with many that wait would have all of them read.
CREATE INDEX outbox_sent ON outbox (workspace, destination, touched_at) WHERE state = 'sent';
CREATE INDEX outbox_failed ON outbox (workspace, destination, touched_at, id) WHERE state = 'dead';

-- +goose Down
SELECT 1;

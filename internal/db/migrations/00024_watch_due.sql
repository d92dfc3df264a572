-- +goose Up

-- What should have happened by now, of what is told as it happens: of history, what
-- follows may be told next.
DROP INDEX trail_promise;
CREATE INDEX trail_promise ON trail (workspace, promise) WHERE promise > 0 AND state & 16 = 0;
DROP INDEX chat_wait_due;
CREATE INDEX chat_wait_due ON chat_wait (workspace, due) WHERE history = 0;

-- +goose Down
SELECT 1;

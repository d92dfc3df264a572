-- +goose Up

-- Of a theme there may be one trouble and one piece of good news at a time: they are never one.
DROP INDEX insight_theme;
CREATE UNIQUE INDEX insight_theme ON insight (workspace, theme, good) WHERE state IN ('open', 'acknowledged', 'recovered');

-- +goose Down
SELECT 1;

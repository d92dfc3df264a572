-- +goose Up

-- What people changed, by whom and when. Never updated; not derived.
CREATE TABLE audit (
    id        {{.Identity}},
    workspace INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    account   TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    detail    TEXT NOT NULL
);
CREATE INDEX audit_workspace ON audit (workspace, id);

-- +goose Down
SELECT 1;

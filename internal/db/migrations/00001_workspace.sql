-- +goose Up

-- What the database says about itself. minimum_version is the oldest program
-- that may open it; a migration that breaks older programs raises it.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('minimum_version', '0.1.0');
-- Grows by one with every change to workspaces and keys, so that other
-- processes on this database notice it.
INSERT INTO meta (name, value) VALUES ('directory_version', '1');
-- The last model given out: a replay fills one before any workspace uses it, so
-- the greatest in the table below would not do.
INSERT INTO meta (name, value) VALUES ('last_model', '0');

-- Every workspace, with the model (generation of derived rows) its readers use.
CREATE TABLE workspace (
    number          {{.Identity}},
    id              TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL UNIQUE,
    model           INTEGER NOT NULL UNIQUE,
    allowed_origins TEXT NOT NULL DEFAULT '',   -- one a line; empty allows all
    country         TEXT NOT NULL DEFAULT '',   -- ISO 3166 code, for phones written without one
    identity_secret {{.Bytes}} NOT NULL,        -- sealed; signs context.identity_token
    created_at      INTEGER NOT NULL
);

CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    workspace   INTEGER NOT NULL REFERENCES workspace (number),
    kind        TEXT NOT NULL,              -- write or secret
    label       TEXT NOT NULL DEFAULT '',
    public      TEXT NOT NULL,              -- a write key as it is; of a secret key its first letters
    hash        {{.Bytes}} NOT NULL UNIQUE, -- SHA-256 of the whole key
    scopes      TEXT NOT NULL DEFAULT '',   -- of a secret key, separated by spaces
    rate_limit  INTEGER NOT NULL DEFAULT 0, -- events a second, 0 for none
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
);
CREATE INDEX api_key_workspace ON api_key (workspace, created_at);

-- Staff.
CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL DEFAULT '',
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);
CREATE TABLE account_role (
    workspace INTEGER NOT NULL REFERENCES workspace (number),
    account   TEXT NOT NULL REFERENCES account (id),
    role      TEXT NOT NULL,                -- owner, admin, analyst or agent
    PRIMARY KEY (workspace, account)
);

-- +goose Down
SELECT 1;

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

-- What a shop says of itself. hours is JSON: shifts by weekday, and holidays.
ALTER TABLE workspace ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE workspace ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE workspace ADD COLUMN hours TEXT NOT NULL DEFAULT '';

-- What people chose for themselves, and their second factor: the sealed secret,
-- the one that waits for its first code, and the step of the last code taken.
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN totp {{.Bytes}};
ALTER TABLE account ADD COLUMN totp_pending {{.Bytes}};
ALTER TABLE account ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;

-- Who is signed in. Of a token only the hash is kept; stage is 'open', or
-- 'second' while the second factor is missing.
CREATE TABLE staff_session (
    hash       {{.Bytes}} PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    account    TEXT NOT NULL,
    stage      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX staff_session_account ON staff_session (account);

-- Browsers in which somebody signed in before: failures elsewhere do not make
-- them wait.
CREATE TABLE staff_device (
    hash    {{.Bytes}} PRIMARY KEY,
    account TEXT NOT NULL,
    used_at INTEGER NOT NULL
);
CREATE INDEX staff_device_account ON staff_device (account);

-- Codes that each stand in once for the second factor.
CREATE TABLE staff_recovery (
    account TEXT NOT NULL,
    hash    {{.Bytes}} NOT NULL,
    PRIMARY KEY (account, hash)
);

-- Links that were handed out: 'invite', 'reset' and 'setup'.
CREATE TABLE staff_link (
    hash       {{.Bytes}} PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    workspace  INTEGER NOT NULL,
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX staff_link_workspace ON staff_link (workspace, kind);

-- Failed sign-ins in a row, by a hash of what they had in common.
CREATE TABLE staff_throttle (
    subject  {{.Bytes}} PRIMARY KEY,
    failures INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    until    INTEGER NOT NULL
);
CREATE INDEX staff_throttle_at ON staff_throttle (at);

-- +goose Down
SELECT 1;

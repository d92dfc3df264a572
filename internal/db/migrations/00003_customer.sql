-- +goose Up

-- An identifier of the shop's own (user id) or of a browser's (anonymous id).
-- Events belong to a profile for ever; customer names the set of profiles it is
-- in, by the smallest id of the set. A profile that other facts only name has
-- no events. consent_*: 0 while never stated, else the time in microseconds
-- times 2, plus 1 where denied: the largest is the last word.
CREATE TABLE profile (
    model                   INTEGER NOT NULL,
    id                      {{.Bytes}} NOT NULL,      -- event.ProfileID; users sort first
    value                   TEXT NOT NULL DEFAULT '', -- '' where only a staff decision named it yet
    customer                {{.Bytes}} NOT NULL,
    owner                   {{.Bytes}},               -- of an anonymous profile: the user profile it follows
    first_seen              INTEGER NOT NULL DEFAULT 0,
    last_seen               INTEGER NOT NULL DEFAULT 0,
    events                  INTEGER NOT NULL DEFAULT 0,
    verified                INTEGER NOT NULL DEFAULT 0,
    consent_necessary       INTEGER NOT NULL DEFAULT 0,
    consent_analytics       INTEGER NOT NULL DEFAULT 0,
    consent_personalisation INTEGER NOT NULL DEFAULT 0,
    consent_marketing       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model, id)
){{if .Postgres}} WITH (fillfactor = 80){{end}};
CREATE INDEX profile_customer ON profile (model, customer);
CREATE INDEX profile_owner ON profile (model, owner) WHERE owner IS NOT NULL;

-- An anonymous id was seen with a user id, first at (at, tie), of verified events
-- alone where there are any; tie is of the message hash.
CREATE TABLE link (
    model   INTEGER NOT NULL,
    anon    {{.Bytes}} NOT NULL,
    owner   {{.Bytes}} NOT NULL,
    claimed INTEGER NOT NULL,         -- 0: a verified event vouched for it
    at      INTEGER NOT NULL,
    tie     INTEGER NOT NULL,
    PRIMARY KEY (model, anon, owner)
);
CREATE INDEX link_first ON link (model, anon, claimed, at, tie);

-- What else names a profile: email, phone, a channel's handle; and alias, the
-- previous id of an alias call, held by both users it speaks of.
CREATE TABLE identifier (
    model       INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    profile     {{.Bytes}} NOT NULL,
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    verified_at INTEGER,              -- first time that somebody vouched for it
    PRIMARY KEY (model, kind, value, profile)
);
CREATE INDEX identifier_profile ON identifier (model, profile);
CREATE INDEX identifier_verified ON identifier (model, kind, value, profile) WHERE verified_at IS NOT NULL;

-- Identifiers that two or more profiles hold: where merge suggestions are found.
CREATE TABLE identifier_held_twice (
    model INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, kind, value)
);

-- What staff decided about a pair of profiles, a < b: the last word stands.
CREATE TABLE identity_decision (
    model  INTEGER NOT NULL,
    a      {{.Bytes}} NOT NULL,
    b      {{.Bytes}} NOT NULL,
    merged INTEGER NOT NULL,          -- 1: the same customer, 0: never
    at     INTEGER NOT NULL,
    tie    INTEGER NOT NULL,
    account TEXT NOT NULL,            -- who decided
    PRIMARY KEY (model, a, b)
);
CREATE INDEX identity_decision_b ON identity_decision (model, b);

-- The last value of each trait by event time; value 'null' says it was removed.
CREATE TABLE trait (
    model   INTEGER NOT NULL,
    profile {{.Bytes}} NOT NULL,
    name    TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    value   TEXT NOT NULL,            -- raw JSON
    at      INTEGER NOT NULL,
    tie     INTEGER NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (model, profile, name)
);

-- Channels a customer does not want to hear on, with the last time they said so.
CREATE TABLE opt_out (
    model   INTEGER NOT NULL,
    profile {{.Bytes}} NOT NULL,
    channel TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (model, profile, channel)
);

-- +goose Down
SELECT 1;

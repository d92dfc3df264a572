-- +goose Up

-- How things ended for customers, as it was seen when it happened: what the watch
-- looks at. Not derived, so no replay changes it. Rows are kept for a while.
CREATE TABLE outcome (
    workspace INTEGER NOT NULL,
    position  INTEGER NOT NULL,            -- of the event that ended it
    n         INTEGER NOT NULL,            -- which of the event's outcomes
    kind      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    profile   {{.Bytes}} NOT NULL,
    subject   {{.Bytes}},                  -- the trail or opinion; NULL for none
    flags     INTEGER NOT NULL,            -- bits: 1 history, 2 again
    bad       INTEGER NOT NULL,            -- millionths: 0 well to 1000000 badly
    amount    INTEGER NOT NULL,            -- money at stake in millionths, 0 where unknown
    currency  TEXT NOT NULL,
    dims      TEXT NOT NULL,               -- JSON with sorted names, '' for none
    words     {{.Bytes}},                  -- a hash of an opinion's text; NULL for none
    sender    TEXT NOT NULL,               -- what sent it
    PRIMARY KEY (workspace, position, n)
){{if not .Postgres}} WITHOUT ROWID{{end}};
CREATE INDEX outcome_kind ON outcome (workspace, kind, at);
CREATE INDEX outcome_profile ON outcome (workspace, profile) WHERE bad >= 500000;

-- How many outcomes of a shard are stored, and at which positions its last days
-- began (by arrival), by which old ones are deleted.
CREATE TABLE outcome_clock (
    workspace INTEGER NOT NULL,
    shard     INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    days      TEXT NOT NULL,               -- JSON: [[day, first position], ...]
    tidied    INTEGER NOT NULL,            -- the day up to which trails were deleted that are too old
    PRIMARY KEY (workspace, shard)
);

-- What is known of a checkout, and then of its order and parcel, for the outcomes
-- to come: the order's events come from the shop's server and do not tell by what
-- device it was placed. An order's, checkout's or cart's id leads to it; where
-- they have none, the customer's profile. Not derived.
CREATE TABLE trail (
    workspace INTEGER NOT NULL,
    id        {{.Bytes}} NOT NULL,          -- a hash
    leads     {{.Bytes}},                  -- NULL: it stands here; else another name of this one
    day       INTEGER NOT NULL,            -- when it last was told of, in days since 1970
    at        INTEGER NOT NULL DEFAULT 0,  -- the time of the last event
    profile   {{.Bytes}},                  -- whose it is, as is all below NULL or empty where it leads on
    placed    {{.Bytes}},                  -- the hash of its order's id, where it is known
    state     INTEGER NOT NULL DEFAULT 0,  -- bits, see trail.go
    promise   INTEGER NOT NULL DEFAULT 0,  -- until when its parcel was promised, 0 for not; below 0: it passed, and an outcome tells
    value     INTEGER NOT NULL DEFAULT 0,  -- millionths
    currency  TEXT NOT NULL DEFAULT '',
    dims      TEXT NOT NULL DEFAULT '',    -- as of an outcome
    items     TEXT NOT NULL DEFAULT '',    -- JSON: its products, where there are several
    PRIMARY KEY (workspace, id)
){{if not .Postgres}} WITHOUT ROWID{{else}} WITH (fillfactor = 80){{end}};
CREATE INDEX trail_day ON trail (workspace, day);
CREATE INDEX trail_promise ON trail (workspace, promise) WHERE promise > 0;

-- +goose Down
SELECT 1;

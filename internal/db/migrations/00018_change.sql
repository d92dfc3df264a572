-- +goose Up

-- What the shop changed, as it says itself or as it was seen in events. Not derived.
CREATE TABLE change (
    workspace INTEGER NOT NULL,
    id        TEXT NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,     -- deploy, price, stock, campaign or other
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,     -- api, staff or events
    concerns  TEXT NOT NULL,     -- JSON: the release, product, campaign ... that it is of
    PRIMARY KEY (workspace, id)
);
CREATE INDEX change_at ON change (workspace, at, id);

-- What products cost, as pages show it. A price counts once three visitors in
-- turn have seen it.
CREATE TABLE product_price (
    workspace INTEGER NOT NULL,
    product   TEXT NOT NULL,
    currency  TEXT NOT NULL,
    price     INTEGER NOT NULL,            -- millionths, as is next
    since     INTEGER NOT NULL,
    next      INTEGER NOT NULL,            -- another price that was seen lately, 0 for none
    next_at   INTEGER NOT NULL,            -- when first
    next_by   {{.Bytes}},                  -- profiles that saw it, their first 8 bytes each
    PRIMARY KEY (workspace, product, currency)
);

-- Releases and campaigns that events have told of.
CREATE TABLE sighting (
    workspace INTEGER NOT NULL,
    kind      TEXT NOT NULL,               -- deploy or campaign
    value     TEXT NOT NULL,
    since     INTEGER NOT NULL,            -- the first event with it
    n         INTEGER NOT NULL,            -- events, until they are enough
    PRIMARY KEY (workspace, kind, value)
);

-- +goose Down
SELECT 1;

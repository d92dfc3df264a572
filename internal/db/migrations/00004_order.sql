-- +goose Up

-- What the shop sold, one row for each order id. A row is a function of the
-- set of the order's events: claimed and verified hold as JSON what events of
-- either trust said, each group of facts by the latest event (by time, then
-- message hash); the other columns are decided from the two and are what is read.
-- All but the key has a default, so that PostgreSQL can lock an order before it
-- is first written.
CREATE TABLE orders (
    model           INTEGER NOT NULL,
    id              {{.Bytes}} NOT NULL,          -- hash of the order id, or of the message where there is none
    order_id        TEXT NOT NULL DEFAULT '',
    profile         {{.Bytes}},                   -- whose order it is; NULL while only locked
    placed_at       INTEGER NOT NULL DEFAULT 0,
    draft           INTEGER NOT NULL DEFAULT 1,   -- 1: only ever updated, so not an order yet
    currency        TEXT NOT NULL DEFAULT '',
    amount          INTEGER,                      -- what was to be paid, in millionths, as are the next
    shipping        INTEGER,
    tax             INTEGER,
    discount        INTEGER,
    items_amount    INTEGER,                      -- sum of price and quantity; stands in for amount
    coupon          TEXT NOT NULL DEFAULT '',
    payment_method  TEXT NOT NULL DEFAULT '',
    checkout_id     TEXT NOT NULL DEFAULT '',
    shipped_at      INTEGER,
    carrier         TEXT NOT NULL DEFAULT '',
    tracking_number TEXT NOT NULL DEFAULT '',
    delivered_at    INTEGER,
    days_late       INTEGER,                      -- millionths of a day, below 0 for early
    cancelled_at    INTEGER,
    returned_at     INTEGER,
    refunded_at     INTEGER,
    refunded        INTEGER,                      -- millionths, the largest integer for all; NULL where unknown
    claimed         {{.Bytes}},                   -- NULL while only locked, as is the next
    verified        {{.Bytes}},
    PRIMARY KEY (model, id)
);
CREATE INDEX orders_profile ON orders (model, profile, placed_at);

CREATE TABLE order_item (
    model      INTEGER NOT NULL,
    id         {{.Bytes}} NOT NULL,               -- of the order
    ordinal    INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    sku        TEXT NOT NULL,
    name       TEXT NOT NULL,
    category   TEXT NOT NULL,
    variant    TEXT NOT NULL,
    price      INTEGER,                           -- millionths, as is the next
    quantity   INTEGER NOT NULL,
    PRIMARY KEY (model, id, ordinal)
);

-- +goose Down
SELECT 1;

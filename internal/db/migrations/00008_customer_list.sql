-- +goose Up

-- One row for each customer who has events, by which lists are searched,
-- filtered and sorted. It is made from the rows of their profiles, orders and
-- opinions whenever one of these changes. All but the key has a default, so that
-- PostgreSQL can lock a card before it is first written.
CREATE TABLE customer_card (
    model        INTEGER NOT NULL,
    id           {{.Bytes}} NOT NULL,          -- of the customer
    first_seen   INTEGER NOT NULL DEFAULT 0,
    last_seen    INTEGER NOT NULL DEFAULT 0,   -- the beginning of its five minutes, so that few events write it
    name         TEXT NOT NULL DEFAULT '',
    other_name   TEXT NOT NULL DEFAULT '',     -- in another script
    name_key     TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL DEFAULT '', -- by which names sort; who has none comes last
    city         TEXT NOT NULL DEFAULT '',
    orders       INTEGER NOT NULL DEFAULT 0,
    spend        INTEGER NOT NULL DEFAULT 0,   -- millionths, in the currency of most orders
    currency     TEXT NOT NULL DEFAULT '',
    opinions     INTEGER NOT NULL DEFAULT 0,
    channels     INTEGER NOT NULL DEFAULT 0,   -- of the opinions, a bit each
    rating       INTEGER NOT NULL DEFAULT -1,  -- of the last that says how it sounds: 0 and more bad, 2 million and more neutral, 4 million and more good
    last_opinion {{.Bytes}},
    terms        TEXT NOT NULL DEFAULT '',     -- the words of customer_term, each after a space
    PRIMARY KEY (model, id)
){{if .Postgres}} WITH (fillfactor = 80){{end}};
CREATE INDEX customer_card_last_seen ON customer_card (model, last_seen, id);
CREATE INDEX customer_card_first_seen ON customer_card (model, first_seen, id);
CREATE INDEX customer_card_name ON customer_card (model, name_key, id);
CREATE INDEX customer_card_orders ON customer_card (model, orders, id);
CREATE INDEX customer_card_spend ON customer_card (model, spend, id);
CREATE INDEX customer_card_rating ON customer_card (model, rating, id);

-- Words that a customer is found by, case folded, without accents.
CREATE TABLE customer_term (
    model INTEGER NOT NULL,
    term  TEXT {{if .Postgres}}COLLATE "C" {{end}}NOT NULL,
    id    {{.Bytes}} NOT NULL,
    PRIMARY KEY (model, term, id)
);

-- +goose Down
SELECT 1;

-- +goose Up

-- What is written to the customers whom an Insight hit. Staff's own, not derived.
CREATE TABLE loop_letter (
    workspace   INTEGER NOT NULL,
    insight     TEXT NOT NULL,
    destination TEXT NOT NULL,
    offer       INTEGER NOT NULL,  -- 1: it makes an offer, so it needs consent to marketing
    claimed     INTEGER NOT NULL,  -- 1: it goes to addresses too that nobody vouched for
    fallback    TEXT NOT NULL,     -- language for those whose own is not known
    texts       TEXT NOT NULL,     -- JSON: subject and text by language
    version     INTEGER NOT NULL,  -- grows with each change
    prepared_at INTEGER NOT NULL,
    prepared_by TEXT NOT NULL,     -- account
    approved_at INTEGER NOT NULL,  -- the last time, 0 for not yet
    approved_by TEXT NOT NULL,
    PRIMARY KEY (workspace, insight)
);

-- Who was written to, once each, and who was held out to compare with.
CREATE TABLE loop_customer (
    workspace   INTEGER NOT NULL,
    insight     TEXT NOT NULL,
    customer    {{.Bytes}} NOT NULL,  -- as they were called then; later merges are followed by their profile
    address     {{.Bytes}} NOT NULL,  -- hash, so that no address is written to twice
    at          INTEGER NOT NULL,
    arm         INTEGER NOT NULL,     -- 0: written to, 1: written to and compared, 2: held out
    language    TEXT NOT NULL,
    answered_at INTEGER NOT NULL,     -- 0 for not yet
    answer      TEXT NOT NULL,
    PRIMARY KEY (workspace, insight, customer)
);

-- +goose Down
SELECT 1;

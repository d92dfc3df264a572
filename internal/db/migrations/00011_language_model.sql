-- +goose Up

-- How a workspace's own model of sentiment did against the base model, each time
-- that one was trained. The newest with used = 1 reads the workspace's texts. Not
-- derived, but made from ratings: another training takes its place.
CREATE TABLE language_model (
    workspace  INTEGER NOT NULL,
    trained_at INTEGER NOT NULL,  -- microseconds
    base       TEXT NOT NULL,     -- the version of the base model that it adds to; of no use with another
    n_train    INTEGER NOT NULL,  -- texts that it learnt from
    n_test     INTEGER NOT NULL,  -- newest rated texts, on which the two were compared
    base_f1    INTEGER NOT NULL,  -- millionths: macro-F1 of the base model
    own_f1     INTEGER NOT NULL,  -- of this one
    low        INTEGER NOT NULL,  -- 95 % interval of the difference
    high       INTEGER NOT NULL,
    used       INTEGER NOT NULL,  -- 1 where it was better
    data       {{.Bytes}} NOT NULL, -- the model; empty where it is not needed any more
    PRIMARY KEY (workspace, trained_at)
);

-- +goose Down
SELECT 1;

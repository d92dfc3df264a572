-- +goose Up

-- Opinions counted by hour, for scores and charts of long ranges: one row for
-- each way to be rated. What was said in each quarter of the hour is counted
-- apart, because days do not begin on the hour everywhere. Each shard has rows
-- of its own, so that no two wait for each other. Opinions that a twin outdoes
-- are counted too; readers take them off.
CREATE TABLE feedback_hour (
    model    INTEGER NOT NULL,
    hour     INTEGER NOT NULL,  -- since 1970
    kind     TEXT NOT NULL,
    channel  TEXT NOT NULL,
    survey   TEXT NOT NULL,     -- id, empty for none
    scale    INTEGER NOT NULL,
    inverted INTEGER NOT NULL,
    rating   INTEGER NOT NULL,  -- millionths, -1 for none
    shard    INTEGER NOT NULL,
    q0       INTEGER NOT NULL,
    q1       INTEGER NOT NULL,
    q2       INTEGER NOT NULL,
    q3       INTEGER NOT NULL,
    PRIMARY KEY (model, hour, kind, channel, survey, scale, inverted, rating, shard)
);

-- Opinions on each product, counted by day of UTC.
CREATE TABLE feedback_day (
    model   INTEGER NOT NULL,
    day     INTEGER NOT NULL,   -- since 1970
    product TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind    TEXT NOT NULL,
    shard   INTEGER NOT NULL,
    good    INTEGER NOT NULL,
    neutral INTEGER NOT NULL,
    bad     INTEGER NOT NULL,
    unrated INTEGER NOT NULL,
    PRIMARY KEY (model, day, product, channel, kind, shard)
);

-- What staff do about an opinion. Not derived: a replay makes opinions with the
-- same ids again.
CREATE TABLE feedback_case (
    workspace  INTEGER NOT NULL,
    opinion    {{.Bytes}} NOT NULL,
    assignee   TEXT NOT NULL,     -- id of an account, empty for nobody
    handled_at INTEGER NOT NULL,  -- 0: open
    handled_by TEXT NOT NULL,
    notes      INTEGER NOT NULL,  -- how many there are
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, opinion)
);
CREATE INDEX feedback_case_assignee ON feedback_case (workspace, assignee, handled_at);

CREATE TABLE feedback_note (
    id        {{.Identity}},
    workspace INTEGER NOT NULL,
    opinion   {{.Bytes}} NOT NULL,
    at        INTEGER NOT NULL,
    account   TEXT NOT NULL,
    text      TEXT NOT NULL
);
CREATE INDEX feedback_note_opinion ON feedback_note (workspace, opinion, id);

-- +goose Down
SELECT 1;

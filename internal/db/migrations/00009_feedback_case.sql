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
    heard    INTEGER NOT NULL,  -- without a rating, how the text sounds: 1 bad, 2 neutral, 3 good, 0 nothing tells; 4 more where staff said so
    shard    INTEGER NOT NULL,
    q0       INTEGER NOT NULL,
    q1       INTEGER NOT NULL,
    q2       INTEGER NOT NULL,
    q3       INTEGER NOT NULL,
    PRIMARY KEY (model, hour, kind, channel, survey, scale, inverted, rating, heard, shard)
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

-- What opinions are about: a row for each topic, by which they are listed and counted.
CREATE TABLE feedback_topic (
    model     INTEGER NOT NULL,
    topic     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    id        {{.Bytes}} NOT NULL, -- of the opinion
    sentiment TEXT NOT NULL,       -- towards the topic
    channel   TEXT NOT NULL,
    PRIMARY KEY (model, topic, at, id, sentiment, channel)
);
-- The same counted by day of UTC.
CREATE TABLE feedback_topic_day (
    model    INTEGER NOT NULL,
    day      INTEGER NOT NULL,  -- since 1970
    topic    TEXT NOT NULL,
    channel  TEXT NOT NULL,
    shard    INTEGER NOT NULL,
    negative INTEGER NOT NULL,
    neutral  INTEGER NOT NULL,
    positive INTEGER NOT NULL,
    PRIMARY KEY (model, day, topic, channel, shard)
);

-- What staff said of a text that was understood wrongly. Not derived: a replay
-- applies it to the rows it makes. It is about this one text: where the customer
-- edits it afterwards, it waits in case that is taken back.
CREATE TABLE feedback_label (
    workspace INTEGER NOT NULL,
    opinion   {{.Bytes}} NOT NULL,
    said      {{.Bytes}} NOT NULL, -- hash of the text
    sentiment TEXT NOT NULL,       -- empty where it was right
    topics    TEXT,                -- as in feedback; NULL where they were right
    account   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (workspace, opinion)
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

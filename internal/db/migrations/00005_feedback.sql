-- +goose Up

-- Opinions of customers on every channel. What an event did not say is NULL in
-- the columns that have an index of their own and empty elsewhere.
CREATE TABLE feedback (
    {{- if not .Postgres}}
    number          INTEGER PRIMARY KEY, -- of the row in feedback_text; a bare rowid may change{{end}}
    model           INTEGER NOT NULL,
    id              {{.Bytes}} NOT NULL,
    profile         {{.Bytes}} NOT NULL,
    at              INTEGER NOT NULL,  -- of the first event
    edited_at       INTEGER NOT NULL,  -- of the latest
    stamp           {{.Bytes}} NOT NULL, -- its message hash, which decides between events of one time
    rated           {{.Bytes}} NOT NULL, -- time and message hash of the latest event with a rating, where others may follow
    said            {{.Bytes}} NOT NULL, -- likewise with a text
    channel         TEXT NOT NULL,     -- survey, review, chat, social, email or store
    kind            TEXT NOT NULL,     -- nps, csat, ces, rating, choice or text
    title           TEXT NOT NULL,
    text            TEXT NOT NULL,
    cut             INTEGER NOT NULL,  -- 1: the text was longer
    search          TEXT NOT NULL,     -- title and text as they are searched: normalised, case folded
    rating          INTEGER,           -- millionths
    scale           INTEGER NOT NULL,  -- highest possible rating, 0 where unknown
    inverted        INTEGER NOT NULL,  -- 1: a low rating is the good one
    mood            INTEGER,           -- 1 good, 0 neutral, -1 bad: of the rating, without one of the text
    shard           INTEGER NOT NULL DEFAULT 0, -- of the first event: its share of the rolled up counts
    language        TEXT,
    sentiment       TEXT,              -- of the text: negative, neutral or positive
    sentiment_score INTEGER,           -- millionths, -1 to 1
    topics          TEXT NOT NULL,     -- with the sentiment of each: |checkout:negative|price:positive|
    care            TEXT NOT NULL,     -- why a person must read it: |safety|legal|
    urgency         INTEGER NOT NULL,  -- 0 whenever to 3 now
    corrected       INTEGER NOT NULL,  -- what staff said of the text, bits: 1 the sentiment, 2 the topics
    product_id      TEXT,
    order_id        TEXT,
    survey_id       TEXT,
    question_id     TEXT NOT NULL,
    external_id     TEXT NOT NULL,     -- the id that the channel gave: of the review, message, post
    review          {{.Bytes}},        -- of a review with an id: the same in the rows of every profile that wrote it
    twin            INTEGER NOT NULL,  -- 1: there are two or more of these rows
    reply_to        TEXT NOT NULL,
    origin          TEXT NOT NULL,     -- social network, or store
    author          TEXT NOT NULL,     -- handle on that network
    verified        INTEGER NOT NULL,  -- 1: the shop's server or the channel vouched for who it is; claims do not edit it
    {{if .Postgres}}PRIMARY KEY{{else}}UNIQUE{{end}} (model, id)
);
-- Lists are read newest first. Each of these serves one filter and the order;
-- other filters are checked on the rows it yields.
CREATE INDEX feedback_at ON feedback (model, at);
CREATE INDEX feedback_channel ON feedback (model, channel, at);
CREATE INDEX feedback_profile ON feedback (model, profile, at);
CREATE INDEX feedback_product ON feedback (model, product_id, at) WHERE product_id IS NOT NULL;
CREATE INDEX feedback_order ON feedback (model, order_id, at) WHERE order_id IS NOT NULL;
CREATE INDEX feedback_survey ON feedback (model, survey_id, at) WHERE survey_id IS NOT NULL;
CREATE INDEX feedback_mood ON feedback (model, mood, at) WHERE mood IS NOT NULL;
CREATE INDEX feedback_language ON feedback (model, language, at) WHERE language IS NOT NULL;
CREATE INDEX feedback_sentiment ON feedback (model, sentiment, at) WHERE sentiment IS NOT NULL;
CREATE INDEX feedback_care ON feedback (model, at) WHERE care <> '';
CREATE INDEX feedback_urgency ON feedback (model, at) WHERE urgency > 0;
-- The rating and the text say opposite things.
CREATE INDEX feedback_disagrees ON feedback (model, at)
    WHERE (mood = 1 AND sentiment_score <= -500000 OR mood = -1 AND sentiment_score >= 500000);
-- Holds all that a score without further filters reads.
CREATE INDEX feedback_score ON feedback (model, kind, at, rating, scale, inverted, twin);
CREATE INDEX feedback_twin ON feedback (model, kind, at) WHERE twin = 1;
CREATE INDEX feedback_review ON feedback (model, review, profile) WHERE review IS NOT NULL;

{{if .Postgres -}}
-- Without the extension a search reads the rows one by one.
-- +goose StatementBegin
DO $$
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'pg_trgm is not available: %', SQLERRM;
    END;
    EXECUTE (
        SELECT format('CREATE INDEX feedback_search ON feedback USING gin (search %I.gin_trgm_ops)', n.nspname)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
EXCEPTION WHEN null_value_not_allowed THEN
    RAISE NOTICE 'feedback is searched without an index';
END $$;
-- +goose StatementEnd
{{- else -}}
-- The text itself is not stored again.
CREATE VIRTUAL TABLE feedback_text USING fts5 (
    search, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
-- +goose StatementBegin
CREATE TRIGGER feedback_text_insert AFTER INSERT ON feedback WHEN new.search <> '' BEGIN
    INSERT INTO feedback_text (rowid, search) VALUES (new.number, new.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_text_update AFTER UPDATE OF search ON feedback WHEN new.search <> old.search BEGIN
    DELETE FROM feedback_text WHERE rowid = old.number;
    INSERT INTO feedback_text (rowid, search) SELECT new.number, new.search WHERE new.search <> '';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_text_delete AFTER DELETE ON feedback WHEN old.search <> '' BEGIN
    DELETE FROM feedback_text WHERE rowid = old.number;
END;
-- +goose StatementEnd
{{- end}}

-- +goose Down
SELECT 1;

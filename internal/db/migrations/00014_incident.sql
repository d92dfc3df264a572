-- +goose Up

-- What was noticed, from then until it is mended. Not derived: people were told
-- of it and worked on it, which no replay makes or loses.
CREATE TABLE insight (
    workspace       INTEGER NOT NULL,
    id              TEXT NOT NULL,     -- a hash of theme, signal and beginning, so noticing it twice is one row
    number          INTEGER NOT NULL,  -- 1, 2, 3 ... for people
    theme           TEXT NOT NULL,     -- what those have in common that are one
    themes          TEXT NOT NULL,     -- JSON: those of the ones merged into it
    kind            TEXT NOT NULL,
    good            INTEGER NOT NULL,
    state           TEXT NOT NULL,     -- open, acknowledged, recovered, resolved or merged
    severity        INTEGER NOT NULL,
    told            INTEGER NOT NULL,
    finding         TEXT NOT NULL,     -- JSON
    opened_at       INTEGER NOT NULL,
    acknowledged_at INTEGER NOT NULL,  -- these three: 0 for not yet
    recovered_at    INTEGER NOT NULL,
    resolved_at     INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    acknowledged_by TEXT NOT NULL,     -- account
    resolved_by     TEXT NOT NULL,     -- account, '' for Dhvani itself
    owner           TEXT NOT NULL,     -- account, '' for nobody
    snoozed_until   INTEGER NOT NULL,  -- 0 for not snoozed
    merged_into     TEXT NOT NULL,
    reopened        INTEGER NOT NULL,
    outcome         TEXT NOT NULL,     -- what was done, in staff's words
    lesson          TEXT NOT NULL,     -- what the shop changes so that it does not happen again
    verdict         TEXT NOT NULL,     -- id of the verdict that closed it
    version         INTEGER NOT NULL,  -- of the last change
    staffed         INTEGER NOT NULL,  -- of the last change by a person
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX insight_number ON insight (workspace, number);
CREATE UNIQUE INDEX insight_theme ON insight (workspace, theme) WHERE state IN ('open', 'acknowledged', 'recovered');
CREATE INDEX insight_recent ON insight (workspace, opened_at, id);

-- What happened with it.
CREATE TABLE insight_entry (
    workspace INTEGER NOT NULL,
    insight   TEXT NOT NULL,
    n         INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    what      TEXT NOT NULL,
    account   TEXT NOT NULL,     -- '' for Dhvani itself
    detail    TEXT NOT NULL,     -- JSON
    PRIMARY KEY (workspace, insight, n)
);

-- Whom it hit.
CREATE TABLE insight_hit (
    workspace INTEGER NOT NULL,
    insight   TEXT NOT NULL,
    profile   {{.Bytes}} NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    times     INTEGER NOT NULL,
    amount    INTEGER NOT NULL,  -- millionths at stake
    currency  TEXT NOT NULL,
    back_at   INTEGER NOT NULL,  -- when it went well after all, 0 for not yet
    PRIMARY KEY (workspace, insight, profile)
);
CREATE INDEX insight_hit_profile ON insight_hit (workspace, profile);

-- Steps of its playbook that somebody did.
CREATE TABLE insight_step (
    workspace INTEGER NOT NULL,
    insight   TEXT NOT NULL,
    step      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    account   TEXT NOT NULL,
    note      TEXT NOT NULL,
    PRIMARY KEY (workspace, insight, step)
);

-- Playbooks that a workspace wrote itself; the others are in the program.
CREATE TABLE playbook (
    workspace  INTEGER NOT NULL,
    name       TEXT NOT NULL,    -- of the ready one that it takes the place of
    steps      TEXT NOT NULL,    -- JSON
    changed_at INTEGER NOT NULL,
    account    TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
);

-- Who is told of what.
CREATE TABLE tell_rule (
    workspace  INTEGER NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    rule       TEXT NOT NULL,    -- JSON
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- Who was told, so that they also hear of its end.
CREATE TABLE insight_told (
    workspace   INTEGER NOT NULL,
    insight     TEXT NOT NULL,
    rule        TEXT NOT NULL,
    destination TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    language    TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (workspace, insight, rule, destination, receiver)
);
CREATE INDEX insight_told_rule ON insight_told (workspace, rule, at);

-- What is to be told later: an escalation, what waits for a group, for the end of
-- quiet hours, or for a snooze to end.
CREATE TABLE insight_due (
    workspace INTEGER NOT NULL,
    insight   TEXT NOT NULL,
    rule      TEXT NOT NULL,     -- '' where it belongs to none
    what      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    step      INTEGER NOT NULL,  -- which time of several
    PRIMARY KEY (workspace, insight, rule, what)
);
CREATE INDEX insight_due_at ON insight_due (workspace, at);

-- What staff said of causes, made from events of the log. A row may come from a
-- withdrawal before its verdict is seen; then kind is ''.
CREATE TABLE insight_verdict (
    model      INTEGER NOT NULL,
    id         {{.Bytes}} NOT NULL,
    insight    TEXT NOT NULL,
    what       TEXT NOT NULL,    -- mute, expected or wrong
    kind       TEXT NOT NULL,
    theme      TEXT NOT NULL,
    signals    TEXT NOT NULL,    -- JSON
    pairs      TEXT NOT NULL,    -- JSON: the cause
    reason     TEXT NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    account    TEXT NOT NULL,
    withdrawn  INTEGER NOT NULL, -- when, 0 for not
    PRIMARY KEY (model, id)
);

-- +goose Down
SELECT 1;

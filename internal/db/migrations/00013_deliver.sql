-- +goose Up

-- Where messages go. Staff's own settings, not derived.
CREATE TABLE destination (
    workspace     INTEGER NOT NULL,
    id            TEXT NOT NULL,
    kind          TEXT NOT NULL,     -- email, webhook, slack, teams or telegram
    name          TEXT NOT NULL,
    address       TEXT NOT NULL,     -- what may be shown of where it is
    settings      TEXT NOT NULL,     -- JSON: what its kind needs
    secrets       {{.Bytes}} NOT NULL, -- sealed JSON
    at_once       INTEGER NOT NULL,  -- messages at the same time
    per_second    INTEGER NOT NULL,  -- thousandths; 0: no limit
    per_domain    INTEGER NOT NULL,  -- likewise, for each domain of the receivers
    quiet_from    INTEGER NOT NULL,  -- minutes of the receiver's day in which what may wait waits;
    quiet_to      INTEGER NOT NULL,  -- the same twice: none
    paused        TEXT NOT NULL DEFAULT '', -- why nothing is sent: staff, gone or secrets
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE UNIQUE INDEX destination_id ON destination (id);

-- Messages that leave, each decided once. Not derived: what was sent does not
-- become unsent by a replay.
CREATE TABLE outbox (
    workspace   INTEGER NOT NULL,
    id          TEXT NOT NULL,     -- a hash of the workspace and the decision's key, so each key is one message
    destination TEXT NOT NULL,
    kind        TEXT NOT NULL,     -- what it says, such as insight.opened
    about       TEXT NOT NULL,     -- the customer it is about, '' for none
    receiver    TEXT NOT NULL,     -- an e-mail address; '' where the destination is the receiver
    zone        TEXT NOT NULL,     -- the receiver's time zone, where the message may wait for the end of quiet hours
    bulk        INTEGER NOT NULL,  -- 1: after everything that is not
    body        {{.Bytes}} NOT NULL, -- as the destination's kind writes it; empty once it is no longer needed
    state       TEXT NOT NULL,     -- open, sent, dead or returned
    attempts    INTEGER NOT NULL,
    due         INTEGER NOT NULL,  -- not before
    created_at  INTEGER NOT NULL,
    touched_at  INTEGER NOT NULL,  -- the last attempt, or the making
    failure     TEXT NOT NULL,     -- of the last attempt, in a word
    log         TEXT NOT NULL,     -- JSON: the last attempts
    PRIMARY KEY (workspace, id)
);
CREATE INDEX outbox_due ON outbox (destination, bulk, due, id) WHERE state = 'open'; -- destinations' ids are unique
CREATE INDEX outbox_dead ON outbox (workspace, touched_at, id) WHERE state = 'dead';
CREATE INDEX outbox_recent ON outbox (workspace, destination, touched_at, id);
CREATE INDEX outbox_old ON outbox (touched_at) WHERE state <> 'open';
CREATE INDEX outbox_about ON outbox (workspace, about) WHERE about <> '';

-- Which process sends to a destination, so that its limits hold whatever the
-- number of nodes.
CREATE TABLE outbox_lane (
    workspace   INTEGER NOT NULL,
    destination TEXT NOT NULL,
    holder      TEXT NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (workspace, destination)
);

-- E-mail addresses that no longer take mail, or whose owners called one junk.
CREATE TABLE mail_stop (
    workspace INTEGER NOT NULL,
    address   {{.Bytes}} NOT NULL, -- a hash, so that the list tells nobody who they are
    why       TEXT NOT NULL,     -- bounced or complaint
    at        INTEGER NOT NULL,
    PRIMARY KEY (workspace, address)
);

-- +goose Down
SELECT 1;

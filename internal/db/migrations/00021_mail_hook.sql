-- +goose Up

-- Where mail servers and services tell of mails that came back. Staff's own settings,
-- not derived.
CREATE TABLE mail_hook (
    workspace   INTEGER NOT NULL,
    destination TEXT NOT NULL,
    source      TEXT NOT NULL,     -- email, ses, sendgrid, mailgun or postmark
    hash        {{.Bytes}} NOT NULL, -- of the id in its address, which is a secret
    secret      {{.Bytes}} NOT NULL, -- the source's key, sealed
    created_at  INTEGER NOT NULL,
    heard_at    INTEGER NOT NULL,  -- when something came last; 0: never
    PRIMARY KEY (workspace, destination)
);
CREATE UNIQUE INDEX mail_hook_hash ON mail_hook (hash);

-- +goose Down
SELECT 1;

-- +goose Up

-- Staff can say that a care flag is wrong, or the language.
ALTER TABLE feedback_label ADD COLUMN language TEXT NOT NULL DEFAULT ''; -- empty where it was right
ALTER TABLE feedback_label ADD COLUMN not_care TEXT NOT NULL DEFAULT ''; -- flags that were wrong, as in feedback

-- +goose Down
SELECT 1;

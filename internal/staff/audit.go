package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Record adds a line to the audit log, in the transaction of what it tells of.
// action is a message key's last part ("key.created"), subject names what was
// acted on by its id, detail says more in few words; neither holds personal data.
func Record(ctx context.Context, tx *db.Tx, by Actor, action, subject, detail string) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit (workspace, at, account, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		by.Workspace, time.Now().UnixMicro(), by.Account, action, subject, detail)
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

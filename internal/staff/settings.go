package staff

import (
	"context"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// General is what a shop says of itself.
type General struct{ Name, Zone, Currency, Country string }

// SetGeneral changes a workspace's name, time zone, currency and country.
func (s *Store) SetGeneral(ctx context.Context, by Actor, g General) error {
	var changed []string
	return s.Change(ctx, by, "workspace.changed", func(w *workspace.Workspace) {
		for _, f := range []struct {
			name     string
			old, new *string
		}{{"name", &w.Name, &g.Name}, {"zone", &w.Zone, &g.Zone}, {"currency", &w.Currency, &g.Currency}, {"country", &w.Country, &g.Country}} {
			if *f.old != *f.new {
				changed = append(changed, f.name)
			}
			*f.old = *f.new
		}
	}, func() string { return strings.Join(slices.Compact(changed), " ") })
}

// SetHours changes when the shop is open.
func (s *Store) SetHours(ctx context.Context, by Actor, week [7][]workspace.Shift) error {
	return s.Change(ctx, by, "workspace.hours", func(w *workspace.Workspace) { w.Hours.Week = week }, nil)
}

// SetHolidays replaces the days on which the shop is closed.
func (s *Store) SetHolidays(ctx context.Context, by Actor, days []workspace.Holiday) error {
	return s.Change(ctx, by, "workspace.holidays", func(w *workspace.Workspace) { w.Hours.Holidays = days }, nil)
}

// SetOrigins replaces the web origins that may use a write key.
func (s *Store) SetOrigins(ctx context.Context, by Actor, origins []string) error {
	return s.Change(ctx, by, "workspace.origins", func(w *workspace.Workspace) { w.AllowedOrigins = origins },
		func() string { return strings.Join(origins, " ") })
}

// Change lets edit change a workspace's name and settings as they are now; action
// and, where it is not nil, detail say so in the audit log.
func (s *Store) Change(ctx context.Context, by Actor, action string, edit func(w *workspace.Workspace), detail func() string) error {
	if err := by.Need(Configure); err != nil {
		return err
	}
	id := ""
	return s.workspaces.Change(ctx, by.Workspace, func(w *workspace.Workspace) error {
		edit(w)
		id = w.ID
		return nil
	}, func(ctx context.Context, tx *db.Tx) error {
		text := ""
		if detail != nil {
			text = detail()
		}
		return Record(ctx, tx, by, action, id, text)
	})
}

// Keys lists a workspace's keys, without their secret parts.
func (s *Store) Keys(ctx context.Context, by Actor) ([]workspace.Key, error) {
	if err := by.Need(Configure); err != nil {
		return nil, err
	}
	return s.workspaces.Keys(ctx, by.Workspace)
}

// CreateKey makes a key and returns it with its text, which is shown only now.
func (s *Store) CreateKey(ctx context.Context, by Actor, o workspace.KeyOptions) (workspace.Key, string, error) {
	if err := by.Need(Configure); err != nil {
		return workspace.Key{}, "", err
	}
	return s.workspaces.CreateKey(ctx, by.Workspace, o, func(ctx context.Context, tx *db.Tx, made workspace.Key) error {
		return Record(ctx, tx, by, "key.created", made.ID, strings.TrimSpace(string(made.Kind)+" "+made.Scopes.String()))
	})
}

// RevokeKey ends a key for good, within a second everywhere.
func (s *Store) RevokeKey(ctx context.Context, by Actor, id string) error {
	if err := by.Need(Configure); err != nil {
		return err
	}
	return s.workspaces.RevokeKey(ctx, by.Workspace, id, func(ctx context.Context, tx *db.Tx) error {
		return Record(ctx, tx, by, "key.revoked", id, "")
	})
}

// IdentitySecret returns the secret with which the shop's server vouches for its users.
func (s *Store) IdentitySecret(ctx context.Context, by Actor) (string, error) {
	if err := by.Need(Configure); err != nil {
		return "", err
	}
	secret, err := s.workspaces.IdentitySecret(ctx, by.Workspace)
	if err != nil {
		return "", err
	}
	return secret, s.db.Update(ctx, func(tx *db.Tx) error { return Record(ctx, tx, by, "identity.shown", "", "") })
}

// RotateIdentitySecret replaces it; tokens made with the old one end.
func (s *Store) RotateIdentitySecret(ctx context.Context, by Actor) (string, error) {
	if err := by.Need(Configure); err != nil {
		return "", err
	}
	return s.workspaces.RotateIdentitySecret(ctx, by.Workspace, func(ctx context.Context, tx *db.Tx) error {
		return Record(ctx, tx, by, "identity.rotated", "", "")
	})
}

package incident_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Whom an incident hit is a file for who may take it, of all pages, and the audit
// log says so; who is not known any more has no name.
func TestExport(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := set(t, d)
		var many []incident.Hit
		for i := range 700 {
			many = append(many, hits(fmt.Sprint("u", i))...)
		}
		many[0].Back, many[1].Amount = start.UnixMicro(), int64(event.One)/2
		in := open(t, s, upi(), true, many...)
		var out bytes.Buffer
		agent := staff.Actor{Account: "arun", Workspace: 1, Role: workspace.Agent}
		if err := s.Export(ctx, agent, in.ID, &out); !errors.Is(err, staff.ErrForbidden) || out.Len() > 0 {
			t.Errorf("an agent took %d bytes (%v)", out.Len(), err)
		}
		stranger := staff.Actor{Account: "eve", Workspace: 2, Role: workspace.Owner}
		if err := s.Export(ctx, stranger, in.ID, &out); !errors.Is(err, incident.ErrNotFound) || out.Len() > 0 {
			t.Errorf("another shop took %d bytes (%v)", out.Len(), err)
		}
		owner := staff.Actor{Account: "mira", Workspace: 1, Role: workspace.Owner}
		if err := s.Export(ctx, owner, in.ID, &out); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(lines) != 701 {
			t.Fatalf("%d lines (%v)", len(lines), err)
		}
		back, half := 0, 0
		for _, l := range lines[1:] {
			if l[0] != "" || l[1] != "" {
				t.Fatalf("somebody who is not known is %q", l)
			}
			if l[9] != "" {
				back++
			}
			if l[7] == "0.5" && l[8] == "INR" {
				half++
			}
		}
		if back != 1 || half != 1 {
			t.Errorf("%d got through, %d have half a rupee at stake", back, half)
		}
		var n int
		update(t, d, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM audit WHERE workspace = 1 AND action = 'incident.exported' AND account = 'mira'").Scan(&n)
		})
		if n != 1 {
			t.Errorf("the audit log has %d entries", n)
		}
	})
}

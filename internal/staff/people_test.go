package staff

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestRoles(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		admin := p.add("adi@shop.example", workspace.Admin).In(p.apples)
		agent := p.add("bo@shop.example", workspace.Agent).In(p.apples)
		owner := p.owner.In(p.apples)
		for _, c := range []struct {
			by   Actor
			who  string
			to   workspace.Role
			want string
		}{
			{admin, owner.Account, workspace.Agent, "owner_only_change"},
			{admin, agent.Account, workspace.Owner, "owner_only"},
			{owner, owner.Account, workspace.Admin, "last_owner"},
			{owner, agent.Account, "king", "role"},
			{admin, agent.Account, workspace.Analyst, ""},
		} {
			if err := p.SetRole(ctx, c.by, c.who, c.to); code(err) != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%s makes %s %s: %v", c.by.Role, c.who, c.to, err)
			}
		}
		if err := p.SetRole(ctx, agent, admin.Account, workspace.Agent); !errors.Is(err, ErrForbidden) {
			t.Errorf("an agent changes a role: %v", err)
		}
		if err := p.Remove(ctx, owner, owner.Account); code(err) != "last_owner" {
			t.Errorf("the last owner goes: %v", err)
		}
		if err := p.Remove(ctx, admin, owner.Account); code(err) != "owner_only_change" {
			t.Errorf("an admin removes an owner: %v", err)
		}
		foreign := Actor{Account: owner.Account, Workspace: p.pears, Role: workspace.Owner}
		for _, err := range []error{p.Remove(ctx, foreign, agent.Account), p.SetRole(ctx, foreign, agent.Account, workspace.Admin)} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("a person of another workspace: %v", err)
			}
		}
		if err := p.Remove(ctx, admin, agent.Account); err != nil {
			t.Fatal(err)
		}
		people, err := p.Members(ctx, admin)
		if err != nil || len(people) != 2 || people[0].Name != "adi" || people[1].Role != workspace.Owner || people[1].Email != "asha@shop.example" {
			t.Fatal(people, err)
		}
		if people, err = p.Members(ctx, Actor{Workspace: p.apples, Role: workspace.Agent}); err != nil || people[0].Email != "" {
			t.Fatal("an agent reads e-mails of staff", people, err)
		}
	})
}

// Two owners who remove each other at once leave one.
func TestOwnersRace(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		one, two := p.owner.In(p.apples), p.add("bo@shop.example", workspace.Owner).In(p.apples)
		var wg sync.WaitGroup
		wg.Go(func() { p.Remove(t.Context(), one, two.Account) })
		wg.Go(func() { p.Remove(t.Context(), two, one.Account) })
		wg.Wait()
		people, err := p.Members(t.Context(), Actor{Workspace: p.apples, Role: workspace.Owner})
		if err != nil || len(people) != 1 {
			t.Fatal(people, err)
		}
	})
}

func TestInvitation(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		owner, admin := p.owner.In(p.apples), p.add("adi@shop.example", workspace.Admin).In(p.apples)
		if _, err := p.Invite(ctx, admin, "x@shop.example", workspace.Owner); code(err) != "owner_only" {
			t.Errorf("an admin invites an owner: %v", err)
		}
		if _, err := p.Invite(ctx, Actor{Workspace: p.apples, Role: workspace.Analyst}, "x@shop.example", workspace.Agent); !errors.Is(err, ErrForbidden) {
			t.Errorf("an analyst invites: %v", err)
		}
		if _, err := p.Invite(ctx, owner, "ADI@shop.example", workspace.Agent); code(err) != "person_there" {
			t.Errorf("somebody who is there: %v", err)
		}
		first, err := p.Invite(ctx, admin, "New@shop.example", workspace.Agent)
		if err != nil {
			t.Fatal(err)
		}
		token, err := p.Invite(ctx, admin, "new@shop.example", workspace.Analyst)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Link(ctx, InviteLink, first); !errors.Is(err, ErrNotFound) {
			t.Error("the invitation before still counts")
		}
		if _, err := p.Link(ctx, ResetLink, token); !errors.Is(err, ErrNotFound) {
			t.Error("an invitation resets a password")
		}
		l, err := p.Link(ctx, InviteLink, token)
		if err != nil || l.Email != "new@shop.example" || l.Role != workspace.Analyst || l.Known || l.Workspace != p.apples {
			t.Fatal(l, err)
		}
		if list, err := p.Invitations(ctx, owner); err != nil || len(list) != 1 || list[0].ID != l.ID {
			t.Fatal(list, err)
		}
		foreign := Actor{Account: owner.Account, Workspace: p.pears, Role: workspace.Owner}
		if err := p.Withdraw(ctx, foreign, l.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("another workspace withdraws: %v", err)
		}
		if _, err := p.Join(ctx, token, Newcomer{Name: "New", Password: "short"}); code(err) != "password_length" {
			t.Fatal(err)
		}
		ticket, err := p.Join(ctx, token, Newcomer{Name: "New", Password: password, Language: "bn"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Session(ctx, ticket.Token); err != nil || got.Roles[p.apples] != workspace.Analyst || got.Language != "bn" {
			t.Fatal(got, err)
		}
		if _, err := p.Join(ctx, token, Newcomer{Name: "New", Password: password}); !errors.Is(err, ErrNotFound) {
			t.Errorf("an invitation twice: %v", err)
		}
	})
}

// Who has an account joins with its password, and guesses count.
func TestInvitationOfAnAccount(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		p.add("bo@shop.example", workspace.Agent)
		pears := Actor{Account: p.owner.Account, Workspace: p.pears, Role: workspace.Owner}
		if _, err := p.AddUser(ctx, p.pears, NewUser{Email: "asha@shop.example", Role: workspace.Owner}); err != nil {
			t.Fatal(err)
		}
		token, err := p.Invite(ctx, pears, "bo@shop.example", workspace.Agent)
		if err != nil {
			t.Fatal(err)
		}
		for range freeFailures {
			if _, err := p.Join(ctx, token, Newcomer{Password: "wrong wrong", Address: "192.0.2.1"}); !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
		}
		var wait *Throttled
		if _, err := p.Join(ctx, token, Newcomer{Password: password, Address: "192.0.2.1"}); !errors.As(err, &wait) {
			t.Fatal(err)
		}
		p.pass(time.Minute)
		ticket, err := p.Join(ctx, token, Newcomer{Password: password, Address: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Session(ctx, ticket.Token); err != nil || len(got.Roles) != 2 {
			t.Fatal(got, err)
		}
	})
}

func TestInvitationEnds(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		admin := p.add("adi@shop.example", workspace.Admin).In(p.apples)
		late, err := p.Invite(ctx, p.owner.In(p.apples), "late@shop.example", workspace.Agent)
		if err != nil {
			t.Fatal(err)
		}
		byAdmin, err := p.Invite(ctx, admin, "x@shop.example", workspace.Admin)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetRole(ctx, p.owner.In(p.apples), admin.Account, workspace.Agent); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Join(ctx, byAdmin, Newcomer{Name: "X", Password: password}); !errors.Is(err, ErrNotFound) {
			t.Errorf("from somebody who may no longer invite: %v", err)
		}
		p.pass(InviteLimit + time.Second)
		if _, err := p.Join(ctx, late, Newcomer{Name: "Late", Password: password}); !errors.Is(err, ErrNotFound) {
			t.Errorf("after seven days: %v", err)
		}
	})
}

func TestReset(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		mine := p.signIn("asha@shop.example")
		p.turnOn(mine.Token)
		if _, err := p.StartReset(ctx, "nobody@shop.example", false); code(err) != "no_account" {
			t.Fatal(err)
		}
		for range freeFailures + 1 {
			p.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: "wrong wrong", Address: "192.0.2.1"})
		}
		first, err := p.StartReset(ctx, "asha@shop.example", false)
		if err != nil {
			t.Fatal(err)
		}
		token, err := p.StartReset(ctx, "Asha@shop.example", false)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Reset(ctx, first, "another password"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an older link: %v", err)
		}
		if err := p.Reset(ctx, token, "another password"); err != nil {
			t.Fatal(err)
		}
		if err := p.Reset(ctx, token, "a third password"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a link twice: %v", err)
		}
		if _, err := p.Session(ctx, mine.Token); !errors.Is(err, ErrNoSession) {
			t.Error("a session lives on after a reset")
		}
		ticket, err := p.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: "another password", Address: "192.0.2.9"})
		if err != nil || !ticket.Second {
			t.Fatal("the second factor must still be asked for, without a wait", ticket, err)
		}
		if token, err = p.StartReset(ctx, "asha@shop.example", true); err != nil {
			t.Fatal(err)
		}
		p.pass(ResetLimit + time.Second)
		if err := p.Reset(ctx, token, "a third password"); !errors.Is(err, ErrNotFound) {
			t.Errorf("after a day: %v", err)
		}
		if ticket, err = p.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: "another password", Address: "192.0.2.9"}); err != nil || ticket.Second {
			t.Fatal("the second factor is still on", ticket, err)
		}
	})
}

func TestSetup(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		if token, err := p.StartSetup(ctx); err != nil || token != "" {
			t.Fatal("a set-up where somebody has an account", token, err)
		}
		err := p.db.Update(ctx, func(tx *db.Tx) error {
			for _, table := range []string{"account_role", "account", "audit"} {
				if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var tokens []string
		for range 2 { // two nodes
			token, err := p.StartSetup(ctx)
			if err != nil || token == "" {
				t.Fatal(token, err)
			}
			tokens = append(tokens, token)
		}
		f := FirstOwner{Email: "first@shop.example", Zone: "Asia/Kolkata", Newcomer: Newcomer{Name: "First", Password: password}}
		if _, err := p.Setup(ctx, "nonsense", f); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		tickets, errs := make([]Ticket, 2), make([]error, 2)
		for i, token := range tokens {
			wg.Go(func() {
				f := f
				f.Email = fmt.Sprintf("first%d@shop.example", i)
				tickets[i], errs[i] = p.Setup(ctx, token, f)
			})
		}
		wg.Wait()
		won := slices.Index(errs, nil)
		if won < 0 || errs[1-won] == nil {
			t.Fatal(errs)
		}
		got, err := p.Session(ctx, tickets[won].Token)
		if err != nil || got.Roles[p.apples] != workspace.Owner || got.Roles[p.pears] != workspace.Owner {
			t.Fatal(got, err)
		}
		if _, err := p.Setup(ctx, tokens[1-won], f); !errors.Is(err, ErrNotFound) {
			t.Errorf("a second set-up: %v", err)
		}
	})
}

func TestSettings(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		owner := p.owner.In(p.apples)
		agent := Actor{Account: "acc_x", Workspace: p.apples, Role: workspace.Agent}
		if err := p.SetGeneral(ctx, agent, General{Name: "X"}); !errors.Is(err, ErrForbidden) {
			t.Errorf("an agent changes settings: %v", err)
		}
		if err := p.SetGeneral(ctx, owner, General{Name: "Tantu", Zone: "Asia/Kolkata", Currency: "inr", Country: "in"}); err != nil {
			t.Fatal(err)
		}
		if err := p.SetHours(ctx, owner, [7][]workspace.Shift{1: {{From: 960, To: 1200}, {From: 600, To: 840}}}); err != nil {
			t.Fatal(err)
		}
		if err := p.SetHolidays(ctx, owner, []workspace.Holiday{{Date: "2026-01-26", Name: "Republic Day"}}); err != nil {
			t.Fatal(err)
		}
		w, err := p.workspaces.Get(ctx, p.applesID)
		if err != nil || w.Name != "Tantu" || w.Zone != "Asia/Kolkata" || w.Currency != "INR" || w.Hours.Week[1][0].From != 600 || len(w.Hours.Holidays) != 1 {
			t.Fatal(w, err)
		}
		for want, err := range map[string]error{
			"name_taken":     p.SetGeneral(ctx, owner, General{Name: "Pears"}),
			"zone":           p.SetGeneral(ctx, owner, General{Name: "Tantu", Zone: "Mars"}),
			"currency":       p.SetGeneral(ctx, owner, General{Name: "Tantu", Currency: "Rupee"}),
			"shifts_overlap": p.SetHours(ctx, owner, [7][]workspace.Shift{1: {{From: 600, To: 840}, {From: 800, To: 900}}}),
			"shift_order":    p.SetHours(ctx, owner, [7][]workspace.Shift{1: {{From: 600, To: 600}}}),
			"holiday_twice":  p.SetHolidays(ctx, owner, []workspace.Holiday{{Date: "2026-01-26"}, {Date: "2026-01-26"}}),
			"holiday_date":   p.SetHolidays(ctx, owner, []workspace.Holiday{{Date: "26 January"}}),
		} {
			if code(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		k, secret, err := p.CreateKey(ctx, owner, workspace.KeyOptions{Kind: workspace.SecretKey, Label: "Server", Scopes: workspace.ScopeRead})
		if err != nil || !strings.HasPrefix(secret, k.Public) {
			t.Fatal(k, err)
		}
		foreign := Actor{Account: owner.Account, Workspace: p.pears, Role: workspace.Owner}
		if err := p.RevokeKey(ctx, foreign, k.ID); !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("another workspace revokes a key: %v", err)
		}
		if err := p.RevokeKey(ctx, owner, k.ID); err != nil {
			t.Fatal(err)
		}
		var actions []string
		f := AuditFilter{Limit: 2}
		for {
			page, next, err := p.Audit(ctx, owner, f)
			if err != nil || len(page) > 2 {
				t.Fatal(page, err)
			}
			for _, e := range page {
				actions = append(actions, e.Action)
			}
			if f.Before = next; next == "" {
				break
			}
		}
		if want := []string{"key.revoked", "key.created", "workspace.holidays", "workspace.hours", "workspace.changed", "person.added"}; !slices.Equal(actions, want) {
			t.Errorf("the audit log: %q", actions)
		}
		page, _, err := p.Audit(ctx, owner, AuditFilter{Area: "key", Account: owner.Account, Limit: 10})
		if err != nil || len(page) != 2 || page[0].Name != "asha" || page[0].Subject != k.ID {
			t.Error(page, err)
		}
		if _, _, err := p.Audit(ctx, agent, AuditFilter{Limit: 10}); !errors.Is(err, ErrForbidden) {
			t.Errorf("an agent reads the audit log: %v", err)
		}
	})
}

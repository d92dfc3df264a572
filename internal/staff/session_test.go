package staff

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestSessions(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		one, two := p.signIn("asha@shop.example"), p.signIn("asha@shop.example")
		if one.Token == two.Token || len(one.Token) < 26 || one.Second {
			t.Fatalf("tickets: %+v %+v", one, two)
		}
		got, err := p.Session(ctx, one.Token)
		if err != nil || got.Account != p.owner.Account || got.Roles[p.apples] != workspace.Owner {
			t.Fatal(got, err)
		}
		err = p.db.View(ctx, func(tx *db.Tx) error {
			var hash []byte
			err := tx.QueryRow(ctx, "SELECT hash FROM staff_session LIMIT 1").Scan(&hash)
			if len(hash) != 32 || bytes.Contains(hash, []byte(one.Token[:8])) {
				t.Errorf("a session is kept as %q", hash)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"", "nonsense", one.Device, one.Token[:31] + "!"} {
			if _, err := p.Session(ctx, bad); !errors.Is(err, ErrNoSession) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		list, err := p.Sessions(ctx, p.owner, two.Token)
		if err != nil || len(list) != 2 || list[0].Current == list[1].Current || list[0].UserAgent != "Browser" {
			t.Fatal(list, err)
		}
		stranger := p.add("bo@shop.example", workspace.Owner)
		for _, s := range list {
			if err := p.EndSession(ctx, stranger, s.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("somebody else ended a session: %v", err)
			}
		}
		if err := p.EndOthers(ctx, p.owner, two.Token); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(ctx, one.Token); !errors.Is(err, ErrNoSession) {
			t.Error("an ended session is open")
		}
		if err := p.SignOut(ctx, two.Token); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(ctx, two.Token); !errors.Is(err, ErrNoSession) {
			t.Error("signed out and still there")
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		idle := p.signIn("asha@shop.example")
		p.pass(IdleLimit + time.Second)
		if _, err := p.Session(ctx, idle.Token); !errors.Is(err, ErrNoSession) {
			t.Errorf("without use: %v", err)
		}
		used := p.signIn("asha@shop.example")
		for range 10 { // used every three days, nearly
			p.pass(IdleLimit - time.Hour)
			if _, err := p.Session(ctx, used.Token); err != nil {
				t.Fatal(err)
			}
		}
		p.pass(AbsoluteLimit - 10*(IdleLimit-time.Hour) + time.Second)
		if _, err := p.Session(ctx, used.Token); !errors.Is(err, ErrNoSession) {
			t.Errorf("after thirty days: %v", err)
		}
	})
}

func TestPasswordChangeEndsSessions(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		old, other := p.signIn("asha@shop.example"), p.signIn("asha@shop.example")
		if _, err := p.SetPassword(ctx, p.owner, Attempt{Password: "not the password"}, "another password"); code(err) != "password_wrong" {
			t.Fatal(err)
		}
		if _, err := p.SetPassword(ctx, p.owner, Attempt{Password: password}, "short"); code(err) != "password_length" {
			t.Fatal(err)
		}
		fresh, err := p.SetPassword(ctx, p.owner, Attempt{Password: password, UserAgent: "Browser"}, "another password")
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{old.Token, other.Token} {
			if _, err := p.Session(ctx, token); !errors.Is(err, ErrNoSession) {
				t.Error("a session lives on after the password changed")
			}
		}
		if _, err := p.Session(ctx, fresh.Token); err != nil {
			t.Error(err)
		}
		if _, err := p.Authenticate(ctx, "asha@shop.example", password); !errors.Is(err, ErrCredentials) {
			t.Error("the old password opens")
		}
	})
}

func TestThrottle(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		known := p.signIn("asha@shop.example")
		wrong := func(email, address, device string) error {
			_, err := p.SignIn(ctx, Attempt{Email: email, Password: "wrong wrong", Address: address, Device: device})
			return err
		}
		var wait *Throttled
		for i := range freeFailures { // from many addresses, so that only the account counts
			if err := wrong("asha@shop.example", fmt.Sprintf("192.0.2.%d", i), ""); !errors.Is(err, ErrCredentials) {
				t.Fatal(i, err)
			}
		}
		if err := wrong("asha@shop.example", "192.0.2.99", ""); !errors.As(err, &wait) || wait.Wait != time.Second {
			t.Fatal(err)
		}
		right := Attempt{Email: "asha@shop.example", Password: password, Address: "192.0.2.99"}
		if _, err := p.SignIn(ctx, right); !errors.As(err, &wait) {
			t.Fatalf("the right password at the wrong time: %v", err)
		}
		// The browser in which the owner was before does not wait.
		right.Device = known.Device
		if _, err := p.SignIn(ctx, right); err != nil {
			t.Fatalf("a known browser waits: %v", err)
		}
		for range 30 { // an attacker who never stops
			p.pass(maxWait)
			if err := wrong("asha@shop.example", "198.51.100.7", ""); !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
		}
		if err := wrong("asha@shop.example", "203.0.113.1", ""); !errors.As(err, &wait) || wait.Wait > maxWait {
			t.Fatalf("shut out for long: %v", err)
		}
		// A new process on the database waits too.
		restarted := New(p.db, p.workspaces, p.now)
		if _, err := restarted.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: password, Address: "203.0.113.9"}); !errors.As(err, &wait) {
			t.Fatalf("after a restart: %v", err)
		}
		p.pass(maxWait)
		if _, err := p.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: password, Address: "203.0.113.9"}); err != nil {
			t.Fatal(err)
		}
		if err := wrong("asha@shop.example", "203.0.113.9", ""); !errors.Is(err, ErrCredentials) {
			t.Errorf("signing in did not begin the count anew: %v", err)
		}
	})
}

func TestThrottleByAddress(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		var wait *Throttled
		for i := range freeAddressFailures {
			address := fmt.Sprintf("2001:db8::%d", i) // one network
			if _, err := p.SignIn(ctx, Attempt{Email: fmt.Sprintf("u%d@shop.example", i), Password: "wrong wrong", Address: address}); !errors.Is(err, ErrCredentials) {
				t.Fatal(i, err)
			}
		}
		if _, err := p.SignIn(ctx, Attempt{Email: "u@shop.example", Password: "wrong wrong", Address: "2001:db8::ffff"}); !errors.As(err, &wait) {
			t.Fatal(err)
		}
		if _, err := p.SignIn(ctx, Attempt{Email: "asha@shop.example", Password: password, Address: "2001:db8:1::1"}); err != nil {
			t.Fatalf("another network waits too: %v", err)
		}
		p.pass(forgetAfter + time.Second)
		p.signIn("asha@shop.example")
		var rows int
		if err := p.db.View(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT count(*) FROM staff_throttle").Scan(&rows) }); err != nil || rows > 2 {
			t.Errorf("%d rows are kept: %v", rows, err)
		}
	})
}

// Many guesses at once get no further than one after another.
func TestThrottleParallel(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		tried := 0
		for i := range 20 {
			wg.Go(func() {
				_, err := p.SignIn(t.Context(), Attempt{Email: "asha@shop.example", Password: "wrong wrong", Address: fmt.Sprintf("192.0.2.%d", i)})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrCredentials) {
					tried++
				}
			})
		}
		wg.Wait()
		if tried != freeFailures {
			t.Errorf("%d guesses were looked at", tried)
		}
	})
}

package staff

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// The vectors of RFC 6238, appendix B, for SHA-1: eight digits there, the last
// six here.
func TestCode(t *testing.T) {
	secret := encoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037"} {
		if got, err := Code(secret, time.Unix(at, 0)); err != nil || got != want[2:] {
			t.Errorf("at %d: %s, %v", at, got, err)
		}
	}
}

// turnOn gives the owner a second factor and returns its secret and the codes.
func (p *place) turnOn(token string) (string, []string) {
	p.t.Helper()
	ctx := p.t.Context()
	if err := p.BeginSecondFactor(ctx, p.owner, password); err != nil {
		p.t.Fatal(err)
	}
	state, err := p.SecondFactorState(ctx, p.owner)
	if err != nil || state.On || state.Secret == "" || !strings.Contains(state.URL, "otpauth://totp/Dhvani:asha@shop.example?secret="+state.Secret) {
		p.t.Fatal(state, err)
	}
	codes, err := p.ConfirmSecondFactor(ctx, p.owner, token, p.code(state.Secret, 0))
	if err != nil {
		p.t.Fatal(err)
	}
	return state.Secret, codes
}

func (p *place) code(secret string, after time.Duration) string {
	p.t.Helper()
	c, err := Code(secret, p.at.Add(after))
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func TestSecondFactor(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		mine, other := p.signIn("asha@shop.example"), p.signIn("asha@shop.example")
		if err := p.BeginSecondFactor(ctx, p.owner, "not the password"); code(err) != "password_wrong" {
			t.Fatal(err)
		}
		if err := p.BeginSecondFactor(ctx, p.owner, password); err != nil {
			t.Fatal(err)
		}
		if _, err := p.ConfirmSecondFactor(ctx, p.owner, mine.Token, "000000"); !errors.Is(err, ErrCode) {
			t.Fatal(err)
		}
		if p.signIn("asha@shop.example").Second {
			t.Error("a secret counts that was never confirmed")
		}
		secret, codes := p.turnOn(mine.Token)
		if len(codes) != recoveryCodes {
			t.Fatalf("codes: %q", codes)
		}
		if _, err := p.Session(ctx, mine.Token); err != nil {
			t.Error("the session that turned it on has ended")
		}
		if _, err := p.Session(ctx, other.Token); !errors.Is(err, ErrNoSession) {
			t.Error("a session without the second factor lives on")
		}
		err := p.db.View(ctx, func(tx *db.Tx) error {
			var sealed []byte
			err := tx.QueryRow(ctx, "SELECT totp FROM account WHERE id = $1", p.owner.Account).Scan(&sealed)
			if strings.Contains(string(sealed), secret) {
				t.Error("the secret is not sealed")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		half := p.signIn("asha@shop.example")
		if !half.Second || half.Device != "" {
			t.Fatalf("the password alone: %+v", half)
		}
		if _, err := p.Session(ctx, half.Token); !errors.Is(err, ErrNoSession) {
			t.Fatal("half a sign-in opens pages")
		}
		// The code that turned it on was used up.
		if _, err := p.SecondFactor(ctx, half.Token, p.code(secret, 0), "B"); !errors.Is(err, ErrCode) {
			t.Fatalf("a used code: %v", err)
		}
		p.pass(time.Minute)
		for _, far := range []time.Duration{-90 * time.Second, 90 * time.Second} {
			if _, err := p.SecondFactor(ctx, half.Token, p.code(secret, far), "B"); !errors.Is(err, ErrCode) {
				t.Errorf("a code of %s: %v", far, err)
			}
		}
		next := p.code(secret, 30*time.Second) // a clock that is ahead
		whole, err := p.SecondFactor(ctx, half.Token, next[:3]+" "+next[3:], "B")
		if err != nil || whole.Token == half.Token || whole.Device == "" {
			t.Fatal(whole, err)
		}
		if got, err := p.Session(ctx, whole.Token); err != nil || got.Account != p.owner.Account {
			t.Fatal(got, err)
		}
		if _, err := p.SecondFactor(ctx, half.Token, next, "B"); !errors.Is(err, ErrNoSession) {
			t.Errorf("half a sign-in went twice: %v", err)
		}
		half = p.signIn("asha@shop.example")
		for _, c := range []string{next, p.code(secret, 0)} { // replayed, and older than the last
			if _, err := p.SecondFactor(ctx, half.Token, c, "B"); !errors.Is(err, ErrCode) {
				t.Errorf("replay: %v", err)
			}
		}
		if _, err := p.SecondFactor(ctx, half.Token, strings.ToUpper(codes[3]), "B"); err != nil {
			t.Fatalf("a recovery code: %v", err)
		}
		half = p.signIn("asha@shop.example")
		if _, err := p.SecondFactor(ctx, half.Token, codes[3], "B"); !errors.Is(err, ErrCode) {
			t.Fatalf("a recovery code twice: %v", err)
		}
		if state, err := p.SecondFactorState(ctx, p.owner); err != nil || !state.On || state.Recovery != recoveryCodes-1 || state.Secret != "" {
			t.Fatal(state, err)
		}
		p.pass(secondLimit + time.Second)
		if _, err := p.SecondFactor(ctx, half.Token, p.code(secret, 0), "B"); !errors.Is(err, ErrNoSession) {
			t.Errorf("after ten minutes: %v", err)
		}
		fresh, err := p.NewRecoveryCodes(ctx, p.owner, password)
		if err != nil || len(fresh) != recoveryCodes {
			t.Fatal(fresh, err)
		}
		half = p.signIn("asha@shop.example")
		if _, err := p.SecondFactor(ctx, half.Token, codes[0], "B"); !errors.Is(err, ErrCode) {
			t.Errorf("an old recovery code: %v", err)
		}
		if err := p.EndSecondFactor(ctx, p.owner, password); err != nil {
			t.Fatal(err)
		}
		if p.signIn("asha@shop.example").Second {
			t.Error("it is still on")
		}
	})
}

func TestSecondFactorThrottle(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		secret, _ := p.turnOn(p.signIn("asha@shop.example").Token)
		p.pass(time.Minute)
		half := p.signIn("asha@shop.example")
		for i := range freeFailures {
			if _, err := p.SecondFactor(ctx, half.Token, "000000", "B"); !errors.Is(err, ErrCode) {
				t.Fatal(i, err)
			}
		}
		half = p.signIn("asha@shop.example") // a new beginning is no way around
		var wait *Throttled
		if _, err := p.SecondFactor(ctx, half.Token, p.code(secret, 0), "B"); !errors.As(err, &wait) {
			t.Fatal(err)
		}
		p.pass(2 * time.Second)
		if _, err := p.SecondFactor(ctx, half.Token, p.code(secret, 0), "B"); err != nil {
			t.Fatal(err)
		}
	})
}

// Without the key that sealed the secret, recovery codes still let in.
func TestSecondFactorWithoutSeal(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		_, codes := p.turnOn(p.signIn("asha@shop.example").Token)
		other := p.t.TempDir() + "/" + workspace.SealKeyFile
		if err := workspace.NewSeal(ctx, p.db, other); err != nil {
			t.Fatal(err)
		}
		w, err := workspace.New(ctx, p.db, other)
		if err != nil {
			t.Fatal(err)
		}
		p.Store = New(p.db, w, p.now)
		half := p.signIn("asha@shop.example")
		if _, err := p.SecondFactor(ctx, half.Token, "123456", "B"); !errors.Is(err, ErrCode) {
			t.Error(err)
		}
		if _, err := p.SecondFactor(ctx, half.Token, codes[0], "B"); err != nil {
			t.Error(err)
		}
	})
}

package loop

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// Why says why a customer is not written to.
type Why string

// The reasons, in the order in which they count.
const (
	Already     Why = "already"      // they were written to about this
	WasHeld     Why = "held"         // they are held out
	Gone        Why = "gone"         // they were erased
	NoAddress   Why = "no_address"   // no e-mail address is known
	Unproven    Why = "unproven"     // only a page told the address
	OptedOut    Why = "opted_out"    // they want no mails
	NoConsent   Why = "no_consent"   // they did not agree to marketing, or refused even what is necessary
	Stopped     Why = "stopped"      // mails to the address came back, or were called junk
	SameAddress Why = "same_address" // somebody else with this address is written to
)

// Whys lists them.
var Whys = []Why{Already, WasHeld, Gone, NoAddress, Unproven, OptedOut, NoConsent, Stopped, SameAddress}

// Person is a customer who may be written to.
type Person struct {
	Customer event.ID
	Name     string // "" where it is not known
	Address  string
	Language locale.Lang
	Zone     string
}

// Plan says who would be written to now.
type Plan struct {
	Customers int // whom it hit, those who were erased among them
	Write     []Person
	HoldOut   []Person // who will be held out with this letter
	Compare   bool     // some are held out
	Not       map[Why]int
}

// Languages are those that the people who are written to read, in the order of
// locale.Langs.
func (p *Plan) Languages() (out []locale.Lang) {
	for _, lang := range locale.Langs {
		if p.First(lang) != nil {
			out = append(out, lang)
		}
	}
	return out
}

// First is somebody who reads a language, nil for nobody.
func (p *Plan) First(lang locale.Lang) *Person {
	for i := range p.Write {
		if p.Write[i].Language == lang {
			return &p.Write[i]
		}
	}
	return nil
}

// before is who had to do with a letter about an Insight before now.
type before struct {
	written, held map[event.ID]bool
	addresses     map[[32]byte]bool
}

// Plan finds out who would get a letter now, and who would not.
func (s *Store) Plan(ctx context.Context, workspace int64, zone string, l *Letter) (p *Plan, err error) {
	p = &Plan{Not: map[Why]int{}}
	past, err := s.before(ctx, workspace, l.Insight)
	if err != nil {
		return nil, err
	}
	seen := map[event.ID]bool{}
	var able []Person
	for cursor := ""; ; {
		hits, next, err := s.Incidents.Hits(ctx, workspace, l.Insight, cursor, 1000)
		if err != nil {
			return nil, err
		}
		more, err := s.weigh(ctx, workspace, zone, l, p, past, seen, hits)
		if err != nil {
			return nil, err
		}
		able = append(able, more...)
		if cursor = next; next == "" {
			break
		}
	}
	p.Compare = p.Customers >= compareFrom
	for _, one := range able {
		if p.Compare && isHeldOut(workspace, l.Insight, one.Customer) {
			p.HoldOut = append(p.HoldOut, one)
		} else {
			p.Write = append(p.Write, one)
		}
	}
	return p, nil
}

// weigh says of some of those whom it hit who may be written to.
func (s *Store) weigh(ctx context.Context, workspace int64, zone string, l *Letter, p *Plan, past *before, seen map[event.ID]bool, hits []incident.Hit) (able []Person, err error) {
	profiles := make([]event.ID, len(hits))
	for i := range hits {
		profiles[i] = hits[i].Profile
	}
	whose, err := s.customers().Whose(ctx, workspace, profiles)
	if err != nil {
		return nil, err
	}
	var ids []event.ID
	for _, profile := range profiles {
		id, known := whose[profile]
		if !known {
			p.Customers++
			p.Not[Gone]++
			continue
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		p.Customers++
		switch {
		case past.written[id]:
			p.Not[Already]++
		case past.held[id]:
			p.Not[WasHeld]++
		default:
			ids = append(ids, id)
		}
	}
	found, err := s.customers().ByIDs(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	p.Not[Gone] += len(ids) - len(found)
	names, err := s.customers().Called(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	spoken, err := s.opinions().Spoken(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for i := range found {
		c := &found[i]
		address, verified := addressOf(c)
		if why := mayNot(c, l.Offer); address == "" {
			p.Not[NoAddress]++
			continue
		} else if why != "" {
			p.Not[why]++
			continue
		} else if !verified && !l.Claimed {
			p.Not[Unproven]++
			continue
		}
		id, err := event.ParseID(c.ID)
		if err != nil {
			return nil, err
		}
		able = append(able, Person{Customer: id, Name: names[id], Address: address, Language: languageOf(c, spoken[id], l.Fallback), Zone: zoneOf(c, zone)})
		addresses = append(addresses, address)
	}
	stops, err := s.Stops(ctx, workspace, addresses)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(able, func(one Person) bool {
		h := hashOf(workspace, one.Address)
		switch {
		case stops[one.Address] != "":
			p.Not[Stopped]++
		case past.addresses[h]:
			p.Not[SameAddress]++
		default:
			past.addresses[h] = true
			return false
		}
		return true
	}), nil
}

// before reads who was written to or held out about an Insight, and about those that
// were merged into it. Customers that were merged since are found by who they are now.
func (s *Store) before(ctx context.Context, workspace int64, insight string) (*before, error) {
	b := &before{map[event.ID]bool{}, map[event.ID]bool{}, map[[32]byte]bool{}}
	arms := map[event.ID]arm{}
	var ids []event.ID
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		origins, err := incident.Origins(ctx, tx, workspace, insight)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("workspace int, insight text"))
		for _, o := range origins {
			keys.Add(workspace, o)
		}
		return tx.Lookup(ctx, keys, "SELECT c.customer, c.address, c.arm FROM k CROSS JOIN loop_customer c WHERE c.workspace = k.workspace AND c.insight = k.insight", func(rows *sql.Rows) error {
			var id, address []byte
			var a arm
			if err := rows.Scan(&id, &address, &a); err != nil {
				return err
			}
			if len(id) != len(event.ID{}) || len(address) != sha256.Size {
				return fmt.Errorf("a row of loop_customer is damaged")
			}
			one := event.ID(id)
			if _, ok := arms[one]; !ok {
				ids = append(ids, one)
			}
			if old, ok := arms[one]; !ok || old == heldOut {
				arms[one] = a
			}
			b.addresses[[32]byte(address)] = b.addresses[[32]byte(address)] || a != heldOut
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read who was written to: %w", err)
	}
	now, err := s.customers().Whose(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	for id, a := range arms {
		into := b.written
		if a == heldOut {
			into = b.held
		}
		into[id] = true
		if c, ok := now[id]; ok {
			into[c] = true
		}
	}
	return b, nil
}

// hashOf is what is stored of an address.
func hashOf(workspace int64, address string) [32]byte {
	return sha256.Sum256([]byte("loop\x00" + strconv.FormatInt(workspace, 10) + "\x00" + strings.ToLower(address)))
}

// addressOf is where a customer is written to: the verified address used last, else
// the claimed one used last.
func addressOf(c *customer.Customer) (address string, verified bool) {
	last := ""
	for _, i := range c.Identifiers {
		if i.Kind == customer.Email && (address == "" || i.Verified && !verified || i.Verified == verified && i.LastAt > last) {
			address, verified, last = i.Value, i.Verified, i.LastAt
		}
	}
	return address, verified
}

// mayNot says why a customer is not written to, whatever their address; "" where
// they may be. A letter without an offer is a service, which needs no consent but
// respects who wants no mails; an offer needs consent to marketing.
func mayNot(c *customer.Customer, offer bool) Why {
	for _, o := range c.OptOuts {
		if o.Channel == customer.Email {
			return OptedOut
		}
	}
	if necessary, stated := c.Consent[customer.Necessary]; stated && !necessary {
		return NoConsent
	}
	if offer && !c.Consent[customer.Marketing] {
		return NoConsent
	}
	return ""
}

// languageOf is the language that a customer is written to in: that of their traits,
// else that of their last words.
func languageOf(c *customer.Customer, spoken string, fallback locale.Lang) locale.Lang {
	for _, name := range [...]string{"language", "preferred_language", "preferredLanguage", "locale", "lang"} {
		if lang, ok := langOf(traitText(c, name)); ok {
			return lang
		}
	}
	if lang, ok := langOf(spoken); ok {
		return lang
	}
	return fallback
}

// langOf reads a code such as pt, pt-BR or hi_IN.
func langOf(code string) (locale.Lang, bool) {
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(code)), "_", "-"), "-")
	for _, lang := range locale.Langs {
		if own, _, _ := strings.Cut(strings.ToLower(string(lang)), "-"); base != "" && own == base {
			return lang, true
		}
	}
	return "", false
}

// zoneOf is the time zone by which quiet hours are meant.
func zoneOf(c *customer.Customer, shop string) string {
	for _, name := range [...]string{"timezone", "time_zone", "timeZone"} {
		if zone := traitText(c, name); zone != "" && zone != "Local" {
			if _, err := time.LoadLocation(zone); err == nil {
				return zone
			}
		}
	}
	return shop
}

func traitText(c *customer.Customer, name string) (text string) {
	_ = json.Unmarshal(c.Traits[name], &text) // what is no text says nothing
	return text
}

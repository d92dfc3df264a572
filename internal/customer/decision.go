package customer

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/event"
)

// Names of the staff events that this room understands.
const (
	MergeName   = "customer.merge"
	UnmergeName = "customer.unmerge"
	RefuseName  = "customer.refuse" // of a suggestion; the two stay apart
)

// maxPairs bounds how many pairs of profiles one decision may speak of.
const maxPairs = 10_000

// Decision is the properties of such an event: it holds for every pair of a
// profile on the left and one on the right. Of several decisions about a pair
// the latest stands, by event time and then message hash.
type Decision struct {
	Left  []string `json:"left"`
	Right []string `json:"right"`
	By    string   `json:"by"` // account
}

// decisionKey names a pair of profiles, a < b.
type decisionKey struct {
	model int64
	a, b  event.ID
}

type decision struct {
	merged bool
	stamp
	account string
}

// decide takes in a staff event.
func (f *fold) decide(e *event.Event) {
	if e.Name != MergeName && e.Name != UnmergeName && e.Name != RefuseName {
		return
	}
	o := event.ParseObject(e.Properties)
	left, right := parseIDs(o.Array("left")), parseIDs(o.Array("right"))
	if len(left)*len(right) > maxPairs {
		return // was never made by newDecision
	}
	d := decision{e.Name == MergeName, stampOf(e), o.Text("by")}
	for _, a := range left {
		for _, b := range right {
			k := decisionKey{e.Model, a, b}
			switch bytes.Compare(a[:], b[:]) {
			case 0:
				continue
			case 1:
				k.a, k.b = b, a
			}
			if old := f.decisions[k]; old == nil || old.before(d.stamp) {
				f.decisions[k] = &d
			}
		}
	}
}

func parseIDs(raw []string) []event.ID {
	var ids []event.ID
	for _, r := range raw {
		if id, err := event.ParseID(event.ScalarText(r)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// newDecision makes the staff event of a decision. It belongs to the shard of
// the profile it names first.
func newDecision(workspace int64, name string, first Profile, left, right []event.ID, by string, at int64) (event.Event, error) {
	if len(left)*len(right) > maxPairs {
		return event.Event{}, fmt.Errorf("%w: the decision speaks of more than %d pairs of profiles", ErrInvalid, maxPairs)
	}
	p, err := json.Marshal(Decision{texts(left), texts(right), by})
	if err != nil {
		return event.Event{}, err
	}
	e := event.Event{
		Workspace: workspace, Type: event.Staff, Flags: event.Verified, Source: "staff", Name: name,
		At: at, ReceivedAt: at, Properties: string(p),
		MessageID: "staff-" + event.NewID(workspace, name, string(p), event.FormatTime(at)).String(),
	}
	if first.Kind == event.UserProfile {
		e.UserID = first.Value
	} else {
		e.AnonymousID = first.Value
	}
	return e, nil
}

func texts(ids []event.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

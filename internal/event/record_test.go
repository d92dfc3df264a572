package event

import (
	"testing"

	"pgregory.net/rapid"
)

// anyEvent draws what a record can hold.
func anyEvent(t *rapid.T) Event {
	text := rapid.String()
	e := Event{
		Workspace: rapid.Int64Min(0).Draw(t, "workspace"), Type: Type(rapid.IntRange(1, int(Staff)).Draw(t, "type")),
		Flags: Flags(rapid.Byte().Draw(t, "flags")), At: rapid.Int64().Draw(t, "at"), ReceivedAt: rapid.Int64().Draw(t, "received"),
	}
	for _, f := range e.recordFields() {
		*f = text.Draw(t, "text")
	}
	return e
}

func TestRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(anyEvent), 1, 4).Draw(t, "events")
		var b []byte
		for i := range events {
			b = AppendRecord(b, &events[i])
		}
		rest := string(b)
		for i := range events {
			e, after, err := DecodeRecord(rest)
			if err != nil || e != events[i] {
				t.Fatalf("event %d: %v\n%+v\n%+v", i, err, e, events[i])
			}
			rest = after
		}
		if rest != "" {
			t.Fatalf("%d bytes are left", len(rest))
		}
		one := string(AppendRecord(nil, &events[0]))
		cut := rapid.IntRange(0, len(one)-1).Draw(t, "cut")
		if _, _, err := DecodeRecord(one[:cut]); err != ErrRecord {
			t.Fatalf("%d of %d bytes: %v", cut, len(one), err)
		}
	})
}

func TestRecordOfNoType(t *testing.T) {
	for _, typ := range []Type{0, Staff + 1} {
		if _, _, err := DecodeRecord(string(AppendRecord(nil, &Event{Type: typ}))); err != ErrRecord {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(string(AppendRecord(nil, &Event{Type: Track, Workspace: 300, At: -1, ReceivedAt: 1 << 60, UserID: "u", Properties: "{}"})))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")
	f.Fuzz(func(t *testing.T, s string) {
		e, rest, err := DecodeRecord(s)
		if err != nil {
			if err != ErrRecord || rest != "" {
				t.Fatal(err, rest)
			}
			return
		}
		if back, _, err := DecodeRecord(string(AppendRecord(nil, &e)) + rest); err != nil || back != e {
			t.Fatalf("%+v, %v, want %+v", back, err, e)
		}
	})
}

func TestPosition(t *testing.T) {
	p := NewPosition(MaxShards-1, MaxSequence, MaxIndex)
	if p < 0 || p.Shard() != MaxShards-1 || p.Sequence() != MaxSequence || p.Index() != MaxIndex {
		t.Errorf("%d: %d, %d, %d", p, p.Shard(), p.Sequence(), p.Index())
	}
	if NewPosition(3, 7, MaxIndex) >= NewPosition(3, 8, 0) {
		t.Error("positions do not follow the log")
	}
}

func TestIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		user, visitor := ProfileID(1, UserProfile, value), ProfileID(1, AnonymousProfile, value)
		if !user.IsUser() || visitor.IsUser() || user == ProfileID(2, UserProfile, value) {
			t.Fatalf("%s, %s", user, visitor)
		}
		for _, id := range []ID{user, visitor, NewID(1, "k", value, "")} {
			back, err := ParseID(id.String())
			if err != nil || back != id || id[6]>>4 != 8 || id[8]>>6 != 2 {
				t.Fatalf("%s: %v, %s", id, err, back)
			}
		}
	})
	if NewID(1, "k", "ab", "c") == NewID(1, "k", "a", "bc") {
		t.Error("the parts of an id run together")
	}
	for _, s := range []string{"", "00000000-0000-0000-0000-00000000000", "0000000000000000-0000-0000-0000-0000", "zzzzzzzz-0000-0000-0000-000000000000"} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("took %q", s)
		}
	}
}

func TestVerbs(t *testing.T) {
	for name, want := range map[string]Verb{
		"Order Completed": OrderCompleted, " order COMPLETED ": OrderCompleted, "survey sent": SurveyAnswered,
		"Product Added to Wishlist": WishlistAdded, "Wishlist Product Added to Cart": WishlistToCart,
		"Email Marked as Spam": EmailMarkedSpam, "order canceled": OrderCancelled, "Something Else": OtherVerb,
	} {
		if got := (&Event{Type: Track, Name: name}).Verb(); got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
	if (&Event{Type: Page, Name: "Order Completed"}).Verb() != OtherVerb {
		t.Error("a page is taken for an order")
	}
}

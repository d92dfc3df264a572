package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestObject(t *testing.T) {
	o := ParseObject(` { "a" : "x\ny" , "b":[1, "]", {"c":2}],"c":null,"d":-1.5e3,"e":"4.20","f":"yes","g":"TRUE","h":0,"a\u0062":1,"i":{"j":" k "},"l":"","e2":"\"" }`)
	for name, want := range map[string]string{
		"a": "x\ny", "b": "", "c": "", "d": "-1.5e3", "e": "4.20", "ab": "1", "i": "", "none": "", "e2": `"`,
	} {
		if got := o.Text(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n, ok := o.Number("d"); n != -1500*One || !ok {
		t.Errorf("d is %v", n)
	}
	if n, ok := o.Number("e"); n != 4_200_000 || !ok {
		t.Errorf("e is %v", n)
	}
	if _, ok := o.Number("f"); ok {
		t.Error("f is a number")
	}
	if v, ok := o.Bool("g"); !v || !ok {
		t.Error("g is not true")
	}
	if v, ok := o.Bool("h"); v || !ok {
		t.Error("h is not false")
	}
	if _, ok := o.Bool("f"); ok {
		t.Error("f is a boolean")
	}
	if got := o.Array("b"); !reflect.DeepEqual(got, []string{"1", `"]"`, `{"c":2}`}) {
		t.Errorf("b is %q", got)
	}
	if got := o.Object("i").Text("j"); got != "k" {
		t.Errorf("i.j is %q", got)
	}
	if got := o.First("none", "l", "e"); got != "4.20" {
		t.Errorf("first is %q", got)
	}
	if got := ParseObject(`{"a":1,"a":2}`).Get("a"); got != "2" {
		t.Errorf("of two it takes %q", got)
	}
}

// Damaged text is never decoded, but must not hang or panic either.
func TestDamagedText(t *testing.T) {
	for _, s := range []string{"", "{", `{"`, `{"a`, `{"a\`, `{"a"`, `{"a":`, `{"a":"`, `{"a":1`, `{"a":1,`, `{"a"}`, `{"a":}`, `{,}`, "[", "[,", "[1,", `["\`, "]", "{]", "1", `"`} {
		ParseObject(s)
		ParseArray(s)
		Merge(s, s)
		CheckSize(s)
		ScalarText(s)
	}
}

func TestDepth(t *testing.T) {
	nest := func(n int) string { return strings.Repeat(`{"a":`, n) + `"}}]]"` + strings.Repeat(`}`, n) }
	if err := CheckSize(nest(MaxDepth)); err != nil {
		t.Error(err)
	}
	if err := CheckSize(nest(MaxDepth + 1)); err != tooDeep {
		t.Error(err)
	}
}

// Merge gives the union of two objects, the second one's members winning.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.Custom(func(t *rapid.T) map[string]any {
			return rapid.MapOfN(rapid.StringMatching(`[ab"\\é]{0,2}`), rapid.OneOf(
				rapid.Map(rapid.StringMatching(`["a\\]{0,3}`), func(s string) any { return s }),
				rapid.Map(rapid.Float64Range(-9, 9), func(f float64) any { return f }),
				rapid.Just(any(map[string]any{"a": []any{"b"}})),
			), 0, 4).Draw(t, "object")
		})
		a, b := object.Draw(t, "base"), object.Draw(t, "own")
		write := func(v any) string {
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			if rapid.Bool().Draw(t, "spaced") {
				enc.SetIndent(" ", "\t")
			}
			enc.Encode(v)
			return buf.String()
		}
		got := map[string]any{}
		if err := json.Unmarshal([]byte(Merge(write(a), write(b))), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		for _, m := range []map[string]any{a, b} {
			for k, v := range m {
				want[k] = v
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("merged to %v, want %v", got, want)
		}
	})
	for _, c := range [][3]string{
		{``, `{"a":1}`, `{"a":1}`}, {`{"a":1}`, ``, `{"a":1}`}, {`{ }`, `{"a":1}`, `{"a":1}`}, {`{"a":1}`, `{ }`, `{"a":1}`},
		{`null`, `{"a":1}`, `{"a":1}`}, {`7`, `{"a":1}`, `{"a":1}`}, {`{"a":1}`, `{"a":2}`, `{"a":2}`},
	} {
		if got := Merge(c[0], c[1]); got != c[2] {
			t.Errorf("%s and %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// FuzzObject compares with encoding/json on what is valid.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":"x","b":[1,{"c":"]"}],"a\u0062":null," ":-1e5,"a":true}`))
	f.Add([]byte(`{"a":[[],{},"\\\"",[1 , 2]] , "\ud800":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ParseObject(string(body)) // damaged: no panic
		raw, err := Clean(body)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(raw), &want) != nil || want == nil {
			return // an array
		}
		o := ParseObject(raw)
		seen := map[string]bool{}
		for _, m := range o {
			seen[m.Name] = true
		}
		if len(seen) != len(want) {
			t.Fatalf("%q: %d names, want %d", raw, len(seen), len(want))
		}
		for name, value := range want {
			if got := o.Get(name); got != string(value) {
				t.Fatalf("%q: %q is %q, want %q", raw, name, got, value)
			}
			var text string
			if value[0] == '"' && json.Unmarshal(value, &text) == nil && ScalarText(string(value)) != strings.TrimSpace(text) {
				t.Fatalf("%q: text %q, want %q", raw, ScalarText(string(value)), text)
			}
			var items []json.RawMessage
			if value[0] == '[' && json.Unmarshal(value, &items) == nil {
				got := ParseArray(string(value))
				if len(got) != len(items) {
					t.Fatalf("%q: %d elements, want %d", value, len(got), len(items))
				}
				for i := range items {
					if got[i] != string(items[i]) {
						t.Fatalf("%q: element %d is %q, want %q", value, i, got[i], items[i])
					}
				}
			}
		}
	})
}

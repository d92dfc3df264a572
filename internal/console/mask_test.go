package console

import "testing"

func TestMasks(t *testing.T) {
	for raw, want := range map[string]string{
		`{"email":"asha@b.example","a":["write to Asha <asha.rao@b.co.in>"]}`:            "{\n  \"email\": \"a•••@b.example\",\n  \"a\": [\n    \"write to Asha <a•••@b.co.in>\"\n  ]\n}",
		`{"phone":"98123 45678","mobile_no":9812345678,"n":9812345678,"t":"2026-01-02"}`: "{\n  \"phone\": \"981•• •••78\",\n  \"mobile_no\": \"981•••••78\",\n  \"n\": 9812345678,\n  \"t\": \"2026-01-02\"\n}",
		`{"x":"+91 98123 45678"}`: "{\n  \"x\": \"+91 9•••• •••78\"\n}",
		`{"asha@b.example":1}`:    "{\n  \"a•••@b.example\": 1\n}",
		`{"email":"asha@b.exam`:   `{"email":"a•••@b.exam`,
		`x@@y`:                    `x@@y`,
	} {
		if got := shownJSON(raw, false); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", raw, got, want)
		}
	}
	if got := shownJSON(`{"email":"asha@b.example"}`, true); got != "{\n  \"email\": \"asha@b.example\"\n}" {
		t.Error(got)
	}
}

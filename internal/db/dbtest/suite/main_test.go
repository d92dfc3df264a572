package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"start","Package":"github.com/dhvani/dhvani/internal/a"}
{"Action":"run","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestOne"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestOne","Output":"    a_test.go:7: chatter\n"}
{"Action":"pass","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestOne"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestTwo","Output":"    a_test.go:9: it broke\n"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestTwo","Output":"--- FAIL: TestTwo (0.00s)\n"}
{"Action":"fail","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestTwo"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestThree/postgres","Output":"    dbtest.go:75: LEFT OUT, no PostgreSQL: initdb was not found\n"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestThree/postgres","Output":"--- SKIP: TestThree/postgres (0.00s)\n"}
{"Action":"skip","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestThree/postgres"}
{"Action":"skip","Package":"github.com/dhvani/dhvani/internal/a","Test":"TestFour"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Output":"PASS\n"}
{"Action":"output","Package":"github.com/dhvani/dhvani/internal/a","Output":"ok  \tgithub.com/dhvani/dhvani/internal/a\t0.1s\n"}
{"ImportPath":"b","Action":"build-output","Output":"b.go:1: no such thing\n"}
go: something else
`

func TestReport(t *testing.T) {
	for require, want := range map[string]string{"": "", "1": "FAIL, all are required: "} {
		t.Setenv("DHVANI_REQUIRE_ALL", require)
		var out strings.Builder
		r := report{out: &out, texts: map[string]*strings.Builder{}, left: map[string][]string{}}
		if err := r.read(strings.NewReader(events)); err != nil {
			t.Fatal(err)
		}
		if ok := r.leftOut(); ok != (require == "") {
			t.Errorf("required %q: %t", require, ok)
		}
		text := `    a_test.go:9: it broke
--- FAIL: TestTwo (0.00s)
ok  	github.com/dhvani/dhvani/internal/a	0.1s
b.go:1: no such thing
go: something else
` + want + `LEFT OUT, no PostgreSQL: initdb was not found
    internal/a: TestThree/postgres
no reason was given
    internal/a: TestFour
`
		if out.String() != text {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), text)
		}
	}
}

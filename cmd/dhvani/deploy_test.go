package main

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// The examples set only what serve knows: a variable that is spelled wrong
// would be passed over in silence.
func TestExampleSettings(t *testing.T) {
	k, err := kong.New(&commands{}, kong.DefaultEnvars("DHVANI"))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, node := range k.Model.Children {
		for _, f := range node.Flags {
			if node.Name == "serve" {
				known = append(known, f.Envs...)
			}
		}
	}
	setting := regexp.MustCompile(`(?m)(?:^|ENV |Environment=| )(DHVANI_[A-Z_]+)=`)
	for _, file := range []string{"dhvani.env", "dhvani.service", "dhvani-backup.service", "../Dockerfile"} {
		text, err := os.ReadFile("../../deploy/" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := setting.FindAllSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s sets nothing", file)
		}
		for _, m := range found {
			if !slices.Contains(known, string(m[1])) {
				t.Errorf("%s sets %s, which dhvani serve does not know", file, m[1])
			}
		}
	}
}

package locale

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the checkout, seen from this package's tests.
const root = "../.."

// Every language has every text, with the same arguments and the plural
// categories that the language has.
func TestCatalogues(t *testing.T) {
	all := map[Lang]map[string]*text{}
	for _, lang := range Langs {
		texts, err := parseCatalogue(files, lang)
		if err != nil {
			t.Fatal(err)
		}
		all[lang] = texts
	}
	keys := map[string]bool{}
	for _, texts := range all {
		for key := range texts {
			keys[key] = true
		}
	}
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*\.[a-z0-9]+(_[a-z0-9]+)*$`)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !name.MatchString(key) && !strings.Contains(key, ".kind_") && !strings.Contains(key, ".reason_") {
			t.Errorf("%s: a key is words of small letters", key)
		}
		plain := all[English][key]
		if plain == nil {
			t.Errorf("en has no %s", key)
			continue
		}
		for _, lang := range Langs[1:] {
			other := all[lang][key]
			if other == nil {
				t.Errorf("%s has no %s", lang, key)
				continue
			}
			if got, expected := arguments(other), arguments(plain); !slices.Equal(got, expected) {
				t.Errorf("%s of %s has the arguments %q, in English %q", key, lang, got, expected)
			}
			if (plain.one == nil) != (other.one == nil) {
				t.Errorf("%s is a plural in English or in %s, not in both", key, lang)
			}
			if other.many != nil && lang != Portuguese && lang != Spanish {
				t.Errorf("%s has no plural category many: %s", lang, key)
			}
		}
	}
}

// arguments returns the names in a text, of all its plural forms. A form may
// leave N out, and units leave it out in all.
func arguments(m *text) []string {
	found := map[string]bool{}
	for _, parts := range [][]part{m.one, m.many, m.other} {
		for _, p := range parts {
			if p.arg != "" {
				found[p.arg] = true
			}
		}
	}
	if m.one != nil {
		found["N"] = true
	}
	return slices.Sorted(maps.Keys(found))
}

var (
	asked   = regexp.MustCompile(`\.(?:T|Has)\(\s*"([^"]+\.[^"]*)"`)
	literal = regexp.MustCompile(`"([a-z_]+\.[a-z0-9_]+)"`)
)

// Every text that the sources ask for exists, and every text is asked for: by its
// key, or by the beginning of it, up to an underscore, where values follow.
func TestKeysAreUsed(t *testing.T) {
	texts := catalogue(English)
	areas := map[string]bool{}
	for key := range texts {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
	}
	used := map[string]bool{}
	for name, src := range sources(t) {
		for _, m := range asked.FindAllSubmatch(src, -1) {
			key := string(m[1])
			if area, _, _ := strings.Cut(key, "."); areas[area] && texts[key] == nil && !beginsSome(texts, key) {
				t.Errorf("%s asks for %s, which no catalogue has", name, key)
			}
		}
		for _, m := range literal.FindAllSubmatch(src, -1) {
			used[string(m[1])] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if !used[key] && !begunBySome(used, key) {
			t.Errorf("nothing asks for %s", key)
		}
	}
}

// beginsSome: "common.channel_" and, for Word, "common.channel".
func beginsSome(texts map[string]*text, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "_") + "_"
	for key := range texts {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func begunBySome(used map[string]bool, key string) bool {
	for i, r := range key {
		if r == '_' && (used[key[:i]] || used[key[:i+1]]) {
			return true
		}
	}
	return false
}

// sources are the Go files and templates of the checkout, without tests.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, folder := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(p, "_test.go") || strings.HasSuffix(p, "_templ.go") {
				return err
			}
			if ext := filepath.Ext(p); ext != ".go" && ext != ".templ" {
				return nil
			}
			src, err := os.ReadFile(p)
			if err == nil && !bytes.Contains(src, []byte("// Package locale is")) {
				out[p] = src
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Package fences tests the architecture: which room may know which, that every
// package says what it is, and how files look. It holds no code.
package fences

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dhvani/dhvani/"

// root is the checkout, seen from this package's tests.
const root = "../.."

// file is one parsed Go file; its package is named by its folder ("internal/db").
type file struct {
	path, folder string
	src          []byte
	ast          *ast.File
}

func (f *file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

func goFiles(t *testing.T) []*file {
	t.Helper()
	var out []*file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, p)
		name = filepath.ToSlash(name)
		if d.IsDir() && (name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_templ.go") { // its source is the .templ file
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, &file{path: name, folder: path.Dir(name), src: src, ast: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d Go files were found", len(out))
	}
	return out
}

// within reports whether a package is one of the rooms or stands inside one.
// A room that ends with a slash means only what is inside.
func within(pkg string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool {
		return pkg == r || strings.HasPrefix(pkg, strings.TrimSuffix(r, "/")+"/")
	})
}

// knows lists all of our own packages that these rooms may import. A room that
// is not here is a domain room.
var knows = map[string][]string{
	"internal/event":    {},
	"internal/db":       {},
	"internal/locale":   {},
	"internal/web":      {},
	"internal/outgoing": {},
	"internal/eventlog": {"internal/event"},
	"internal/ingest":   {"internal/event", "internal/eventlog", "internal/web"},
	"internal/source":   {"internal/event", "internal/ingest"},
	"internal/intake":   {"internal/event", "internal/db", "internal/archive", "internal/source", "internal/staff", "internal/workspace", "internal/ingest"},
	"internal/archive":  {"internal/event", "internal/db"},
	"internal/process":  {"internal/event", "internal/eventlog", "internal/db", "internal/archive"},
	"internal/replay":   {"internal/event", "internal/db", "internal/archive", "internal/process", "internal/workspace"},
	"internal/backup":   {"internal/event", "internal/eventlog", "internal/db", "internal/archive", "internal/process", "internal/workspace"},
	"internal/deliver":  {"internal/db", "internal/outgoing", "internal/staff", "internal/workspace"},
}

// outer rooms stand around the domain rooms, which do not know them.
var outer = []string{
	"cmd", "internal/api", "internal/app", "internal/backup", "internal/console", "internal/ingest", "internal/intake", "internal/process", "internal/replay", "internal/shop",
	"internal/source", "internal/web", "internal/eventlog",
}

// parts are libraries that only these rooms know.
var parts = map[string][]string{
	"github.com/alecthomas/kong":       {"cmd"},
	"github.com/danielgtaylor/huma/v2": {"internal/api"},
	"github.com/jackc/pgx/v5":          {"internal/db"},
	"github.com/pressly/goose/v3":      {"internal/db"},
	"modernc.org/sqlite":               {"internal/db"},
	"github.com/nats-io":               {"internal/eventlog"},
	"code.dny.dev/ssrf":                {"internal/outgoing"},
	"github.com/wneessen/go-mail":      {"internal/deliver/email"},
	"github.com/emersion":              {"internal/deliver/email", "internal/deliver/mailbox", "internal/torture"},
}

// forbidden returns why a package may not import another, or "".
func forbidden(pkg, imported string) string {
	own, isOwn := strings.CutPrefix(imported, module)
	if !isOwn {
		for part, rooms := range parts {
			if within(imported, part) && !within(pkg, rooms...) {
				return "only " + strings.Join(rooms, ", ") + " may"
			}
		}
		return ""
	}
	for room, allowed := range knows {
		if within(pkg, room) && !within(own, append([]string{room}, allowed...)...) {
			return room + " knows only: " + strings.Join(allowed, ", ")
		}
	}
	switch {
	case within(own, "internal/app") && !within(pkg, "cmd", "internal/app"):
		return "only commands may"
	case within(own, "cmd"):
		return "nothing knows a command"
	case within(own, "internal/api", "internal/console") && !within(pkg, "internal/app", "internal/api", "internal/console"):
		return "only app may"
	case !within(pkg, outer...) && !within(pkg, slices.Collect(maps.Keys(knows))...) && within(own, outer...):
		return "a domain room knows event, db and other domain rooms"
	}
	return ""
}

func TestImports(t *testing.T) {
	direct := map[string]map[string]bool{} // imports of packages without their tests
	for _, f := range goFiles(t) {
		if f.test() {
			continue
		}
		for _, imported := range f.imports() {
			if why := forbidden(f.folder, imported); why != "" {
				t.Errorf("%s imports %s: %s", f.path, imported, why)
			}
			if own, ok := strings.CutPrefix(imported, module); ok {
				if direct[f.folder] == nil {
					direct[f.folder] = map[string]bool{}
				}
				direct[f.folder][own] = true
			}
		}
	}
	// Collection must go on when the database does not: nothing it knows may know it.
	var reach func(pkg string, way []string)
	reach = func(pkg string, way []string) {
		way = append(way, pkg)
		if within(pkg, "internal/db") {
			t.Errorf("collection knows the database: %s", strings.Join(way, " -> "))
			return
		}
		for next := range direct[pkg] {
			reach(next, way)
		}
	}
	for pkg := range direct {
		if within(pkg, "internal/ingest", "internal/source") {
			reach(pkg, nil)
		}
	}
}

func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		allowed       bool
	}{
		{"internal/event", module + "internal/db", false},
		{"internal/event", "strings", true},
		{"internal/ingest", module + "internal/event", true},
		{"internal/ingest", module + "internal/workspace", false},
		{"internal/source/posthog", module + "internal/event", true},
		{"internal/source/posthog", module + "internal/source/jitsu", true},
		{"internal/source/posthog", module + "internal/customer", false},
		{"internal/process", module + "internal/customer", false},
		{"internal/feedback", module + "internal/customer", true},
		{"internal/feedback", module + "internal/api", false},
		{"internal/feedback", module + "internal/process", false},
		{"internal/api", module + "internal/feedback", true},
		{"internal/api", module + "internal/app", false},
		{"internal/app", module + "internal/api", true},
		{"internal/shop", module + "internal/app", false},
		{"cmd/dhvani", module + "internal/app", true},
		{"cmd/dhvani", "github.com/alecthomas/kong", true},
		{"internal/app", "github.com/alecthomas/kong", false},
		{"internal/db/dbtest", "github.com/jackc/pgx/v5/stdlib", true},
		{"internal/order", "github.com/jackc/pgx/v5", false},
		{"internal/insight", module + "internal/deliver", true},
		{"internal/deliver/email", module + "internal/deliver", true},
		{"internal/deliver/email", module + "internal/customer", false},
		{"internal/insight", "github.com/wneessen/go-mail", false},
	} {
		if why := forbidden(c.pkg, c.imported); (why == "") != c.allowed {
			t.Errorf("%s imports %s: %q", c.pkg, c.imported, why)
		}
	}
}

// A package's tests that started a PostgreSQL cluster must stop it.
func TestClustersAreStopped(t *testing.T) {
	stops := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test() && slices.Contains(f.imports(), module+"internal/db/dbtest") {
			stops[f.folder] = stops[f.folder] || bytes.Contains(f.src, []byte("dbtest.Main("))
		}
	}
	for folder, ok := range stops {
		if !ok {
			t.Errorf("%s tests on databases and has no func TestMain(m *testing.M) { dbtest.Main(m) }", folder)
		}
	}
}

func TestPackageDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test() && f.folder != "internal/fences" {
			continue
		}
		name := f.ast.Name.Name
		if name == "main" {
			name = path.Base(f.folder)
		}
		doc := f.ast.Doc.Text()
		documented[f.folder] = documented[f.folder] ||
			strings.HasPrefix(doc, "Package "+name+" ") || strings.HasPrefix(doc, "Command "+name+" ")
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("%s has no comment that begins with Package or Command and its name", folder)
		}
	}
}

// long lists files that may have more than 600 lines, with the reason.
var long = map[string]string{}

func TestFiles(t *testing.T) {
	for _, f := range goFiles(t) {
		if lines := bytes.Count(f.src, []byte("\n")); lines > 600 && long[f.path] == "" {
			t.Errorf("%s has %d lines: is it one subject?", f.path, lines)
		}
		if formatted, err := format.Source(f.src); err != nil || !bytes.Equal(formatted, f.src) {
			t.Errorf("%s is not formatted by gofmt (%v)", f.path, err)
		}
	}
}

func TestNoPathsOfAMachine(t *testing.T) {
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	private := regexp.MustCompile(`(^|[^\w.])/(work|farm|home/\w+|tmp/[a-z]+)/`)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || bytes.IndexByte(text, 0) >= 0 || name == "internal/fences/fences_test.go" {
			continue // deleted, binary, or this
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			if private.Match(line) {
				t.Errorf("%s:%d names a path of somebody's machine: %s", name, n+1, line)
			}
		}
	}
}

// The image is built with the Go that the module asks for.
func TestImage(t *testing.T) {
	find := func(name, pattern string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindSubmatch(b)
		if m == nil {
			t.Fatalf("%s does not say which Go it needs", name)
		}
		return string(m[1])
	}
	if image, module := find("Dockerfile", `(?m)^FROM golang:(\d+\.\d+)`), find("go.mod", `(?m)^go (\d+\.\d+)`); image != module {
		t.Errorf("the Dockerfile builds with Go %s and go.mod asks for %s", image, module)
	}
}

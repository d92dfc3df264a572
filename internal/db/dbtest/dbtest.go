// Package dbtest gives tests a fresh database of each kind: SQLite in a
// temporary folder, and a schema of its own in a private PostgreSQL cluster
// that runs as an unprivileged user.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
)

// Run runs a test on a fresh SQLite and on a fresh PostgreSQL database.
func Run(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, db.Options{Data: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, db.Options{URL: Postgres(t)})) })
}

// SQLite returns a fresh SQLite database, for tests of what does not differ.
func SQLite(t testing.TB) *db.DB { return open(t, db.Options{Data: t.TempDir()}) }

func open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	if o.URL != "" {
		o.Statement = recorder()
	}
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Workspace adds a workspace with a number; its model is the number plus 100.
func Workspace(t testing.TB, d *db.DB, number int64) {
	t.Helper()
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		name := strconv.FormatInt(number, 10)
		_, err := tx.Exec(t.Context(), `INSERT INTO workspace (number, id, name, model, identity_secret, created_at)
			VALUES ($1, $2, $3, $4, $5, 0)`, number, name, name, number+100, []byte{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Main runs a package's tests, stops the cluster it started, if any, and cleans
// up with what it is given. A package whose tests use Postgres calls it from
// TestMain.
func Main(m *testing.M, cleanups ...func()) {
	code := m.Run()
	for _, clean := range cleanups {
		clean()
	}
	if stopCluster != nil {
		stopCluster()
	}
	os.Exit(code)
}

var (
	clusterOnce sync.Once
	clusterURL  string
	clusterErr  error
	stopCluster func()
	schemas     atomic.Int64
)

// Postgres returns the address of a fresh schema in the cluster that
// DHVANI_TEST_POSTGRES names, or in one of this test program's own. Without
// PostgreSQL's programs it skips the test, by name.
func Postgres(t testing.TB) string {
	t.Helper()
	clusterOnce.Do(func() {
		if clusterURL = os.Getenv("DHVANI_TEST_POSTGRES"); clusterURL == "" {
			clusterURL, stopCluster, clusterErr = StartCluster()
		}
	})
	if clusterErr != nil {
		t.Skipf("LEFT OUT, no PostgreSQL: %v", clusterErr)
	}
	h, err := sql.Open("pgx", clusterURL)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	if _, err := h.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h, err := sql.Open("pgx", clusterURL)
		if err == nil {
			h.Exec("DROP SCHEMA " + schema + " CASCADE")
			h.Close()
		}
	})
	u, err := url.Parse(clusterURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

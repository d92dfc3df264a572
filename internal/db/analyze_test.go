package db

import "testing"

// SQLite comes to know how many rows its indexes tell apart.
func TestAnalyze(t *testing.T) {
	d, err := Open(t.Context(), Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.write.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO profile (model, id, customer) SELECT 1, randomblob(16), randomblob(16) FROM n`); err != nil {
		t.Fatal(err)
	}
	if err := d.analyze(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stat string
	if err := d.write.QueryRowContext(t.Context(), "SELECT stat FROM sqlite_stat1 WHERE idx = 'profile_customer'").Scan(&stat); err != nil || stat != "1000 1000 1" {
		t.Errorf("%q, %v", stat, err)
	}
}

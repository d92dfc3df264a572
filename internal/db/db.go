// Package db is the one handle on the database, SQLite or PostgreSQL. It opens
// it with every commit durable, runs the numbered migrations, and gives the
// rooms transactions, bulk inserts and keyed look-ups whose SQL is one text for
// both. The SQL itself stands in the rooms, beside the method that scans it.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers "sqlite"
)

// FileName is the SQLite database within the data folder.
const FileName = "dhvani.db"

// DB is an open database.
type DB struct {
	Postgres bool

	write *sql.DB // SQLite: one connection, so that writers queue in the process
	read  *sql.DB

	// SQLite's checkpoints.
	ckpt         *sql.DB
	commits      atomic.Int64
	long         atomic.Bool // the write-ahead log is long: the writer must help
	stop         context.CancelFunc
	checkpointed chan struct{}

	check func(context.Context) (string, error) // SQLite's own

	mu    sync.Mutex
	stmts map[string]*sql.Stmt // of write
	tell  func(query string)   // nil for nobody
}

// Options say which database to open.
type Options struct {
	URL    string // postgres://..., or empty for SQLite in Data
	Data   string // the data folder
	Logger *slog.Logger

	// Statement is told the text of every statement before it runs, by tests that
	// keep them; nil for nobody.
	Statement func(query string)
}

// Open opens or creates the database and brings its schema up to date. A
// database that needs a newer program is refused.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{stmts: map[string]*sql.Stmt{}, tell: o.Statement}
	var err error
	if o.URL != "" {
		err = d.openPostgres(o.URL)
	} else {
		err = d.openSQLite(filepath.Join(o.Data, FileName))
	}
	if err == nil {
		err = d.migrate(ctx)
	}
	if err == nil && d.Postgres && o.Logger != nil {
		err = d.warnings(ctx, o.Logger)
	}
	if err != nil {
		d.Close()
		return nil, explain(err)
	}
	return d, nil
}

func (d *DB) openSQLite(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // personal data: nobody else's business
	if err != nil {
		return fmt.Errorf("open SQLite: %w", err)
	}
	f.Close()
	open := func(conns, cacheMB int, extra ...string) (*sql.DB, error) {
		pragmas := append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
			"temp_store(MEMORY)", fmt.Sprintf("cache_size(%d)", -cacheMB<<10),
		}, extra...)
		q := url.Values{"_pragma": pragmas}
		if conns == 1 {
			q.Set("_txlock", "immediate")
		}
		h, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
		if err != nil {
			return nil, fmt.Errorf("open SQLite: %w", err)
		}
		h.SetMaxOpenConns(conns)
		h.SetMaxIdleConns(conns)
		return h, nil
	}
	// The writer's checkpoints are made by Checkpoint, off the path of a commit.
	if d.write, err = open(1, 64, "wal_autocheckpoint(0)", "journal_size_limit(67108864)"); err != nil {
		return err
	}
	if d.read, err = open(6, 4, "query_only(ON)", "wal_autocheckpoint(0)"); err != nil {
		return err
	}
	d.read.SetConnMaxLifetime(time.Hour) // what analyze found out is read by new connections
	if d.ckpt, err = open(1, 1, "wal_autocheckpoint(0)"); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.checkpointed = stop, make(chan struct{})
	go d.checkpointLoop(ctx)
	d.check = func(ctx context.Context) (string, error) {
		h, err := open(1, 16, "query_only(ON)", "wal_autocheckpoint(0)")
		if err != nil {
			return "", err
		}
		defer h.Close()
		var says string
		return says, h.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&says)
	}
	return nil
}

// Close closes the database after a last checkpoint.
func (d *DB) Close() error {
	var errs []error
	if d.stop != nil {
		d.stop()
		<-d.checkpointed
		errs = append(errs, d.ckpt.Close())
	}
	for _, s := range d.stmts {
		s.Close()
	}
	if d.read != nil && d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// CheckFile lets SQLite look through its whole file, all indexes included, and
// returns what it finds wrong, or "". It opens a connection of its own, because
// the search index's check trusts what a connection remembers of it. PostgreSQL
// has checksums instead.
func (d *DB) CheckFile(ctx context.Context) (string, error) {
	if d.Postgres {
		return "", nil
	}
	says, err := d.check(ctx)
	if err != nil {
		return "", fmt.Errorf("check the database file: %w", err)
	}
	if says == "ok" {
		says = ""
	}
	return says, nil
}

// Update runs fn in a transaction and commits it durably; it runs fn again
// where PostgreSQL reports a deadlock or a serialization failure, so fn must
// not keep what a failed run computed. On SQLite writers run one at a time.
func (d *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		if d.long.CompareAndSwap(true, false) {
			d.checkpoint(ctx, d.write.QueryRowContext) // a failure shows again in the next one
		}
		err := d.run(ctx, d.write, nil, fn)
		if try < 5 && isRetryable(err) {
			continue
		}
		return err
	}
}

// View runs fn on one consistent snapshot.
func (d *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	var o *sql.TxOptions
	if d.Postgres {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return d.run(ctx, d.read, o, fn)
}

// UpdateThenView runs update, commits it, and runs view on a snapshot that holds
// what update wrote and nothing that others wrote afterwards, as far as lock
// keeps them waiting: on PostgreSQL the locks that it takes are held until the
// snapshot is made, by a transaction of their own; on SQLite all writers wait.
func (d *DB) UpdateThenView(ctx context.Context, lock, update, view func(tx *Tx) error) error {
	var release func()
	if d.Postgres {
		holder, err := d.write.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		release = sync.OnceFunc(func() { holder.Rollback() })
		defer release()
		tx := &Tx{tx: holder, db: d}
		if err := errors.Join(tx.Patient(ctx), lock(tx)); err != nil {
			return err
		}
		if err := d.Update(ctx, update); err != nil {
			return err
		}
	} else {
		conn, err := d.write.Conn(ctx) // the only one
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		release = sync.OnceFunc(func() { conn.Close() })
		defer release()
		writing, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		tx := &Tx{tx: writing, db: d, writer: true}
		if err := update(tx); err != nil {
			writing.Rollback()
			return err
		}
		if err := writing.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		for _, f := range tx.after {
			f()
		}
	}
	return d.View(ctx, func(tx *Tx) error {
		var one int // the first statement makes the snapshot
		if err := tx.QueryRow(ctx, "SELECT 1 FROM meta LIMIT 1").Scan(&one); err != nil {
			return err
		}
		release()
		return errors.Join(tx.Patient(ctx), view(tx))
	})
}

// Patient lets a transaction pause between its statements and between the rows
// that it reads for as long as it likes, which PostgreSQL otherwise ends after
// some seconds.
func (t *Tx) Patient(ctx context.Context) error {
	if !t.Postgres() {
		return nil
	}
	for _, setting := range [...]string{"idle_in_transaction_session_timeout", "statement_timeout", "tcp_user_timeout"} {
		if _, err := t.Exec(ctx, "SET LOCAL "+setting+" = 0"); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) run(ctx context.Context, h *sql.DB, o *sql.TxOptions, fn func(tx *Tx) error) (err error) {
	t, err := h.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{tx: t, db: d, writer: h == d.write && !d.Postgres}
	defer func() {
		if err != nil {
			t.Rollback()
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			t.Rollback()
			panic(p)
		}
	}()
	if err = fn(tx); err != nil {
		return err
	}
	if err = t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	d.commits.Add(1)
	for _, f := range tx.after {
		f()
	}
	d.keep(ctx, tx.wanted)
	return nil
}

// Tx is a transaction. Parameters are $1, $2 ... on both databases.
type Tx struct {
	tx     *sql.Tx
	db     *DB
	writer bool     // SQLite's one writing connection
	wanted []string // statements to keep prepared
	after  []func() // to call once it is committed
}

// AfterCommit calls f once the transaction is committed, and never where it is
// not. f must be quick and not use the database.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Postgres reports which of the two databases this is, for the few statements
// that have no common text.
func (t *Tx) Postgres() bool { return t.db.Postgres }

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	args = plainArgs(args)
	var r sql.Result
	var err error
	if s, e := t.stmt(ctx, query); e != nil {
		return 0, e
	} else if s != nil {
		r, err = s.ExecContext(ctx, args...)
	} else {
		r, err = t.tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a query; the caller closes the rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	args = plainArgs(args)
	if s, err := t.stmt(ctx, query); err != nil {
		return nil, err
	} else if s != nil {
		return s.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRow runs a query of at most one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	t.note(query)
	return t.tx.QueryRowContext(ctx, query, plainArgs(args)...)
}

// Each runs a query and calls scan for every row.
func (t *Tx) Each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Savepoint runs f and takes back what it wrote where it fails; the transaction
// can go on. Savepoints do not nest.
func (t *Tx) Savepoint(ctx context.Context, f func() error) error {
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	err := f()
	ends := []string{"RELEASE SAVEPOINT part"}
	if err != nil {
		ends = []string{"ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part"}
	}
	for _, end := range ends {
		if _, failed := t.tx.ExecContext(ctx, end); failed != nil {
			return errors.Join(err, fmt.Errorf("savepoint: %w", failed))
		}
	}
	return err
}

func (t *Tx) note(query string) {
	if t.db.tell != nil {
		t.db.tell(query)
	}
}

// stmt returns the prepared statement on SQLite's one writing connection;
// everywhere else the driver keeps its own.
func (t *Tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	t.note(query)
	if !t.writer {
		return nil, nil
	}
	d := t.db
	d.mu.Lock()
	s := d.stmts[query]
	d.mu.Unlock()
	if s != nil {
		return t.tx.StmtContext(ctx, s), nil
	}
	// The one connection is in this transaction: keep ready after it.
	t.wanted = append(t.wanted, query)
	return t.tx.PrepareContext(ctx, query)
}

// maxStatements bounds the prepared statements that the writer keeps.
const maxStatements = 500

// keep prepares what a transaction used, for the next one. It waits for the
// one connection without the lock, which the transaction that has it may want.
func (d *DB) keep(ctx context.Context, queries []string) {
	for _, q := range queries {
		d.mu.Lock()
		skip := len(d.stmts) >= maxStatements || d.stmts[q] != nil
		d.mu.Unlock()
		if skip {
			continue
		}
		s, err := d.write.PrepareContext(ctx, q)
		if err != nil {
			continue
		}
		d.mu.Lock()
		if d.stmts[q] == nil {
			d.stmts[q], s = s, nil
		}
		d.mu.Unlock()
		if s != nil {
			s.Close()
		}
	}
}

// plainArgs turns 16-byte ids and named numbers into what every driver takes.
func plainArgs(args []any) []any {
	for i, a := range args {
		args[i] = plain(a)
	}
	return args
}

func plain(a any) any {
	switch v := a.(type) {
	case nil, int64, string, []byte, bool, float64:
		return a
	case int:
		return int64(v)
	case driver.Valuer:
		x, err := v.Value()
		if err != nil {
			return a
		}
		return x
	}
	return a
}

// placeholders writes n groups of k question marks.
func placeholders(n, k int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", k), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(one+",", n), ",")
}

// Model returns the model whose rows a workspace's readers use now.
func (t *Tx) Model(ctx context.Context, workspace int64) (int64, error) {
	var m int64
	err := t.QueryRow(ctx, "SELECT model FROM workspace WHERE number = $1", workspace).Scan(&m)
	if err != nil {
		return 0, fmt.Errorf("model of workspace %d: %w", workspace, err)
	}
	return m, nil
}

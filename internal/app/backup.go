package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/dhvani/dhvani/internal/backup"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// Trailers of the answer that carries a backup: only at its end is known whether
// it is one.
const (
	backupSummary = "Dhvani-Backup"
	backupError   = "Dhvani-Error"
)

// Backup writes a backup of what is in a data folder or in its database: by the
// process that works with the folder, else by itself. Where it returns an error
// what was written is no backup.
func Backup(ctx context.Context, o Options, to io.Writer) (backup.Summary, error) {
	if err := cmp.Or(o.check(), o.there()); err != nil {
		return backup.Summary{}, err
	}
	lock, err := lockFolder(ctx, o.Data)
	if errors.Is(err, ErrInUse) {
		return fetchBackup(ctx, socketClient(o.Data), to)
	}
	if err != nil {
		return backup.Summary{}, err
	}
	defer lock.Close()
	d, err := db.Open(ctx, db.Options{URL: o.Database, Data: o.Data})
	if err != nil {
		return backup.Summary{}, err
	}
	defer d.Close()
	lo := o.logOptions()
	if _, err := os.Stat(lo.Dir); lo.Cluster == nil && errors.Is(err, fs.ErrNotExist) {
		return backup.Write(ctx, to, backup.Source{DB: d}) // it was never started, or its log is lost, which is an error then
	}
	log, err := eventlog.Open(ctx, lo)
	if err != nil {
		return backup.Summary{}, err
	}
	defer log.Close()
	return backup.Write(ctx, to, backup.Source{DB: d, Log: log})
}

// fetchBackup has the running process make the backup.
func fetchBackup(ctx context.Context, c *Client, to io.Writer) (s backup.Summary, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dhvani/admin/backup", nil)
	if err != nil {
		return s, err
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return s, fmt.Errorf("the running process does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
		return s, fmt.Errorf("the running process does not make a backup: %s", text)
	}
	if _, err := io.Copy(to, answer.Body); err != nil {
		return s, fmt.Errorf("the backup broke off: %w", err)
	}
	if text := answer.Trailer.Get(backupError); text != "" {
		return s, errors.New(text)
	}
	if err := json.Unmarshal([]byte(answer.Trailer.Get(backupSummary)), &s); err != nil {
		return s, errors.New("the backup broke off: the running process ended")
	}
	return s, nil
}

// backup streams a backup of the running system.
func (a *App) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/zstd")
	out := &countingWriter{to: w}
	s, err := backup.Write(r.Context(), out, backup.Source{DB: a.database, Log: a.log})
	switch {
	case err != nil && out.bytes == 0:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case err != nil:
		w.Header().Set(http.TrailerPrefix+backupError, oneLine(err.Error()))
	default:
		text, _ := json.Marshal(s) // numbers and a text
		w.Header().Set(http.TrailerPrefix+backupSummary, string(text))
	}
}

type countingWriter struct {
	to    io.Writer
	bytes int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.bytes += int64(n)
	return n, err
}

// oneLine makes a text fit for a header.
func oneLine(text string) string {
	b := []byte(text)
	for i := range b {
		if b[i] < ' ' {
			b[i] = ' '
		}
	}
	return string(b)
}

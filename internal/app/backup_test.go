package app_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/backup"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/workspace"
)

// elsewhere is an empty place of the same kind.
func (s *shop) elsewhere() app.Options {
	o := app.Options{Data: filepath.Join(s.t.TempDir(), "new")}
	if s.o.Database != "" {
		o.Database = dbtest.Postgres(s.t)
	}
	return o
}

// backUp writes a backup of the running shop into a file.
func (s *shop) backUp() string {
	s.t.Helper()
	var b bytes.Buffer
	sum, err := app.Backup(s.t.Context(), s.o, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	if sum.Bytes != int64(b.Len()) || sum.Workspaces == 0 || sum.CreatedAt == 0 {
		s.t.Errorf("%d bytes came with %+v", b.Len(), sum)
	}
	path := filepath.Join(s.t.TempDir(), "backup")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// restored starts what a backup of the shop holds, with the same keys.
func (s *shop) restored(path, erasures string) *shop {
	s.t.Helper()
	o := s.elsewhere()
	o.SealKey = filepath.Join(s.o.Data, workspace.SealKeyFile)
	if _, _, err := app.Restore(s.t.Context(), o, app.RestoreOptions{File: path, Erasures: erasures}); err != nil {
		s.t.Fatal(err)
	}
	o.Listen = "127.0.0.1:0"
	a, err := app.Start(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			s.t.Error(err)
		}
	})
	return &shop{t: s.t, o: o, url: "http://" + a.Addr().String(), keys: s.keys}
}

// The process that runs makes the backup, and what is restored of it is the
// shop as it was: its keys work, and customers are who they were, but for those
// who are on the list of erasures.
func TestBackupAndRestore(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		s.accept("/v1/identify", s.keys.SecretKey, `{"userId":"asha","messageId":"m1","traits":{"email":"asha@example.com"}}`)
		s.accept("/v1/identify", s.keys.SecretKey, `{"userId":"ben","messageId":"m2","traits":{"email":"ben@example.com"}}`)
		path := s.backUp() // perhaps before they are applied
		s.accept("/v1/track", s.keys.SecretKey, `{"userId":"asha","event":"Later","messageId":"m3"}`)
		want := s.settle()

		n := s.restored(path, "")
		if got := n.settle(); got.Stored != want.Stored-1 {
			t.Errorf("restored %+v, and the shop has %+v", got, want)
		}
		if c := n.customer("user_id:asha"); c.ID != s.customer("user_id:asha").ID {
			t.Errorf("asha is another customer: %+v", c)
		}
		n.accept("/v1/identify", s.keys.SecretKey, `{"userId":"asha","messageId":"m1"}`)
		if got := n.settle(); got.Duplicate != 1 {
			t.Errorf("an event that came again counts as new: %+v", got)
		}
		n.verify("")

		list := filepath.Join(t.TempDir(), "erasures")
		var made app.ErasureLines
		s.command("POST", "/admin/erasures", app.MarkErasures{Identifiers: []string{"user_id:asha", "anonymous_id:x"}}, &made)
		if err := backup.AddErasures(list, made.Key, made.Lines); err != nil {
			t.Fatal(err)
		}
		n = s.restored(path, list)
		if got := n.settle(); got.Stored != 1 {
			t.Errorf("without asha: %+v", got)
		}
		if len(n.customers("user_id:asha")) != 0 || len(n.customers("user_id:ben")) != 1 {
			t.Error("the wrong customer was erased")
		}
		n.verify("")
	})
}

// Without a running process the command makes the backup itself.
func TestBackupAlone(t *testing.T) {
	o := app.Options{Data: t.TempDir(), Listen: "127.0.0.1:0"}
	a, err := app.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, o: o, url: "http://" + a.Addr().String()}
	s.keys = s.createWorkspace("bar")
	s.accept("/v1/track", s.keys.WriteKey, `{"userId":"u","event":"E"}`)
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := s.backUp()
	if got := s.restored(path, "").settle(); got.Stored != 1 {
		t.Errorf("restored %+v", got)
	}
	// A place that was never started, and one that is none.
	o = app.Options{Data: t.TempDir(), Create: true}
	s = &shop{t: t, o: o}
	s.createWorkspace("bar")
	s.backUp()
	none := app.Options{Data: filepath.Join(t.TempDir(), "none")}
	if _, err := app.Backup(t.Context(), none, io.Discard); err == nil || !strings.Contains(err.Error(), "there is no Dhvani") {
		t.Errorf("a backup of nothing: %v", err)
	}
	if _, err := os.Stat(none.Data); err == nil {
		t.Error("a backup of nothing made a folder")
	}
}

// A restore that is refused leaves nothing behind.
func TestRestoreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(path, []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := app.Options{Data: filepath.Join(t.TempDir(), "new")}
	for _, ro := range []app.RestoreOptions{{File: path}, {File: path, Erasures: path}, {File: path + " not there"}} {
		if _, _, err := app.Restore(t.Context(), o, ro); err == nil {
			t.Errorf("%+v was restored", ro)
		}
		if _, err := os.Stat(o.Data); err == nil {
			t.Errorf("%+v made the data folder", ro)
		}
	}
}

// A reader that goes away ends the backup, and the shop goes on.
func TestBackupBrokenOff(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	if _, err := app.Backup(t.Context(), s.o, failingWriter{}); err == nil {
		t.Error("a backup that nobody took is none")
	}
	s.accept("/v1/track", s.keys.WriteKey, `{"userId":"u","event":"E"}`)
	s.settle()
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

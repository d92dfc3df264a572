package torture_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// postOffice is a mail server that remembers the Message-IDs of all it took.
type postOffice struct {
	addr string

	mu       sync.Mutex
	taken    map[string][]string // by receiver
	subjects []string            // of the first mails
	mails    int
	more     chan struct{} // poked by each mail
}

func newPostOffice(t *testing.T, host string) *postOffice {
	o := &postOffice{taken: map[string][]string{}, more: make(chan struct{}, 1)}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{o: o}, nil }))
	s.Domain, s.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return o
}

type counter struct {
	o  *postOffice
	to string
}

func (c *counter) Mail(string, *smtp.MailOptions) error      { return nil }
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error { c.to = to; return nil }
func (c *counter) Reset()                                    {}
func (c *counter) Logout() error                             { return nil }

func (c *counter) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil { // one that is cut off was not taken
		return err
	}
	c.o.mu.Lock()
	defer c.o.mu.Unlock()
	c.o.taken[c.to] = append(c.o.taken[c.to], m.Header.Get("Message-ID"))
	if c.o.mails++; c.o.mails <= 100 {
		c.o.subjects = append(c.o.subjects, m.Header.Get("Subject"))
	}
	select {
	case c.o.more <- struct{}{}:
	default:
	}
	return nil
}

// wait returns once so many receivers have a mail.
func (o *postOffice) wait(p *program, receivers int) {
	p.t.Helper()
	for quiet := time.NewTimer(2 * time.Minute); ; {
		o.mu.Lock()
		n := len(o.taken)
		o.mu.Unlock()
		if n >= receivers {
			return
		}
		select {
		case <-o.more:
			quiet.Reset(2 * time.Minute)
		case <-quiet.C:
			p.t.Fatalf("no mail for two minutes, after %d of %d: %s", n, receivers, p.log.String())
		}
	}
}

// A killed process loses no mail that was decided, and sends none twice but those
// that were on their way; these have the same Message-ID.
func TestKill9Mails(t *testing.T) {
	for _, c := range []struct {
		store        string
		mails, kills int
	}{
		{"SQLite", either(3_000, 100_000), either(4, 25)},
		{"PostgreSQL", either(2_000, 100_000), either(1, 8)},
	} {
		t.Run(c.store, func(t *testing.T) {
			p := newProgram(t)
			if c.store == "PostgreSQL" {
				p.postgres = dbtest.Postgres(t)
			}
			killWhileMailing(t, p, c.mails, c.kills)
		})
	}
}

const (
	mailsAtOnce = 16
	flatMB      = 24 // what memory may differ by between two moments
)

func killWhileMailing(t *testing.T, p *program, mails, kills int) {
	o := newPostOffice(t, "127.0.0.1")
	p.createWorkspace("mails")
	p.args = []string{"--mail-relay", o.addr}
	began := time.Now()
	number := putMails(t, p, o.addr, mails)
	put := time.Since(began)
	began = time.Now()
	p.launch()
	for i := range kills {
		o.wait(p, mails*4*(i+1)/(10*kills)) // the last six tenths of the mails are sent without a kill
		pause(time.Duration(rand.IntN(20)) * time.Millisecond)
		p.kill()
		p.launch()
	}
	o.wait(p, mails*4/10)
	half := time.Now()
	var sizes []int
	for tenth := 5; tenth <= 10; tenth++ {
		o.wait(p, mails*tenth/10)
		sizes = append(sizes, memory(t, p)>>20)
	}
	rate := float64(mails*6/10) / time.Since(half).Seconds()
	took := time.Since(began)
	p.waitReady()
	p.stop()
	if n := p.unsent(t, number); n > 0 {
		t.Errorf("%d mails that were sent do not say so", n)
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	repeats := 0
	for i := range mails {
		ids := o.taken[receiver(i)]
		if len(ids) == 0 {
			t.Fatalf("mail %d is lost", i)
		}
		repeats += len(ids) - 1
		want := "<" + email.MessageID(deliver.ID(number, key(i)), "shop.example") + ">"
		for _, id := range ids {
			if id != want {
				t.Fatalf("mail %d has the Message-ID %s, not %s", i, id, want)
			}
		}
	}
	if repeats > kills*mailsAtOnce {
		t.Errorf("%d mails came again after %d kills with at most %d on their way", repeats, kills, mailsAtOnce)
	}
	if len(o.taken) != mails {
		t.Errorf("%d receivers of %d mails", len(o.taken), mails)
	}
	if long && sizes[5] > sizes[2]+flatMB { // by then the database's caches are full
		t.Errorf("memory grows: %d MB at each tenth of the mails", sizes)
	}
	t.Logf("%d mails put in %.1f s; sent with %d kills in %.1f s; %d repeated; %.0f a second without kills; memory at each tenth from the fifth: %d MB",
		mails, put.Seconds(), kills, took.Seconds(), repeats, rate, sizes)
}

func receiver(i int) string { return fmt.Sprintf("customer-%d@receiver-%d.example", i, i%50) }
func key(i int) string      { return fmt.Sprintf("letter %d", i) }

// withDatabase works on the program's database while the program does not run.
func (p *program) withDatabase(t *testing.T, f func(ctx context.Context, d *db.DB)) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: p.postgres, Data: p.data})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f(t.Context(), d)
}

// putMails decides upon so many mails, and returns the workspace's number.
func putMails(t *testing.T, p *program, server string, mails int) (number int64) {
	t.Helper()
	p.withDatabase(t, func(ctx context.Context, d *db.DB) {
		sealer, err := workspace.New(ctx, d, p.sealKey())
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT max(number) FROM workspace").Scan(&number) })
		if err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(server)
		s := &deliver.Store{DB: d, Sealer: sealer, Senders: map[deliver.Kind]deliver.Sender{deliver.Email: email.New(server, nil)}}
		to := &deliver.Destination{Kind: deliver.Email, Name: "Letters", Limits: deliver.Limits{AtOnce: mailsAtOnce},
			Settings: map[string]string{email.Host: host, email.Port: port, email.TLS: "none", email.From: "shop@shop.example"}}
		if err := s.Create(ctx, staff.ByOperator(number), to); err != nil {
			t.Fatal(err)
		}
		for at := 0; at < mails; at += 1000 {
			var batch []deliver.Message
			for i := at; i < min(at+1000, mails); i++ {
				text := email.Mail{Subject: "Your order", Text: fmt.Sprintf("Hello %d.\r\n%s", i, strings.Repeat("It is mended. ", 100)), HTML: "<p>It is mended.</p>"}
				body, err := text.Body(to)
				if err != nil {
					t.Fatal(err)
				}
				batch = append(batch, deliver.Message{Workspace: number, Destination: to.ID, Key: key(i), Kind: "letter", Body: body, Receiver: receiver(i), Bulk: true})
			}
			if err := d.Update(ctx, func(tx *db.Tx) error { return s.Put(ctx, tx, batch...) }); err != nil {
				t.Fatal(err)
			}
		}
	})
	return number
}

// unsent counts the messages that were not sent.
func (p *program) unsent(t *testing.T, number int64) (n int) {
	t.Helper()
	p.withDatabase(t, func(ctx context.Context, d *db.DB) {
		err := d.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM outbox WHERE workspace = $1 AND state <> 'sent'", number).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return n
}

// memory is what of the process is in memory now.
func memory(t *testing.T, p *program) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var kb int
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			fmt.Sscan(string(rest), &kb)
		}
	}
	return kb << 10
}

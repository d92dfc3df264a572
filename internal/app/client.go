package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/language/fitted"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Client is how a command reaches Dhvani: over the socket of the process that
// works with the data folder, or by itself where there is none.
type Client struct {
	HTTP  *http.Client // any path of the running process, on any host
	close func()
}

// Connect returns a client for settings: workspaces, keys and accounts. It
// starts nothing where no process runs.
func Connect(ctx context.Context, o Options) (*Client, error) {
	if err := cmp.Or(o.check(), o.there()); err != nil {
		return nil, err
	}
	lock, err := lockFolder(ctx, o.Data)
	if errors.Is(err, ErrInUse) {
		return socketClient(o.Data), nil
	}
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, db.Options{URL: o.Database, Data: o.Data})
	if err != nil {
		lock.Close()
		return nil, err
	}
	w, err := workspace.New(ctx, d, o.sealKey())
	if err != nil {
		d.Close()
		lock.Close()
		return nil, err
	}
	models, err := fitted.New(ctx, d, slog.New(slog.DiscardHandler))
	if err != nil {
		d.Close()
		lock.Close()
		return nil, err
	}
	mux := http.NewServeMux()
	(&admin{workspaces: w, staff: staff.New(d, w, o.Now), models: models, sessions: &sessions{}, url: func() string { return "" }}).routes(mux)
	return &Client{
		HTTP:  &http.Client{Transport: handlerTransport{mux}},
		close: func() { d.Close(); lock.Close() },
	}, nil
}

// ConnectOrStart returns a client for everything, the collection of events and
// the API too: where no process runs it starts the system within this one,
// without listening on a port.
func ConnectOrStart(ctx context.Context, o Options) (*Client, error) {
	if err := o.there(); err != nil {
		return nil, err
	}
	o.Listen = ""
	a, err := Start(ctx, o)
	if errors.Is(err, ErrInUse) {
		return socketClient(o.Data), nil
	}
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: socketClient(o.Data).HTTP, close: func() { a.Stop(context.WithoutCancel(ctx)) }}, nil
}

// Close ends the client and what was started for it.
func (c *Client) Close() {
	if c.close != nil {
		c.close()
	}
}

// Call sends a command and reads its answer into out.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	status, text, err := c.Ask(ctx, method, path, "", in)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	return json.Unmarshal(text, out)
}

// Ask sends a request, with a secret key unless that is empty, and returns the
// status and the text of its answer.
func (c *Client) Ask(ctx context.Context, method, path, key string, in any) (status int, text []byte, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://dhvani"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("the running process does not answer: %w", err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	return answer.StatusCode, text, err
}

// Follow sends a command that takes long, and calls tell with each line of its
// answer until it ends.
func (c *Client) Follow(ctx context.Context, path string, in any, tell func(Step)) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dhvani"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("the running process does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return errors.New(strings.TrimSpace(string(text)))
	}
	for lines := json.NewDecoder(answer.Body); ; {
		var s Step
		if err := lines.Decode(&s); err != nil {
			return fmt.Errorf("the running process ended before it was done: %w", err)
		}
		switch {
		case s.Error != "":
			return errors.New(s.Error)
		case s.End:
			return nil
		}
		tell(s)
	}
}

func socketClient(dir string) *Client {
	return &Client{HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dialSocket(dir) },
	}}}
}

// handlerTransport answers requests by a handler of this process.
type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answerBuffer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answerBuffer) Header() http.Header         { return a.header }
func (a *answerBuffer) WriteHeader(status int)      { a.status = status }
func (a *answerBuffer) Write(b []byte) (int, error) { return a.body.Write(b) }

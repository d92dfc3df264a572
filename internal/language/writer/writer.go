// Package writer asks an endpoint that the operator of the machine has chosen, and
// that speaks as OpenAI's does, to sum up texts of customers. Nothing of it is
// needed: without an endpoint, Dhvani chooses the texts that say best what all say.
// Personal data does not leave: it is masked before.
package writer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/outgoing"
)

// Options say where the endpoint is.
type Options struct {
	URL   string // https://host/v1, or http:// in one's own network
	Key   string // empty where it wants none
	Model string

	Timeout time.Duration // for a whole summary; 0: half a minute
}

// Client asks an endpoint. It may be used by many at once.
type Client struct {
	address *url.URL
	key     string
	model   string
	http    *http.Client
}

// Why there is no summary, and what to do. Texts for people who may not change the
// settings are made from these.
var (
	ErrUnreachable = errors.New("the writer cannot be reached: is it running, and is --writer-url right?")
	ErrSlow        = errors.New("the writer did not answer in time: try again, choose a faster model, or raise --writer-timeout")
	ErrRefused     = errors.New("the writer refuses the key: see --writer-key")
	ErrUnknown     = errors.New("the writer knows no such address or model: see --writer-url and --writer-model")
	ErrBusy        = errors.New("the writer has too much to do, or its credit is used up: try again later")
	ErrAnswer      = errors.New("the writer gave no answer that can be used: is --writer-url the address of an OpenAI-compatible endpoint?")
)

// New checks the settings and makes a client of them; nil where none are given.
func New(o Options) (*Client, error) {
	if o.URL == "" && o.Key == "" && o.Model == "" {
		return nil, nil
	}
	if o.Timeout < 0 {
		return nil, errors.New("--writer-timeout must be above 0")
	}
	if o.URL == "" || o.Model == "" {
		return nil, errors.New("a writer needs both --writer-url and --writer-model")
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("--writer-url is not an address: https://host/v1, or http://host:port/v1 in your own network")
	}
	if u.Scheme == "http" && !own(u.Hostname()) {
		return nil, errors.New("--writer-url must begin with https:// outside of your own network, or the texts could be read on their way")
	}
	switch path := strings.TrimSuffix(u.Path, "/"); {
	case strings.HasSuffix(path, "/chat/completions"):
		u.Path = path
	case path == "":
		u.Path = "/v1/chat/completions"
	default:
		u.Path = path + "/chat/completions"
	}
	return &Client{address: u, key: o.Key, model: o.Model, http: outgoing.New(outgoing.Options{Timeout: o.Timeout, Operator: u})}, nil
}

// own reports whether a host is in one's own network: by its address, or by a name
// that the world does not know.
func own(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".lan")
}

// Request is what to sum up.
type Request struct {
	Texts    []string // the most important first; those that do not fit are left out
	Names    []string // of customers, to be masked
	About    string   // what the texts are about, in English; may be empty
	Language string   // of the summary: one of the console's
}

// languages are those that a summary can be in, as a model knows them.
var languages = map[string]string{"en": "English", "hi": "Hindi", "bn": "Bengali", "ne": "Nepali", "pt": "Brazilian Portuguese", "es": "Spanish"}

// longestAnswer bounds what is read of an answer, and longestSummary, in letters,
// what is kept.
const (
	longestAnswer  = 1 << 20
	longestSummary = 3000
	mostTokens     = 700
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type completion struct {
	Model       string    `json:"model"`
	Messages    []message `json:"messages"`
	MaxTokens   int       `json:"max_tokens"`
	Temperature float64   `json:"temperature"`
}

// Summarize has texts summed up. What comes back was written by a machine that read
// what anybody may have written: it is plain text, to be escaped, and to be marked
// as machine-written.
func (c *Client) Summarize(ctx context.Context, r Request) (string, error) {
	messages, err := prompt(r)
	if err != nil {
		return "", fmt.Errorf("summarize: %w", err)
	}
	body, err := json.Marshal(completion{Model: c.model, Messages: messages, MaxTokens: mostTokens, Temperature: 0.2})
	if err != nil {
		return "", fmt.Errorf("summarize: %w", err)
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address.String(), bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("summarize: %w", err)
	}
	call.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		call.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(call)
	if err != nil {
		return "", failed(ctx, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return "", failed(ctx, err)
	}
	if err := refused(resp.StatusCode); err != nil {
		return "", fmt.Errorf("summarize: %w (status %d)", err, resp.StatusCode)
	}
	return read(answer)
}

// failed says why a call came to nothing.
func failed(ctx context.Context, err error) error {
	var n net.Error
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ctx.Err()
	case errors.As(err, &n) && n.Timeout():
		return fmt.Errorf("summarize: %w", ErrSlow)
	}
	return fmt.Errorf("summarize: %w (%w)", ErrUnreachable, err)
}

func refused(status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrRefused
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status >= 300 && status < 400:
		return ErrUnknown
	case status == http.StatusTooManyRequests, status == http.StatusPaymentRequired, status == http.StatusServiceUnavailable:
		return ErrBusy
	case status == http.StatusGatewayTimeout, status == http.StatusRequestTimeout:
		return ErrSlow
	}
	return ErrAnswer
}

// read takes the summary out of an answer.
func read(answer []byte) (string, error) {
	var a struct {
		Choices []struct {
			Message message `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || len(a.Choices) == 0 {
		return "", fmt.Errorf("summarize: %w", ErrAnswer)
	}
	s := a.Choices[0].Message.Content
	if _, after, ok := strings.Cut(s, "</think>"); ok { // some models think aloud
		s = after
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
			return -1
		}
		return r
	}, s))
	if s == "" {
		return "", fmt.Errorf("summarize: %w", ErrAnswer)
	}
	if letters := []rune(s); len(letters) > longestSummary {
		s = strings.TrimSpace(string(letters[:longestSummary])) + "…"
	}
	return s, nil
}

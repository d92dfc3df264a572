package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// answerWithin bounds one request.
const answerWithin = 30 * time.Second

// conn sends requests over one connection, one after the other. It does less
// than net/http, which would take a good part of the processors from the
// server that is measured.
type conn struct {
	host   string // with the port
	tls    bool
	head   []byte // of every request, up to the length of its body
	gzip   *gzip.Writer
	packed bytes.Buffer

	c      net.Conn
	r      *bufio.Reader
	answer bytes.Buffer
}

func newConn(address, path, key string, zip bool) (*conn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an address such as http://127.0.0.1:8080", address)
	}
	c := &conn{host: u.Host, tls: u.Scheme == "https"}
	if u.Port() == "" {
		c.host = net.JoinHostPort(u.Hostname(), map[bool]string{false: "80", true: "443"}[c.tls])
	}
	encoding := ""
	if zip {
		encoding = "Content-Encoding: gzip\r\n"
		if c.gzip, err = gzip.NewWriterLevel(&c.packed, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	c.head = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\n%sContent-Length: ",
		path, u.Host, base64.StdEncoding.EncodeToString([]byte(key+":")), encoding)
	return c, nil
}

// post sends a body and returns the answer's status and text; the text is good
// until the next call.
func (c *conn) post(ctx context.Context, body []byte) (int, []byte, error) {
	status, err := c.exchange(ctx, body)
	if err != nil {
		c.close()
	}
	return status, c.answer.Bytes(), err
}

func (c *conn) exchange(ctx context.Context, body []byte) (int, error) {
	if c.c == nil {
		if err := c.dial(ctx); err != nil {
			return 0, err
		}
	}
	if err := c.c.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, err
	}
	if c.gzip != nil {
		c.packed.Reset()
		c.gzip.Reset(&c.packed)
		if _, err := c.gzip.Write(body); err != nil {
			return 0, err
		}
		if err := c.gzip.Close(); err != nil {
			return 0, err
		}
		body = c.packed.Bytes()
	}
	head := append(strconv.AppendInt(c.head, int64(len(body)), 10), "\r\n\r\n"...)
	c.head = head[:len(c.head)]
	if _, err := (&net.Buffers{head, body}).WriteTo(c.c); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(resp.Body); err != nil {
		return 0, err
	}
	if resp.Close {
		c.close()
	}
	return resp.StatusCode, nil
}

func (c *conn) dial(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if c.tls {
		c.c, err = new(tls.Dialer).DialContext(ctx, "tcp", c.host)
	} else {
		c.c, err = new(net.Dialer).DialContext(ctx, "tcp", c.host)
	}
	if err == nil {
		c.r = bufio.NewReader(c.c)
	}
	return err
}

func (c *conn) close() {
	if c.c != nil {
		c.c.Close()
		c.c = nil
	}
}

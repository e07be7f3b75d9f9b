package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// The smallest client of HTTP/1.1: a goroutine writes a request and reads the answer.

// A browser knows one page.
type browser struct {
	client  *client
	url     *url.URL
	request []byte
	tls     *tls.Config // nil: without

	mu      sync.Mutex
	address string // once it is known, an address and no name
}

// newBrowser returns a browser for the page of a URL.
func (c *client) newBrowser(page string) (*browser, error) {
	req, err := http.NewRequest(http.MethodGet, page, nil)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := req.Write(&text); err != nil {
		return nil, err
	}
	b := &browser{client: c, url: req.URL, request: text.Bytes()}
	port := b.url.Port()
	if b.url.Scheme == "https" {
		b.tls = &tls.Config{ServerName: b.url.Hostname(), InsecureSkipVerify: c.spec.Insecure} // as the user said
	}
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[b.tls != nil]
	}
	b.address = net.JoinHostPort(b.url.Hostname(), port)
	return b, nil
}

// A line is a connection to the server.
type line struct {
	browser *browser
	conn    net.Conn
	in      *bufio.Reader
	over    bool // there will be no further answer
}

// open opens a line, which fails when the context ends. All but the first go to the address that the first one has found.
func (b *browser) open(ctx context.Context) (*line, error) {
	b.mu.Lock()
	address := b.address
	b.mu.Unlock()
	conn, err := b.client.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.address = conn.RemoteAddr().String()
	b.mu.Unlock()
	context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	if b.tls != nil {
		conn = tls.Client(conn, b.tls)
	}
	return &line{browser: b, conn: conn, in: bufio.NewReader(conn)}, nil
}

// get makes one request and reads the answer to its end.
func (l *line) get() error {
	if _, err := l.conn.Write(l.browser.request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return err
	}
	l.over = resp.Close
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s answered %s", l.browser.url, resp.Status)
	}
	return err
}

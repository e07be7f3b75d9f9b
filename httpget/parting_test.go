package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// A watchedConn notes how a connection ends.
type watchedConn struct {
	*net.TCPConn
	mu  sync.Mutex
	end []string
}

func (c *watchedConn) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.end, what) {
		c.end = append(c.end, what)
	}
}

func (c *watchedConn) CloseWrite() error { c.note("FIN sent"); return c.TCPConn.CloseWrite() }
func (c *watchedConn) Close() error      { c.note("closed"); return c.TCPConn.Close() }
func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if errors.Is(err, io.EOF) {
		c.note("server's end read")
	}
	return n, err
}

// A TLS connection is closed when the server has said farewell.
func TestPartingFromTLS(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version Version
		tls     bool
		want    []string
	}{
		{"HTTP/1.1", HTTP1, true, []string{"FIN sent", "server's end read", "closed"}},
		{"HTTP/2", HTTP2, true, []string{"FIN sent", "server's end read", "closed"}},
		{"without TLS", HTTP1, false, []string{"closed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := webServer(t, tt.tls, func(http.ResponseWriter, *http.Request) {})
			var conn *watchedConn
			c := &Client{Version: tt.version, Insecure: true, TLS: new(tls.Config)}
			c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				raw, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				conn = &watchedConn{TCPConn: raw.(*net.TCPConn)}
				return conn, nil
			}
			if got := fetch(t, c, Request{URL: s.URL}); got.Err != nil {
				t.Fatal(got.Err)
			}
			c.Close()
			conn.mu.Lock()
			defer conn.mu.Unlock()
			if got := conn.end; !slices.Equal(got, tt.want) {
				t.Errorf("the connection ended with %q, want %q", got, tt.want)
			}
		})
	}
}

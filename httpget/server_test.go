package httpget

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/testserver"
)

// Servers for the tests: net/http's, and one that says just what it is told to.

// rawServer answers each request on a connection with what answer returns
// for its path, and closes the connection after an answer that ends says so. It
// returns the URL without a path.
func rawServer(t *testing.T, answer func(path string, c net.Conn)) string {
	t.Helper()
	return "http://" + testserver.Serve(t, func(c net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			answer(req.URL.Path, c)
		}
	})
}

// canned is a rawServer that always says the same.
func canned(t *testing.T, answer string) string {
	t.Helper()
	return rawServer(t, func(_ string, c net.Conn) { c.Write([]byte(answer)) })
}

// webServer is net/http's server. It speaks HTTP/2, too: over TLS when asked
// for it, in the clear with clients that just begin.
func webServer(t *testing.T, tls bool, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of what is meant to fail
	if tls {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP1(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// fetched is the outcome of one transfer.
type fetched struct {
	*Result
	body, header string
	trace        []string
}

// fetch makes one transfer with a client and returns everything about it.
func fetch(t *testing.T, c *Client, req Request) fetched {
	t.Helper()
	return fetchContext(t, t.Context(), c, req)
}

func fetchContext(t *testing.T, ctx context.Context, c *Client, req Request) fetched {
	t.Helper()
	var body, header bytes.Buffer
	var f fetched
	if req.Output == nil {
		req.Output = &body
	}
	req.HeaderOutput = &header
	kinds := map[TraceKind]string{TraceText: "*", TraceHeaderIn: "<", TraceHeaderOut: ">", TraceDataIn: "{", TraceDataOut: "}"}
	req.Trace = func(e TraceEvent) { f.trace = append(f.trace, kinds[e.Kind]+" "+string(e.Data)) }
	res, err := c.Get(ctx, req)
	if (err == nil) != (res.Err == nil) {
		t.Errorf("Get returned the error %v and a result with %v", err, res.Err)
	}
	f.Result, f.body, f.header = res, body.String(), header.String()
	return f
}

// newClient returns a client that is closed at the end of the test.
func newClient(t *testing.T) *Client {
	t.Helper()
	c := &Client{UserAgent: "test"}
	t.Cleanup(c.Close)
	return c
}

package httpget

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// reset makes the close of a connection a RST.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func TestErrorsOfServers(t *testing.T) {
	url := rawServer(t, func(path string, c net.Conn) {
		answer := map[string]string{
			"/short":       "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
			"/chunkshort":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nab",
			"/badchunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
			"/old":         "hello old world\n",
			"/status":      "HTTP/1.1 abc\r\n\r\n",
			"/version":     "HTTP/3.7 200 OK\r\n\r\n",
			"/length":      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok",
			"/colon":       "HTTP/1.1 200 OK\r\nfoo bar\r\n\r\nok",
			"/half":        "HTTP/1.1 200 OK\r\nContent-Le",
			"/quarter":     "HTTP/1.1 200 OK\r\n",
			"/reset":       "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
			"/notfound":    "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope",
			"/unsupported": "HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n\r\n",
			"/encoding":    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
			"/unknown":     "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
			"/huge":        "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n",
		}[path]
		c.Write([]byte(answer))
		if strings.HasPrefix(path, "/reset") {
			reset(c)
		}
	})
	for _, tt := range []struct {
		path string
		code Code
		msg  string
		body string
	}{
		{"/empty", EmptyReply, "Empty reply from server", ""},
		{"/resetatonce", ReceiveError, "Recv failure: Connection reset by peer", ""},
		{"/short", PartialFile, "transfer closed with 45 bytes remaining to read", "hello"},
		{"/chunkshort", PartialFile, "transfer closed with outstanding read data remaining", "helloab"},
		{"/badchunk", ReceiveError, "Illegal or missing hexadecimal sequence in chunked-encoding", ""},
		{"/old", UnsupportedProtocol, "Received HTTP/0.9 when not allowed", ""},
		{"/status", UnsupportedProtocol, "Unsupported HTTP version in response", ""},
		{"/version", UnsupportedProtocol, "Unsupported HTTP version in response", ""},
		{"/length", WeirdReply, "Weird server reply", ""},
		{"/colon", WeirdReply, "Weird server reply", ""},
		{"/half", WeirdReply, "Weird server reply: Malformed MIME header", ""},
		{"/quarter", ReceiveError, "Recv failure: the connection was closed within the header", ""},
		{"/reset", ReceiveError, "Recv failure: Connection reset by peer", "hello"},
		{"/notfound", HTTPError, "The requested URL returned error: 404", ""},
		{"/unsupported", UnsupportedProtocol, `Protocol "ftp" not supported`, ""},
		{"/encoding", BadEncoding, "Error while processing content unencoding", ""},
		{"/unknown", BadEncoding, `Unrecognized content encoding type "br"`, ""},
		{"/huge", ReceiveError, "Recv failure: more than 524288 bytes of header", ""},
	} {
		t.Run(tt.path[1:], func(t *testing.T) {
			got := fetch(t, newClient(t), Request{URL: url + tt.path, Follow: true, MaxRedirects: 5, Fail: FailEarly, Compressed: true})
			if got.Err == nil || got.Err.Code != tt.code || !strings.HasPrefix(got.Err.Msg, tt.msg) {
				t.Fatalf("got %v (%+v), want %d %s", got.Err, got.Err, tt.code, tt.msg)
			}
			if got.body != tt.body {
				t.Errorf("body %q, want %q", got.body, tt.body)
			}
		})
	}
}

func TestErrorsOfTheWayThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(closed)
	failing := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	own := &Error{Code: NoPrivilege, Msg: "no privilege"}
	for _, tt := range []struct {
		name string
		c    *Client
		url  string
		code Code
		msg  string
	}{
		{"refused", &Client{}, closed, CouldNotConnect, "Failed to connect to 127.0.0.1 port " + port + " after 0 ms: Connection refused"},
		{"no route", &Client{DialContext: failing(syscall.EHOSTUNREACH)}, "h", CouldNotConnect, "Failed to connect to h port 80 after 0 ms: No route to host"},
		{"timed out by the stack", &Client{DialContext: failing(syscall.ETIMEDOUT)}, "h", TimedOut, "Failed to connect to h port 80 after 0 ms: Connection timed out"},
		{"no such name", &Client{DialContext: failing(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true})}, "h", CouldNotResolve, "Could not resolve host: h"},
		{"no name server", &Client{DialContext: failing(&net.DNSError{Err: "i/o timeout", Name: "h", IsTimeout: true})}, "h", CouldNotResolve, "Could not resolve host: h (the name server did not answer)"},
		{"local address", &Client{DialContext: failing(syscall.EADDRNOTAVAIL)}, "h", InterfaceFailed, "bind failed: Cannot assign requested address"},
		{"dialer's own story", &Client{DialContext: failing(own)}, "h", NoPrivilege, "no privilege"},
		{"rule without the family", &Client{Network: "tcp6", Resolve: []ResolveRule{{Host: "*", Port: "80"}}}, "h", CouldNotResolve, "Could not resolve host: h (the rule has no address of this family)"},
		{"malformed URL", &Client{}, "http://", BadURL, `URL "http://" cannot be used: there is no host in it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fetch(t, tt.c, Request{URL: tt.url})
			if got.Err == nil || got.Err.Code != tt.code || elapsed.ReplaceAllString(got.Err.Msg, "after 0 ms") != tt.msg {
				t.Errorf("got %+v, want %d %s", got.Err, tt.code, tt.msg)
			}
		})
	}
}

// elapsed matches how long something took.
var elapsed = regexp.MustCompile(`after \d+ ms`)

func TestFailModes(t *testing.T) {
	url := canned(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope")
	for _, tt := range []struct {
		mode FailMode
		code Code
		body string
	}{{FailNever, OK, "nope"}, {FailEarly, HTTPError, ""}, {FailWithBody, HTTPError, "nope"}} {
		got := fetch(t, newClient(t), Request{URL: url, Fail: tt.mode})
		if got.code() != tt.code || got.body != tt.body || got.Status != 404 {
			t.Errorf("mode %d: code %d, body %q, status %d, want %d, %q, 404", tt.mode, got.code(), got.body, got.Status, tt.code, tt.body)
		}
	}
}

func TestSendErrors(t *testing.T) {
	c := newClient(t)
	c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { server.Close() })
		return &brokenConn{client}, nil
	}
	got := fetch(t, c, Request{URL: "h"})
	if got.Err == nil || got.Err.Code != SendError || got.Err.Msg != "Send failure: Broken pipe" {
		t.Errorf("got %+v, want %d", got.Err, SendError)
	}
	if !errors.Is(got.Err, syscall.EPIPE) {
		t.Errorf("%v does not wrap EPIPE", got.Err)
	}
}

// brokenConn fails to write.
type brokenConn struct{ net.Conn }

func (brokenConn) Write([]byte) (int, error) {
	return 0, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
}

func TestHTTP2Errors(t *testing.T) {
	s := webServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // RST_STREAM
	})
	c := newClient(t)
	c.Insecure = true
	got := fetch(t, c, Request{URL: s.URL})
	if got.Err == nil || got.Err.Code != HTTP2StreamError {
		t.Errorf("got %v, want code %d", got.Err, HTTP2StreamError)
	}
}

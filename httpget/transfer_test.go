package httpget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestGet(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", tls), func(t *testing.T) {
			s := webServer(t, tls, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/x")
				fmt.Fprint(w, r.Method, " ", r.Proto, " ", r.URL, " ", r.UserAgent())
			})
			c := newClient(t)
			c.Insecure = true
			got := fetch(t, c, Request{URL: s.URL + "/a?b"})
			proto, version := "HTTP/1.1", "1.1"
			if tls {
				proto, version = "HTTP/2.0", "2"
			}
			if want := "GET " + proto + " /a?b test"; got.body != want {
				t.Errorf("body %q, want %q", got.body, want)
			}
			if got.Err != nil || got.Status != 200 || got.Proto != version || got.ContentType != "text/x" {
				t.Errorf("error %v, status %d, version %s, type %s", got.Err, got.Status, got.Proto, got.ContentType)
			}
			if got.RemoteAddr.String() != s.Listener.Addr().String() || got.NumConnects != 1 || got.SizeDownload != int64(len(got.body)) {
				t.Errorf("remote %v, connects %d, size %d", got.RemoteAddr, got.NumConnects, got.SizeDownload)
			}
			if got.SizeHeader != int64(len(got.header)) {
				t.Errorf("size of the header %d, want %d", got.SizeHeader, len(got.header))
			}
		})
	}
}

func TestGetWithADialer(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	var dialed []string
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed = append(dialed, network+" "+address)
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	var body strings.Builder
	if _, err := Get(t.Context(), dial, Request{URL: "example.invalid/x", Output: &body}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"tcp example.invalid:80"}; body.String() != "hello" || !slices.Equal(dialed, want) {
		t.Errorf("body %q, dialed %v, want hello and %v", body.String(), dialed, want)
	}
}

func TestHeaderIsDeliveredAsReceived(t *testing.T) {
	const header = "HTTP/1.1 200 Fine\r\nzeta: 1\r\nAlpha:  2 \r\nzeta: 3\r\nContent-Length: 2\r\n\r\n"
	got := fetch(t, newClient(t), Request{URL: canned(t, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"+header+"ok")})
	if want := "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + header; got.header != want || got.body != "ok" {
		t.Errorf("header %q, body %q, want %q", got.header, got.body, want)
	}
	if want := []field{{"zeta", "1"}, {"Alpha", "2"}, {"zeta", "3"}, {"Content-Length", "2"}}; !slices.Equal(got.fields, want) {
		t.Errorf("fields %v, want %v", got.fields, want)
	}
}

func TestTrailersFollowTheHeader(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\n\r\n"
	got := fetch(t, newClient(t), Request{URL: canned(t, answer)})
	if got.body != "hello" || !strings.HasSuffix(got.header, "\r\n\r\nX-T: v\r\n") {
		t.Errorf("body %q, header %q", got.body, got.header)
	}
}

func TestTraceHasEverythingInOrder(t *testing.T) {
	url := canned(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
	got := fetch(t, newClient(t), Request{URL: url, Body: []byte("a=b")})
	host := strings.TrimPrefix(url, "http://")
	_, port, _ := net.SplitHostPort(host)
	want := []string{
		"*   Trying " + host + "...",
		"* Connected to 127.0.0.1 (127.0.0.1) port " + port + " (#0)",
		"> POST / HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: test\r\nContent-Length: 3\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
		"} a=b",
		"< HTTP/1.1 200 OK\r\n", "< Content-Length: 5\r\n", "< Connection: close\r\n", "< \r\n",
		"{ hello",
		"* Closing connection 0",
	}
	if !slices.Equal(got.trace, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got.trace, "\n"), strings.Join(want, "\n"))
	}
	size := int64(len(want[2]) - len("> ") + 3)
	if got.SizeRequest != size || got.SizeUpload != 3 {
		t.Errorf("request %d bytes, upload %d, want %d and 3", got.SizeRequest, got.SizeUpload, size)
	}
}

func TestTimesAreInOrder(t *testing.T) {
	s := webServer(t, true, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") })
	c := newClient(t)
	c.Insecure = true
	for _, reused := range []bool{false, true} {
		got := fetch(t, c, Request{URL: s.URL})
		times := got.Times
		order := []struct {
			name string
			at   int64
		}{
			{"start", 1}, {"NameLookup", int64(times.NameLookup)}, {"Connect", int64(times.Connect)}, {"AppConnect", int64(times.AppConnect)},
			{"PreTransfer", int64(times.PreTransfer)}, {"StartTransfer", int64(times.StartTransfer)}, {"Total", int64(times.Total)},
		}
		for i := range order[1:] {
			if order[i].at > order[i+1].at {
				t.Errorf("reused=%v: %s at %d, but %s at %d", reused, order[i].name, order[i].at, order[i+1].name, order[i+1].at)
			}
		}
		if len(got.Hops) != 1 || got.Hops[0].Reused != reused || times.Redirect != 0 {
			t.Errorf("hops %+v, redirect %v, want one with reused=%v", got.Hops, times.Redirect, reused)
		}
		var sum int64
		for _, p := range got.Hops[0].Times.Phases() {
			sum += int64(p.Length)
		}
		if sum != int64(got.Hops[0].Times.Total) {
			t.Errorf("the phases sum up to %d, want %d", sum, got.Hops[0].Times.Total)
		}
	}
}

func TestStaleConnectionIsReplaced(t *testing.T) {
	requests := 0
	url := rawServer(t, func(_ string, c net.Conn) {
		requests++
		c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
		// and then the connection is closed, without a word of it
	})
	c := newClient(t)
	for i := range 3 {
		got := fetch(t, c, Request{URL: url})
		if got.Err != nil || got.body != "x" || got.NumConnects != 1 {
			t.Errorf("fetch %d: error %v, body %q, %d connections", i, got.Err, got.body, got.NumConnects)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	url := canned(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	full := errors.New("full")
	got := fetch(t, newClient(t), Request{URL: url, Output: writerFunc(func([]byte) (int, error) { return 0, full })})
	if got.Err == nil || got.Err.Code != WriteError || !errors.Is(got.Err, full) {
		t.Errorf("got %v, want code %d", got.Err, WriteError)
	}
	own := &Error{Code: WriteError, Msg: "own story"}
	got = fetch(t, newClient(t), Request{URL: url, Output: writerFunc(func([]byte) (int, error) { return 0, own })})
	if got.Err != own {
		t.Errorf("got %v, want the writer's own error", got.Err)
	}
}

func TestOneClientServesMany(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })
	c := newClient(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				var body strings.Builder
				path := fmt.Sprintf("/%d/%d", i, j)
				res, err := c.Get(t.Context(), Request{URL: s.URL + path, Output: &body})
				if err != nil || body.String() != path || res.SizeDownload != int64(len(path)) || len(res.Hops) != 1 {
					t.Errorf("%s: error %v, body %q, size %d", path, err, body.String(), res.SizeDownload)
				}
			}
		})
	}
	wg.Wait()
}

func TestConnectionsAreClosedAfterErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  Request
	}{
		{"broken off", Request{URL: "/abort"}},
		{"failed early", Request{URL: "/404", Fail: FailEarly}},
		{"nowhere to write", Request{URL: "/", Output: writerFunc(func([]byte) (int, error) { return 0, io.ErrShortWrite })}},
		{"header only", Request{URL: "/", NoBody: true, Method: "GET"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := webServer(t, true, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/abort":
					panic(http.ErrAbortHandler)
				case "/404":
					w.WriteHeader(http.StatusNotFound)
				}
				fmt.Fprint(w, "x")
			})
			c := newClient(t)
			c.Insecure = true
			tt.req.URL = s.URL + tt.req.URL
			got := fetch(t, c, tt.req)
			if last := got.trace[len(got.trace)-1]; last != "* Closing connection 0" || len(c.idle) != 0 {
				t.Errorf("last %q, %d idle connections, want a closed one", last, len(c.idle))
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestInterrupted(t *testing.T) {
	began := make(chan struct{})
	url := rawServer(t, func(_ string, c net.Conn) {
		c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"))
		close(began)
		io.Copy(io.Discard, c) // until the client hangs up
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	got := fetchContext(t, ctx, newClient(t), Request{URL: url})
	if got.Err == nil || got.Err.Code != Interrupted {
		t.Errorf("got %v, want code %d", got.Err, Interrupted)
	}
}

func TestProgress(t *testing.T) {
	url := canned(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	var got []string
	fetch(t, newClient(t), Request{URL: url, Progress: func(received, total int64) { got = append(got, fmt.Sprint(received, "/", total)) }})
	if len(got) < 2 || got[0] != "0/5" || got[len(got)-1] != "5/5" {
		t.Errorf("got %v, want 0/5 first and 5/5 last", got)
	}
}

func TestTCPInfoOfTheConnection(t *testing.T) {
	s := webServer(t, false, func(http.ResponseWriter, *http.Request) {})
	var conn *informedConn
	c := newClient(t)
	c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := new(net.Dialer).DialContext(ctx, network, address)
		conn = &informedConn{Conn: plain}
		return conn, err
	}
	got := fetch(t, c, Request{URL: s.URL})
	if got.TCP.StatePath != "open" {
		t.Errorf("path %q, want open", got.TCP.StatePath)
	}
	c.Close()
	got.UpdateTCP()
	if got.TCP.StatePath != "closed" {
		t.Errorf("path %q, want closed", got.TCP.StatePath)
	}
}

// informedConn says whether it is open.
type informedConn struct {
	net.Conn
	closed bool
}

func (c *informedConn) Close() error {
	c.closed = true
	return c.Conn.Close()
}

func (c *informedConn) TCPInfo() TCPInfo {
	return TCPInfo{StatePath: map[bool]string{false: "open", true: "closed"}[c.closed]}
}

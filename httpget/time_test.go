package httpget

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
	"testing/synctest"
	"time"
)

// Transfers over memory pipes, in virtual time.

// pipeServer serves HTTP on the far ends of pipes and returns the dialer of the
// near ones. It looks a name up for a while and connects for a while.
func pipeServer(t *testing.T, lookup, connect time.Duration, h http.HandlerFunc) func(context.Context, string, string) (net.Conn, error) {
	conns := make(chan net.Conn)
	s := &http.Server{Handler: h}
	go s.Serve(pipeListener(conns))
	t.Cleanup(func() { s.Close() })
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		trace := httptrace.ContextClientTrace(ctx)
		trace.DNSStart(httptrace.DNSStartInfo{Host: "h"})
		if err := wait(ctx, lookup); err != nil {
			return nil, err
		}
		trace.DNSDone(httptrace.DNSDoneInfo{})
		trace.ConnectStart("tcp", "192.0.2.1:80")
		if err := wait(ctx, connect); err != nil {
			return nil, err
		}
		near, far := net.Pipe()
		conns <- far
		return near, nil
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pipeListener is a net.Listener of connections from a channel.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	c, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l pipeListener) Close() error {
	close(l)
	return nil
}

func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestTimesInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.DialContext = pipeServer(t, 10*time.Millisecond, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(30 * time.Millisecond)
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			time.Sleep(40 * time.Millisecond)
			fmt.Fprint(w, "x")
		})
		got := fetch(t, c, Request{URL: "h"})
		want := Times{
			NameLookup: 10 * time.Millisecond, Connect: 30 * time.Millisecond, PreTransfer: 30 * time.Millisecond,
			StartTransfer: 60 * time.Millisecond, Total: 100 * time.Millisecond,
		}
		if got.Err != nil || got.Times != want {
			t.Errorf("error %v, times %+v, want %+v", got.Err, got.Times, want)
		}
		phases := fmt.Sprint(got.Hops[0].Times.Phases())
		if want := "[{DNS lookup 10ms} {TCP connect 20ms} {TLS handshake 0s} {server 30ms} {transfer 40ms}]"; phases != want {
			t.Errorf("phases %s, want %s", phases, want)
		}
	})
}

func TestTimesOfRedirectsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.DialContext = pipeServer(t, 10*time.Millisecond, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(30 * time.Millisecond)
			if r.URL.Path == "/" {
				http.Redirect(w, r, "http://other/x", http.StatusFound)
			}
		})
		got := fetch(t, c, Request{URL: "h", Follow: true, MaxRedirects: 1})
		want := Times{
			NameLookup: 20 * time.Millisecond, Connect: 60 * time.Millisecond, PreTransfer: 60 * time.Millisecond,
			StartTransfer: 120 * time.Millisecond, Total: 120 * time.Millisecond, Redirect: 60 * time.Millisecond,
		}
		if got.Err != nil || got.Times != want {
			t.Errorf("error %v, times %+v, want %+v", got.Err, got.Times, want)
		}
	})
}

func TestTimeLimits(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name            string
		lookup, connect time.Duration
		connectTimeout  time.Duration
		timeout         time.Duration
		msg             string
		took            time.Duration
	}{
		{"look-up", time.Hour, 0, 500 * ms, 0, "Resolving timed out after 500 milliseconds", 500 * ms},
		{"connect", 0, time.Hour, 500 * ms, 0, "Connection timed out after 500 milliseconds", 500 * ms},
		{"connect within the whole", 0, time.Hour, 0, 700 * ms, "Connection timed out after 700 milliseconds", 700 * ms},
		{"answer", 0, 0, 500 * ms, 2500 * ms, "Operation timed out after 2500 milliseconds with 2 out of 5 bytes received", 2500 * ms},
		{"header", 0, 0, 0, 500 * ms, "Operation timed out after 500 milliseconds with 0 bytes received", 500 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t)
				c.ConnectTimeout = tt.connectTimeout
				c.DialContext = pipeServer(t, tt.lookup, tt.connect, func(w http.ResponseWriter, r *http.Request) {
					wait(r.Context(), time.Second)
					w.Header().Set("Content-Length", "5")
					io.WriteString(w, "he")
					w.(http.Flusher).Flush()
					<-r.Context().Done()
				})
				began := time.Now()
				got := fetch(t, c, Request{URL: "h", Timeout: tt.timeout})
				if got.Err == nil || got.Err.Code != TimedOut || got.Err.Msg != tt.msg {
					t.Errorf("got %+v, want %d %s", got.Err, TimedOut, tt.msg)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestLimitRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, rate = 100_000, 10_000
		c := newClient(t)
		c.DialContext = pipeServer(t, 0, 0, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, size)) })
		got := fetch(t, c, Request{URL: "h", LimitRate: rate})
		if got.Err != nil || len(got.body) != size || got.Times.Total != size/rate*time.Second {
			t.Errorf("error %v, %d bytes in %v, want %d in %v", got.Err, len(got.body), got.Times.Total, size, size/rate*time.Second)
		}
	})
}

func TestLimitRateKeepsToTheTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.DialContext = pipeServer(t, 0, 0, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1000)) })
		got := fetch(t, c, Request{URL: "h", LimitRate: 1, Timeout: 3 * time.Second})
		if got.Err == nil || got.Err.Code != TimedOut || got.Times.Total != 3*time.Second {
			t.Errorf("got %v after %v, want code %d after 3 s", got.Err, got.Times.Total, TimedOut)
		}
	})
}

func TestPhasesOfFailures(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		times Times
		want  [5]time.Duration
	}{
		{"look-up", Times{Total: 5 * ms}, [5]time.Duration{5 * ms}},
		{"connect", Times{NameLookup: ms, Total: 5 * ms}, [5]time.Duration{ms, 4 * ms}},
		{"TLS", Times{NameLookup: ms, Connect: 2 * ms, Total: 5 * ms}, [5]time.Duration{ms, ms, 3 * ms}},
		{"request", Times{NameLookup: ms, Connect: 2 * ms, PreTransfer: 2 * ms, Total: 5 * ms}, [5]time.Duration{ms, ms, 0, 3 * ms}},
		{"body", Times{NameLookup: ms, Connect: 2 * ms, AppConnect: 3 * ms, PreTransfer: 3 * ms, StartTransfer: 4 * ms, Total: 5 * ms}, [5]time.Duration{ms, ms, ms, ms, ms}},
	} {
		for i, p := range tt.times.Phases() {
			if p.Length != tt.want[i] {
				t.Errorf("%s: %s took %v, want %v", tt.name, p.Name, p.Length, tt.want[i])
			}
		}
	}
}

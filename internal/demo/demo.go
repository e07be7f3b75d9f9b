package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Page is what the server of the demonstration serves.
const Page = `<!doctype html>
<title>sockeye</title>
<h1>It swims upstream.</h1>
<p>This page came over a TCP that is an ordinary Go program.</p>
`

// DefaultRuns is how many fetches over each TCP the phases are the medians of.
const DefaultRuns = 9

// A Result is what a demonstration has shown.
type Result struct {
	Place      string // where it ran
	UserPath   string // how the packets of our fetch travel
	KernelPath string // how those of the kernel's fetch travel; "" when there was none
	Server     string // who serves, for the ladder
	URL        string
	Status     int
	Body       []byte
	Ladders    []*ladder.Ladder

	// User and Kernel hold the times of each fetch over our TCP and over the
	// kernel's, in the order in which they were made.
	User, Kernel []httpget.Times
}

// A scene is a server, a stack of ours that reaches it, and the kernel's way to it.
type scene struct {
	place, server string
	userPath      string
	user          *stack.Net
	watch         *watcher
	url           string
	kernelURL     string // "" when there is no such way
	kernelPath    string
}

// play makes the fetches: one over each TCP to warm up, then runs of each, in
// alternating order, so that a drift of the machine's speed hits both alike.
func (s *scene) play(ctx context.Context, runs int) (*Result, error) {
	r := &Result{Place: s.place, Server: s.server, UserPath: s.userPath, KernelPath: s.kernelPath, URL: s.url}
	for i := range runs + 1 {
		warm := i > 0
		for k := range 2 {
			overUser := (i+k)%2 == 0
			if !overUser && s.kernelURL == "" {
				continue
			}
			if err := s.fetch(ctx, r, overUser, warm); err != nil {
				return nil, err
			}
		}
	}
	ladders := s.watch.recorder.Ladders(ladder.Options{Left: "sockeye", Right: s.server})
	if len(ladders) == 0 {
		return nil, fmt.Errorf("the stack recorded nothing of the fetch of %s", s.url)
	}
	r.Ladders = ladders[len(ladders)-1:]
	return r, nil
}

// fetch gets the page once and adds it to the result; the times count when warm.
func (s *scene) fetch(ctx context.Context, r *Result, overUser, warm bool) error {
	var body bytes.Buffer
	req := httpget.Request{URL: s.kernelURL, Output: &body, Timeout: fetchTimeout}
	var dial func(context.Context, string, string) (net.Conn, error) = new(net.Dialer).DialContext
	if overUser {
		req.URL, dial = s.url, s.user.DialContext
		s.watch.reset()
	}
	got, err := httpget.Get(ctx, dial, req)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", req.URL, err)
	}
	if !overUser {
		if warm {
			r.Kernel = append(r.Kernel, got.Times)
		}
		return nil
	}
	r.Status, r.Body = got.Status, body.Bytes()
	if warm {
		r.User = append(r.User, got.Times)
	}
	return s.watch.wait(ctx)
}

// Bounds of one fetch: everything happens within this machine.
const (
	fetchTimeout = 10 * time.Second
	// restTimeout is for the close: a round trip, and on a slow machine a retransmission or two.
	restTimeout = 5 * time.Second
)

// A watcher records the events of a stack and says when a connection has come to rest.
type watcher struct {
	recorder *ladder.Recorder
	rest     chan struct{} // receives when a connection enters TIME-WAIT or CLOSED
}

func newWatcher() *watcher {
	return &watcher{recorder: ladder.NewRecorder(0), rest: make(chan struct{}, 1)}
}

// trace is a stack.Config's Trace.
func (w *watcher) trace(e *tcp.Event) {
	w.recorder.Record(e)
	if e.Kind == tcp.EventState && (e.State == tcp.TimeWait || e.State == tcp.Closed) {
		select {
		case w.rest <- struct{}{}:
		default: // nobody has looked since the last one
		}
	}
}

// reset forgets connections that came to rest before.
func (w *watcher) reset() {
	select {
	case <-w.rest:
	default:
	}
}

// wait waits for a connection to come to rest.
func (w *watcher) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	select {
	case <-w.rest:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for TIME-WAIT: %w", ctx.Err())
	}
}

// serve starts a net/http server with the page on l. The returned function ends it.
func serve(l net.Listener) (stop func()) {
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, Page) // fails when the client is gone; nothing is lost then
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(l) // returns http.ErrServerClosed
	}()
	return func() {
		srv.Close()
		<-done
	}
}

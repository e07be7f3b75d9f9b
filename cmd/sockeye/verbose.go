package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// -v: what TCP, TLS and HTTP do, as they do it, behind curl's prefixes: "*" for
// remarks, ">" for headers sent, "<" for headers received, "{" and "}" for data.

// A tracer gathers what happens on all layers, in order, for -v and --trace.
// TCP's events come from inside the stack, which must not wait for a terminal:
// they are queued, and printed by whoever comes next.
type tracer struct {
	mu    sync.Mutex // guards the outputs
	sinks []func(httpget.TraceEvent)

	queue struct {
		sync.Mutex
		lines    []string
		lost     int
		narrator tcpNarrator
	}
	kick chan struct{}
	stop chan struct{}
	wg   sync.WaitGroup
}

// maxQueue bounds the lines that wait for a slow terminal.
const maxQueue = 4096

// start begins to print what nothing else prints: TCP's lines while the rest is quiet.
func (t *tracer) start() {
	t.kick, t.stop = make(chan struct{}, 1), make(chan struct{})
	t.wg.Go(func() {
		for {
			select {
			case <-t.kick:
				t.drain()
			case <-t.stop:
				return
			}
		}
	})
}

// finish prints what is left.
func (t *tracer) finish() {
	if t.stop != nil {
		close(t.stop)
		t.wg.Wait()
	}
	t.drain()
}

// listens reports whether anybody wants to know.
func (t *tracer) listens() bool { return len(t.sinks) > 0 }

// tcp takes an event of the stack. It does not wait.
func (t *tracer) tcp(e *tcp.Event) {
	t.queue.Lock()
	line := t.queue.narrator.line(e)
	switch {
	case line == "":
	case len(t.queue.lines) < maxQueue:
		t.queue.lines = append(t.queue.lines, line)
	default:
		t.queue.lost++
	}
	t.queue.Unlock()
	if line != "" {
		select {
		case t.kick <- struct{}{}:
		default: // somebody is on the way
		}
	}
}

// http takes an event of a transfer.
func (t *tracer) http(e httpget.TraceEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drainLocked()
	t.emit(e)
}

// remark prints a line of ours.
func (t *tracer) remark(format string, args ...any) {
	t.http(httpget.TraceEvent{Kind: httpget.TraceText, Data: fmt.Appendf(nil, format, args...)})
}

// drain prints the lines that wait.
func (t *tracer) drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drainLocked()
}

func (t *tracer) drainLocked() {
	t.queue.Lock()
	lines, lost := t.queue.lines, t.queue.lost
	t.queue.lines, t.queue.lost = nil, 0
	t.queue.Unlock()
	for _, l := range lines {
		t.emit(httpget.TraceEvent{Kind: httpget.TraceText, Data: []byte(l)})
	}
	if lost > 0 {
		t.emit(httpget.TraceEvent{Kind: httpget.TraceText, Data: fmt.Appendf(nil, "%d events not shown", lost)})
	}
}

func (t *tracer) emit(e httpget.TraceEvent) {
	for _, s := range t.sinks {
		s(e)
	}
}

// A verboseWriter prints trace events in the manner of curl's -v.
type verboseWriter struct {
	out       io.Writer
	onScreen  bool // the body is on the terminal already
	toldBytes bool // since the last header or remark
}

// write prints one event. A standard error that is gone is nobody's loss.
func (v *verboseWriter) write(e httpget.TraceEvent) {
	switch e.Kind {
	case httpget.TraceText:
		fmt.Fprintf(v.out, "* %s\n", e.Data)
	case httpget.TraceHeaderIn:
		v.lines('<', e.Data)
	case httpget.TraceHeaderOut:
		v.lines('>', e.Data)
	case httpget.TraceDataIn:
		v.data('{', len(e.Data))
		return
	case httpget.TraceDataOut:
		v.data('}', len(e.Data))
		return
	}
	v.toldBytes = false
}

func (v *verboseWriter) lines(prefix byte, data []byte) {
	for line := range bytes.Lines(data) {
		fmt.Fprintf(v.out, "%c %s\n", prefix, bytes.TrimRight(line, "\r\n"))
	}
}

// data tells of data once, as long as nothing else happens.
func (v *verboseWriter) data(brace byte, n int) {
	if v.onScreen || v.toldBytes {
		return
	}
	fmt.Fprintf(v.out, "%c [%d bytes data]\n", brace, n)
	v.toldBytes = true
}

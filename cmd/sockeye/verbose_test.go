package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestVerboseWriter(t *testing.T) {
	var b strings.Builder
	v := &verboseWriter{out: &b}
	for _, e := range []httpget.TraceEvent{
		{Kind: httpget.TraceText, Data: []byte("hello")},
		{Kind: httpget.TraceHeaderOut, Data: []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n")},
		{Kind: httpget.TraceDataOut, Data: []byte("body")},
		{Kind: httpget.TraceHeaderIn, Data: []byte("HTTP/1.1 200 OK\r\n")},
		{Kind: httpget.TraceHeaderIn, Data: []byte("\r\n")},
		{Kind: httpget.TraceDataIn, Data: make([]byte, 10)},
		{Kind: httpget.TraceDataIn, Data: make([]byte, 20)},
		{Kind: httpget.TraceText, Data: []byte("bye")},
		{Kind: httpget.TraceDataIn, Data: make([]byte, 30)},
	} {
		v.write(e)
	}
	const want = "* hello\n> GET / HTTP/1.1\n> Host: h\n> \n} [4 bytes data]\n< HTTP/1.1 200 OK\n< \n{ [10 bytes data]\n* bye\n{ [30 bytes data]\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestVerboseWriterIsSilentAboutDataOnTheScreen(t *testing.T) {
	var b strings.Builder
	v := &verboseWriter{out: &b, onScreen: true}
	v.write(httpget.TraceEvent{Kind: httpget.TraceDataIn, Data: []byte("body")})
	if b.Len() != 0 {
		t.Errorf("got %q, want nothing", b.String())
	}
}

// state is an event that is worth a line.
func state(cause tcp.Cause) *tcp.Event {
	return &tcp.Event{Kind: tcp.EventState, From: tcp.Established, State: tcp.Closed, Cause: cause}
}

func TestTracerKeepsTheOrderOfLayers(t *testing.T) {
	var got []string
	tr := &tracer{sinks: []func(httpget.TraceEvent){func(e httpget.TraceEvent) { got = append(got, string(e.Data)) }}}
	tr.tcp(state(tcp.CauseReset))
	tr.http(httpget.TraceEvent{Kind: httpget.TraceText, Data: []byte("http")})
	tr.tcp(state(tcp.CauseTimeout))
	tr.remark("ours")
	tr.tcp(state(tcp.CauseRefused))
	tr.finish()
	want := []string{"connection ended: reset by peer", "http", "connection ended: timed out", "ours", "connection ended: connection refused"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTracerPrintsWhileTheRestIsQuiet(t *testing.T) {
	printed := make(chan string, 1)
	tr := &tracer{sinks: []func(httpget.TraceEvent){func(e httpget.TraceEvent) { printed <- string(e.Data) }}}
	tr.start()
	tr.tcp(state(tcp.CauseReset))
	if got, want := <-printed, "connection ended: reset by peer"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	tr.finish()
}

func TestTracerHoldsNoMoreThanItsBound(t *testing.T) {
	var got []string
	tr := &tracer{sinks: []func(httpget.TraceEvent){func(e httpget.TraceEvent) { got = append(got, string(e.Data)) }}}
	tr.kick = make(chan struct{}, 1)
	for range maxQueue + 3 {
		tr.tcp(state(tcp.CauseReset))
	}
	tr.drain()
	if len(got) != maxQueue+1 || got[maxQueue] != "3 events not shown" {
		t.Errorf("got %d lines, the last %q", len(got), got[len(got)-1])
	}
}

func TestStat(t *testing.T) {
	const ms = 1_000_000
	h := &httpget.Hop{URL: "http://h/", Method: "GET", Status: 200, Times: httpget.Times{
		NameLookup: 1.25 * ms, Connect: 2.5 * ms, AppConnect: 1002.5 * ms, PreTransfer: 1002.5 * ms, StartTransfer: 101_002.5 * ms, Total: 12_101_002.5 * ms,
	}}
	var b strings.Builder
	fmt.Fprintln(&b)
	writeStat(&b, asciiFrame, h)
	const want = `
200 GET http://h/
+--------------+--------------+--------------+--------------+--------------+
|  DNS lookup  | TCP connect  |TLS handshake |    server    |   transfer   |
|   1.25 ms    |   1.25 ms    |    1.00 s    |    100 s     |   12000 s    |
+--------------+--------------+--------------+--------------+--------------+
        1.25 ms        2.50 ms         1.00 s          101 s        12101 s
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

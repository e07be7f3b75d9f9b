package httpget

import (
	"net"
	"sync"
	"time"
)

// A tap lies between net/http and the connection, above TLS, and sees every
// byte in the clear. net/http sorts header fields and changes their spelling;
// what users are shown is what was really sent and received.

// A tap is a net.Conn that passes everything on and tells headers from bodies.
type tap struct {
	net.Conn

	mu       sync.Mutex
	splitIn  splitter
	splitOut splitter
	trace    func(TraceEvent) // of the present request; may be nil
	watch    bool             // a request is in progress
	exchange exchange
}

// An exchange is what the tap saw of one request and its answer.
type exchange struct {
	headers   []byte    // of every answer, 1xx ones too, as received
	lines     []string  // of the last answer, without line ends, status line first
	first     time.Time // when the first byte of an answer came; zero if none did
	received  int64     // bytes of any kind since the request
	sent      int64     // bytes of the request, header and body
	uploaded  int64     // bytes of the body alone
	malformed bool      // what came is no HTTP header
}

// A splitter tells the headers in one direction of a connection from the bodies.
type splitter interface {
	// begin prepares for the next request or answer.
	begin()
	// feed reads the bytes that came next and calls emit for every part of them.
	feed(p []byte, emit func(part))
}

// A part is a piece of what went over the connection.
type part struct {
	kind  partKind
	data  []byte
	first bool // the line begins a header
}

type partKind int

const (
	partLine  partKind = iota // one header line, with its end
	partBlank                 // the empty line that ends a header
	partData                  // some of a body
	partJunk                  // where a header was due, but is none
)

// newTap puts a tap on a connection that speaks HTTP/1 or, with h2, HTTP/2.
func newTap(conn net.Conn, h2 bool) *tap {
	if h2 {
		return &tap{Conn: conn, splitIn: newFrames(false), splitOut: newFrames(true)}
	}
	return &tap{Conn: conn, splitIn: &lines{answer: true}, splitOut: &lines{}}
}

// begin prepares the tap for the next request. Nothing of the one before may be under way.
func (t *tap) begin(trace func(TraceEvent)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.splitIn.begin()
	t.splitOut.begin()
	t.trace, t.watch, t.exchange = trace, true, exchange{}
}

// end stops the trace and returns what was seen. It waits for a call of the trace in progress.
func (t *tap) end() exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trace, t.watch = nil, false
	return t.exchange
}

// seen returns what was seen so far.
func (t *tap) seen() exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.exchange
}

// Read passes on to the connection and looks at what came.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.mu.Lock()
		t.exchange.received += int64(n)
		t.splitIn.feed(p[:n], t.arrived)
		t.mu.Unlock()
	}
	return n, err
}

// Write looks at what is sent and passes on to the connection. It looks first,
// so that in the trace no answer precedes its request.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.splitOut.feed(p, t.departed)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// arrived notes a part of an answer.
func (t *tap) arrived(p part) {
	x := &t.exchange
	if t.watch && x.first.IsZero() {
		x.first = time.Now()
	}
	switch p.kind {
	case partData:
		t.emit(TraceDataIn, p.data)
		return
	case partJunk:
		x.malformed = true
		return
	case partLine:
		if p.first {
			x.lines = nil
		}
		x.lines = append(x.lines, trimEnd(p.data))
	}
	x.headers = append(x.headers, p.data...)
	t.emit(TraceHeaderIn, p.data)
}

// departed notes a part of a request; its header is traced as a whole.
func (t *tap) departed(p part) {
	x := &t.exchange
	x.sent += int64(len(p.data))
	switch p.kind {
	case partData:
		x.uploaded += int64(len(p.data))
		t.emit(TraceDataOut, p.data)
	case partLine, partBlank:
		t.emit(TraceHeaderOut, p.data)
	}
}

func (t *tap) emit(kind TraceKind, data []byte) {
	if t.trace != nil {
		t.trace(TraceEvent{kind, data})
	}
}

// trimEnd returns a line without its end.
func trimEnd(line []byte) string {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	return string(line[:n])
}

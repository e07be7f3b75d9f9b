package httpget

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"
)

// A Result is what became of a transfer. It is complete as far as the
// transfer went, also when that failed.
type Result struct {
	URL          string // as asked for
	EffectiveURL string // that of the last hop
	Scheme       string // "http" or "https"; empty when the URL made no sense
	Method       string // of the last request
	Referer      string // as sent with the last request
	RedirectURL  string // where the answer points, if that was not followed

	Status      int    // of the last answer; 0 if there was none
	Proto       string // "1.0", "1.1" or "2"; empty if there was no answer
	Header      http.Header
	ContentType string

	LocalAddr, RemoteAddr netip.AddrPort // of the last connection
	NumConnects           int            // connections opened
	NumRedirects          int            // redirects followed
	Hops                  []Hop          // one for each request sent, in order

	SizeHeader   int64 // bytes of all headers received
	SizeRequest  int64 // bytes of requests sent, with their bodies
	SizeDownload int64 // bytes of the body, as it came, without its chunk framing
	SizeUpload   int64 // bytes of bodies sent
	Announced    int64 // length of the body as announced, -1 if it was not

	Certs     []*x509.Certificate // the server's chain, its own certificate first
	VerifyErr error               // why the chain did not verify; set with Insecure, too

	Times Times
	TCP   TCPInfo // of the last connection, when the transfer ended
	Err   *Error  // nil if the transfer succeeded

	// Index and FileName are for the caller: the number of the URL on the
	// command line and the file that the body went to. Write-out shows them.
	Index    int
	FileName string

	fields []field // of the last answer, in order
	link   *link   // of the last hop; nil if none was opened
}

// UpdateTCP asks the last connection anew how its TCP fared. After Client.Close
// this tells how the connection ended.
func (r *Result) UpdateTCP() {
	if r.link != nil {
		r.TCP = r.link.tcpInfo()
	}
}

// A field is one line of a header.
type field struct{ name, value string }

// A Hop is one request of a transfer and its answer.
type Hop struct {
	URL                   string
	Method                string
	Status                int
	LocalAddr, RemoteAddr netip.AddrPort
	Reused                bool // sent on a connection that was already open
	Times                 Times
}

// Times says when each phase had ended, measured from the start of a
// transfer, or of a hop. A phase that never ended, or did not take place, is 0.
//
// A transfer's own times are the sums over its hops, as curl reports them:
// with redirects, Connect holds the time until the connection of each hop
// stood, one after the other.
type Times struct {
	NameLookup    time.Duration // the name was resolved
	Connect       time.Duration // TCP's handshake was done
	AppConnect    time.Duration // TLS's handshake was done; 0 without TLS
	PreTransfer   time.Duration // the request was about to be sent
	StartTransfer time.Duration // the first byte of the answer was there
	Total         time.Duration // the last byte was there
	Redirect      time.Duration // the hops before the last one took this long; 0 for a hop
}

// A Phase is one part of a hop, with its own length.
type Phase struct {
	Name   string
	Length time.Duration
}

// Phases cuts the time of a hop into the parts that httpstat shows; their sum
// is Total. When the hop failed, the rest of the time belongs to the phase that it failed in.
func (t Times) Phases() [5]Phase {
	tls := t.AppConnect
	if tls == 0 && t.PreTransfer != 0 {
		tls = t.Connect // there was none
	}
	names := [5]string{"DNS lookup", "TCP connect", "TLS handshake", "server", "transfer"}
	ends := [5]time.Duration{t.NameLookup, t.Connect, tls, t.StartTransfer, t.Total}
	var p [5]Phase
	var last time.Duration
	for i, end := range ends {
		if end == 0 {
			end = t.Total
		}
		p[i] = Phase{names[i], max(end-last, 0)}
		last = max(last, end)
	}
	return p
}

// add sums the ends of a hop's phases into those of the transfer.
func (t *Times) add(hop Times) {
	t.NameLookup += hop.NameLookup
	t.Connect += hop.Connect
	t.AppConnect += hop.AppConnect
	t.PreTransfer += hop.PreTransfer
	t.StartTransfer += hop.StartTransfer
}

// TCPInfo says how TCP fared on a connection. Zero fields are unknown.
type TCPInfo struct {
	Stack       string        // which TCP it was: "user" or "kernel"
	MSS         int           // bytes in the largest segment we send
	RTT         time.Duration // smoothed
	RTTVar      time.Duration
	Retransmits int    // segments sent again
	StatePath   string // the states passed, with ">" between them
}

// A TCPInformer is a connection that knows how its TCP fares. Connections that
// DialContext returns may implement it.
type TCPInformer interface {
	// TCPInfo returns the state of things now. It must not block for long,
	// and is also called after Close.
	TCPInfo() TCPInfo
}

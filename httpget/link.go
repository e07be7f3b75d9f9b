package httpget

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// One connection: TCP, perhaps TLS, the tap, and net/http on top.

// maxHeader bounds the header of one answer, in bytes. Browsers and curl give
// up at 256 to 300 KiB; servers rarely send 8.
const maxHeader = 512 << 10

// readBuffer is how much net/http reads at once: enough that a bulk transfer
// does not spend its time in calls.
const readBuffer = 64 << 10

// A link is one open connection to a server.
type link struct {
	key    string // what it can be used for again
	serial int
	raw    net.Conn // as the dialer returned it
	end    *parting // between raw and TLS
	tap    *tap
	h2     bool
	tls    *tls.ConnectionState // nil without TLS
	verify error                // why the server's chain did not verify
	http   *http.ClientConn
}

// newLink hands an open connection, in the clear, to net/http. The protocol
// has been agreed on already: h2 says which.
func newLink(ctx context.Context, t *target, conn net.Conn, h2 bool) (*link, error) {
	l := &link{tap: newTap(conn, h2), h2: h2}
	given := func(context.Context, string, string) (net.Conn, error) { return l.tap, nil }
	// net/http reads the protocol off a *tls.Conn, and a tap is none: so it is
	// told to speak this one and no other. "Unencrypted" only means that
	// net/http itself sees no TLS.
	var protocols http.Protocols
	protocols.SetHTTP1(!h2)
	protocols.SetUnencryptedHTTP2(h2)
	transport := &http.Transport{
		DialContext:            given,
		DialTLSContext:         given,
		Protocols:              &protocols,
		DisableCompression:     true,
		ExpectContinueTimeout:  time.Second, // curl's
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         readBuffer,
	}
	var err error
	l.http, err = transport.NewClientConn(ctx, t.scheme, t.address())
	return l, err
}

// usable reports whether the connection can take another request.
func (l *link) usable() bool { return l.http.Err() == nil && l.http.Available() > 0 }

// close ends the connection. An error would tell nobody anything: all that mattered was read before.
func (l *link) close() { _ = l.http.Close() }

// part ends the connection after its work was done. Over TLS it waits for the server's farewell.
func (l *link) part() {
	l.end.polite.Store(true)
	l.close()
}

// tcpInfo returns how TCP fared, as far as the connection knows.
func (l *link) tcpInfo() TCPInfo {
	if i, ok := l.raw.(TCPInformer); ok {
		return i.TCPInfo()
	}
	return TCPInfo{}
}

// addrPort returns a as a value, or none if it is no address of TCP.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

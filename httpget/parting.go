package httpget

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// The end of a TLS connection. Our close_notify is answered by the server's, and in HTTP/2 by a GOAWAY. A
// connection that was closed at once meets them with a RST (RFC 9293 §3.6.1, SHLD-3), which servers log as a failure.
// So we close our half first and hear the server out.

const (
	// partingPatience bounds the wait: a round trip on almost any path.
	partingPatience = 500 * time.Millisecond
	// partingWords bounds what is read: a close_notify has 24 bytes, a GOAWAY a few more.
	partingWords = 64 << 10
)

// A parting is the connection below TLS.
type parting struct {
	net.Conn
	polite atomic.Bool // Close may wait for the server's last words
}

// Close closes the connection. A polite one sends FIN, waits for the server's and throws away what comes before it.
func (p *parting) Close() error {
	half, ok := p.Conn.(interface{ CloseWrite() error })
	if ok && p.polite.Load() && half.CloseWrite() == nil && p.SetReadDeadline(time.Now().Add(partingPatience)) == nil {
		_, _ = io.CopyN(io.Discard, p.Conn, partingWords) // whatever the end, the connection is closed now
	}
	return p.Conn.Close()
}

package stack

import (
	"crypto/sha256"
	"net"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP Fast Open for a host (RFC 7413): one memory of servers' cookies, one set of keys for our own, and the switches,
// which are off unless somebody turns them on: Dialer.FastOpen and Listener.SetFastOpen.

// fastOpenPause is the first pause after the network has swallowed fast opens: as in Linux, where it is switched on.
const fastOpenPause = time.Hour

// fastOpenKey makes the key of a host without one of its own.
func fastOpenKey(seed []byte) tcp.FastOpenKey {
	sum := sha256.Sum256(append([]byte("fast open "), seed...))
	return tcp.FastOpenKey(sum[:])
}

// FastOpenCache returns what the host knows of servers, for tcp.FastOpen.
func (h *Host) FastOpenCache() *tcp.FastOpenCache { return &h.fastCache }

// FastOpenKeys returns the keys of cookies that we give out.
func (h *Host) FastOpenKeys() tcp.FastOpenKeys { return h.fastKeys }

// SetFastOpenKeys changes them, for all listeners that have none of their own.
func (h *Host) SetFastOpenKeys(k tcp.FastOpenKeys) { h.fastKeys = k }

// SetFastOpen says how the listener takes fast opens from now on. Without keys in f those of the host count.
func (l *ListenSocket) SetFastOpen(f tcp.FastOpenListen) {
	if f.Keys == nil {
		f.Keys = &l.host.fastKeys
	}
	l.machine.SetFastOpen(f)
}

// FastOpenPending returns how many of the places for fast opens are taken.
func (l *ListenSocket) FastOpenPending() int { return l.machine.FastOpenPending() }

// served follows a connection that was opened fast until its handshake is over, accepted or not.
func (s *Socket) served(now ip.Time) {
	if s.fastFrom != nil && s.fastFrom.machine.Served(now, s.conn) {
		s.fastFrom = nil
	}
}

// SetFastOpen lets the listener take TCP Fast Opens (RFC 7413), up to queue of them at a time in the
// handshake; with 0, the default, it takes none. A client that has been here before then sends its first bytes with the SYN,
// and Accept returns the connection at once, a round trip earlier.
//
// When the network duplicates a SYN late, its bytes may be read by two connections (RFC 7413 §2.1). Only
// switch it on where a request that comes twice does no harm, or above TLS, which finds out.
func (l *Listener) SetFastOpen(queue int) error {
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.isClosed {
		return l.opError("set", net.ErrClosed)
	}
	l.sock.SetFastOpen(tcp.FastOpenListen{Queue: max(queue, 0)})
	return nil
}

// SetFastOpenKeys changes the keys that cookies are made with (RFC 7413 §4.1.2). Servers behind one
// address need the same ones; tcp.FastOpenKeys.Rotate keeps the cookies of the present key good for a time.
func (n *Net) SetFastOpenKeys(k tcp.FastOpenKeys) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.host.SetFastOpenKeys(k)
}

// FastOpenKeys returns the keys that cookies are made with.
func (n *Net) FastOpenKeys() tcp.FastOpenKeys {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.host.FastOpenKeys()
}

// prepareFast prepares a connection of a Dialer with FastOpen.
func (n *Net) prepareFast(c *tcp.Conn) {
	c.SetFastOpen(tcp.FastOpen{Cache: n.host.FastOpenCache(), Defer: true, Deliver: true})
}

// isDeferred reports whether the SYN waits for the first Write.
func (c *Conn) isDeferred() bool {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return c.sock.conn.SynHeld()
}

// openNow lets the SYN go without text: the reader would wait for ever. The caller holds Net.mu.
func (c *Conn) openNow(now ip.Time) {
	if c.sock.conn.SynHeld() {
		c.sock.conn.SendSyn()
		c.sock.Touch(now)
		c.net.pumpOut(now)
	}
}

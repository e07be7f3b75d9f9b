package tcp

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Passive open at scale, RFC 9293 §3.10.7.2: a Listener stays in LISTEN and gives
// every SYN a connection of its own.

// A Listener holds the two queues of a listening port: connections in the handshake, and
// those established that the application has not accepted. Like a Conn it is not safe for concurrent use.
type Listener struct {
	// Prepare, when set, is given each new connection before its SYN: options of the listener
	// that its children inherit.
	Prepare func(*Conn)

	cfg     *Config
	backlog int
	half    map[*Conn]struct{}
	ready   []*Conn
	fast    fastListener
	closed  bool
}

// NewListener returns a listener that takes no SYN while either queue holds backlog connections (at least 1). What
// is in the handshake then still gets into the accept queue, which so holds fewer than twice as many.
func NewListener(cfg *Config, backlog int) *Listener {
	return &Listener{cfg: cfg, backlog: max(backlog, 1), half: make(map[*Conn]struct{})}
}

// Arrive takes a segment for the listening port that belongs to no connection. A SYN returns a child,
// already in SYN-RECEIVED, which the host must drive from then on; it reports each of the
// child's inputs with Update. Otherwise the segment is dropped for the returned reason, and
// a segment with ip.DropBadHandshake that has ACK is to be answered with ReplyReset.
// The segment's buffer is freed in every case.
func (l *Listener) Arrive(now ip.Time, local, remote netip.AddrPort, mtu int, seg *Segment) (*Conn, ip.Drop) {
	defer seg.free()
	switch {
	case seg.Flags.Has(RST):
		return nil, ip.DropReset
	case seg.Flags.Has(ACK), seg.Flags&(SYN|FIN) != SYN: // a FIN with the SYN makes no sense: Linux drops it, too
		return nil, ip.DropBadHandshake
	case l.closed || len(l.half) >= l.backlog || len(l.ready) >= l.backlog:
		return nil, ip.DropBacklog
	}
	c := New(l.cfg, local, remote, mtu)
	if l.Prepare != nil {
		l.Prepare(c)
	}
	c.OpenPassive(now)
	l.takeFast(now, c, seg)
	l.half[c] = struct{}{}
	c.Arrive(now, seg)
	return c, ip.NoDrop
}

// SetConfig changes what the connections of later SYNs have in common. cfg comes from Prepare.
func (l *Listener) SetConfig(cfg *Config) { l.cfg = cfg }

// Update moves a child on after an input: to the accept queue when its handshake is
// done, or out when it failed. It reports whether the accept queue grew.
func (l *Listener) Update(c *Conn) bool {
	if _, ok := l.half[c]; !ok {
		return false
	}
	switch {
	case c.State() == SynReceived && !c.early():
		return false
	case (c.State() == Closed || c.State() == Listen) && !c.early():
		delete(l.half, c)
		return false
	}
	delete(l.half, c)
	l.ready = append(l.ready, c)
	return true
}

// Accept takes the oldest connection from the accept queue, nil when there is none.
func (l *Listener) Accept() *Conn {
	if len(l.ready) == 0 {
		return nil
	}
	c := l.ready[0]
	l.ready[0] = nil
	l.ready = l.ready[1:]
	if c.early() {
		c.fast.accepted = true
	}
	return c
}

// Pending returns the lengths of the two queues: in the handshake, and ready to be accepted.
func (l *Listener) Pending() (half, ready int) { return len(l.half), len(l.ready) }

// Close ends the listener and resets what nobody has accepted. It returns those
// connections, which have a RST to send: those in the handshake by their remote address, then the others
// by age, so that a replay gives the same order.
func (l *Listener) Close(now ip.Time) []*Conn {
	l.closed = true
	all := slices.SortedFunc(maps.Keys(l.half), func(a, b *Conn) int { return a.remote.Compare(b.remote) })
	all = append(all, l.ready...)
	for _, c := range all {
		c.Abort(now)
	}
	clear(l.half)
	clear(l.fast.pending)
	l.ready = nil
	return all
}

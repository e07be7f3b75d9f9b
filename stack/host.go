package stack

import (
	"io"
	"math/rand/v2"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The host: one machine out of IP, ICMP, UDP and TCP.

// A Host is an Internet host. It does no I/O, starts no goroutine, takes no lock and
// reads no clock; it is not safe for concurrent use, and neither are its sockets.
//
// Inputs are Arrive, Advance and the calls on its sockets. After any of them, call Next until it returns
// false, then wait for the next input or until Deadline, when Advance is due.
// Nothing that arrives causes an error or a panic: what is dropped is counted, by its reason.
type Host struct {
	cfg    Config
	addrs  addresses
	tcp    *tcp.Config
	secret *tcp.Secret
	random *rand.Rand

	demux     demux
	ports     portChooser
	timers    timerHeap
	ready     fifo[sender]
	replies   outbox
	fragments *ip.Reassembler
	paths     pathMTUs
	errors    ip.RateLimit // ICMP errors that we send
	fastCache tcp.FastOpenCache
	fastKeys  tcp.FastOpenKeys

	stats Stats

	// Used again and again, so that the steady path allocates nothing.
	out     tcp.Output
	seg     tcp.Segment
	scratch [60]byte // a TCP header
}

// The rate of ICMP errors that a host sends, in all: Linux's net.ipv4.icmp_msgs_per_sec
// and icmp_msgs_burst (RFC 1812 §4.3.2.8, RFC 4443 §2.4(f)).
const (
	icmpErrorRate  = 1000
	icmpErrorBurst = 50
)

// NewHost returns a host. It panics when cfg.Rand fails: without chance there is no safe host.
func NewHost(cfg Config) *Host {
	cfg = cfg.withDefaults()
	var seed [64]byte
	if _, err := io.ReadFull(cfg.Rand, seed[:]); err != nil {
		panic("BUG: no randomness for a host: " + err.Error())
	}
	h := &Host{
		cfg:       cfg,
		addrs:     newAddresses(cfg.Addrs),
		secret:    tcp.NewSecret([32]byte(seed[:32])),
		random:    rand.New(rand.NewChaCha8([32]byte(seed[32:]))),
		demux:     newDemux(),
		fragments: ip.NewReassembler(ip.Limits{}),
		errors:    ip.NewRateLimit(icmpErrorRate, icmpErrorBurst),
	}
	h.replies.host = h
	h.fastCache.Pause = fastOpenPause
	if h.fastKeys = cfg.FastOpenKeys; len(h.fastKeys.Keys()) == 0 {
		h.fastKeys = tcp.NewFastOpenKeys(fastOpenKey(seed[:]))
	}
	if cfg.TCP.ISN == nil {
		cfg.TCP.ISN = h.secret.ISN
	}
	if cfg.TCP.TSOffset == nil {
		cfg.TCP.TSOffset = h.secret.TSOffset
	}
	if cfg.TCP.Random == nil {
		cfg.TCP.Random = h.random.Uint64
	}
	h.tcp = tcp.Prepare(cfg.TCP)
	return h
}

// TCP returns what later connections have in common, with all defaults filled in.
func (h *Host) TCP() tcp.Config { return *h.tcp }

// Reconfigure changes what later connections have in common, those of open listeners included. Zero values in
// the changed Config mean the defaults again.
func (h *Host) Reconfigure(change func(*tcp.Config)) {
	cfg := *h.tcp
	change(&cfg)
	h.tcp = tcp.Prepare(cfg)
	for _, list := range h.demux.listeners {
		for _, l := range list {
			l.machine.SetConfig(h.tcp)
		}
	}
}

// Addrs returns the host's own addresses with their prefixes.
func (h *Host) Addrs() []netip.Prefix { return append([]netip.Prefix(nil), h.addrs.prefixes...) }

// Advance runs what is due by now. It may be called early or late.
func (h *Host) Advance(now ip.Time) {
	for s := h.timers.expired(now); s != nil; s = h.timers.expired(now) {
		s.conn.Advance(now)
		h.touched(now, s)
		if at := s.conn.Deadline(); !at.IsZero() && !now.Before(at) {
			// Only sending moves this deadline, and that is the business of Next.
			h.timers.remove(s)
		}
	}
	h.fragments.Advance(now)
	h.lostFragments(now)
}

// Deadline returns when Advance must be called at the latest; zero means there is nothing to wait for.
func (h *Host) Deadline() ip.Time {
	return ip.Earliest(h.timers.next(), h.fragments.Deadline())
}

// touched follows every input to a connection: it may have something to send, and its deadline may have moved.
func (h *Host) touched(now ip.Time, s *Socket) {
	if s.gone {
		return
	}
	h.enqueue(s)
	h.timers.schedule(s)
	s.announce(now)
}

// settle follows the last segment that a connection had to send. A dead one is forgotten.
func (h *Host) settle(now ip.Time, s *Socket) {
	s.announce(now)
	if s.conn.Dead() {
		h.forget(s)
		return
	}
	h.timers.schedule(s)
}

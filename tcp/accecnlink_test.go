package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Accurate ECN over a link that marks, in virtual time: what a sender is told equals what the link did, although ACKs get
// lost and packets overtake each other.

// A marker is a world whose link marks text that can be marked, with a probability, and remembers it.
type marker struct {
	*world
	share   float64
	packets int     // that were marked
	bytes   int     // of text in them
	capable int     // packets that could be
	lossy   float64 // share of ACKs that get lost
}

// newMarker joins two ends that agree on Accurate ECN, or on what the configuration says.
func newMarker(t *testing.T, seed uint64, l link, cfg tcp.Config) *marker {
	if cfg.ECN == tcp.ECNAccept {
		cfg.ECN = tcp.ECNAccurate
	}
	cfg.MTUProbing = tcp.MTUProbingOff // lost ACKs look like a black hole, and segments of many sizes are counted less exactly
	m := &marker{world: newWorld(t, seed, l, cfg)}
	m.tos = m.mark
	m.filter = func(from int, out *tcp.Output) bool {
		return from == 0 || out.Flags.Has(S) || m.rng.Float64() >= m.lossy
	}
	m.open()
	for m.conns[0].State() != tcp.Established || m.conns[1].State() != tcp.Established {
		m.step()
	}
	return m
}

// mark is what the link makes of the ECN bits of a packet.
func (m *marker) mark(from int, out *tcp.Output) uint8 {
	if out.TOS&3 == 0 {
		return out.TOS
	}
	m.capable++
	if m.rng.Float64() >= m.share {
		return out.TOS
	}
	m.packets++
	m.bytes += out.Len
	return out.TOS | 3
}

// run sends text from A to B until all of it is acknowledged.
func (m *marker) run(n int) {
	m.t.Helper()
	buf := make([]byte, 1<<16)
	for steps := 0; n > 0 || m.conns[0].Info().Unacked > 0; steps++ {
		n -= m.conns[0].Send(m.now, buf[:min(n, len(buf))])
		for m.conns[1].Receive(m.now, buf) > 0 {
		}
		m.drain()
		if steps > 500_000 || !m.step() {
			m.t.Fatal("the transfer stands still")
		}
	}
}

func TestAccECNOverAMarkingLink(t *testing.T) {
	const rtt = 20 * time.Millisecond
	for _, test := range []struct {
		name   string
		link   link
		share  float64
		lossy  float64
		change func(*tcp.Config)
		exact  bool // else the sender may think of more packets, to be safe
	}{
		{"clean", link{delay: rtt / 2}, 0.05, 0, nil, true},
		{"ACKs lost", link{delay: rtt / 2}, 0.05, 0.3, nil, true},
		{"half of the ACKs lost", link{delay: rtt / 2}, 0.2, 0.5, nil, true},
		{"reordering", link{delay: rtt / 2, reorder: 0.1, late: rtt / 4}, 0.05, 0, nil, true},
		{"both", link{delay: rtt / 2, reorder: 0.1, late: rtt / 4}, 0.1, 0.3, nil, true},
		{"both, without timestamps", link{delay: rtt / 2, reorder: 0.1, late: rtt / 4}, 0.1, 0.3, func(c *tcp.Config) { c.NoTimestamps = true }, true},
		{"both, without SACK", link{delay: rtt / 2, reorder: 0.05, late: rtt / 4}, 0.05, 0.2, func(c *tcp.Config) { c.NoSACK = true }, true},
		{"without options", link{delay: rtt / 2}, 0.05, 0, func(c *tcp.Config) { c.NoAccECNOption = true }, false},
		{"without options, ACKs lost", link{delay: rtt / 2}, 0.05, 0.3, func(c *tcp.Config) { c.NoAccECNOption = true }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(10) {
				var cfg tcp.Config
				if test.change != nil {
					test.change(&cfg)
				}
				m := newMarker(t, seed, test.link, cfg)
				m.share, m.lossy = test.share, test.lossy
				m.run(2_000_000)
				m.share, m.lossy = 0, 0
				m.run(20_000) // what the last ACKs have told
				told, got := m.conns[0].Info().Told, m.conns[1].Info().Received
				// What was sent again for nothing and then overtook the original makes that a duplicate, which does not count.
				all := int(got.Packets) == m.packets && int(got.CE) == m.bytes
				if got.Packets == 0 || !all && (test.link.reorder == 0 || int(got.Packets) > m.packets) {
					t.Fatalf("seed %d: the receiver counts %d packets, %d bytes; %d, %d were marked", seed, got.Packets, got.CE, m.packets, m.bytes)
				}
				if told.Packets != got.Packets && test.exact || told.Packets < got.Packets {
					t.Errorf("seed %d: the sender is told of %d packets; %d were marked of %d", seed, told.Packets, m.packets, m.capable)
				}
				if !cfg.NoAccECNOption && test.exact && told != got {
					t.Errorf("seed %d: the sender is told %+v, want %+v", seed, told, got)
				}
				if f := m.conns[0].Info().AccECNFail; f != 0 {
					t.Errorf("seed %d: fail bits %d", seed, f)
				}
			}
		})
	}
}

// The bytes that congestion control hears of are, in the end, those that were marked.
func TestAccECNMarkedBytesAddUp(t *testing.T) {
	for seed := range uint64(5) {
		sum := 0
		m := newMarker(t, seed, link{delay: 10 * time.Millisecond}, tcp.Config{
			Congestion: func(*tcp.Config) tcp.Congestion { return &adder{sum: &sum} },
		})
		m.share = 0.1
		m.run(1_000_000)
		m.share = 0
		m.run(1_000_000)
		if sum != m.bytes || sum == 0 {
			t.Errorf("seed %d: congestion control has heard of %d bytes, %d were marked", seed, sum, m.bytes)
		}
	}
}

// An adder adds up the marks that it hears of, and has its window full at all times.
type adder struct {
	tcp.Reno
	sum *int
}

func (a *adder) Acked(_ ip.Time, w *tcp.CongestionWindow, s tcp.AckSample) { *a.sum += s.Marked }

// Loss leaves the window as it is.
func (a *adder) Loss(_ ip.Time, w *tcp.CongestionWindow, _ int) { w.Ssthresh = w.Cwnd }

// The response is that of RFC 3168, once a round trip, so that both kinds of ECN share a link alike.
func TestAccECNSlowsDownAsClassicECN(t *testing.T) {
	var reductions [2]int
	for i, mode := range []tcp.ECN{tcp.ECNOffer, tcp.ECNAccurate} {
		m := newMarker(t, 1, link{delay: 10 * time.Millisecond}, tcp.Config{
			ECN: mode, Congestion: func(*tcp.Config) tcp.Congestion { return &lossCounter{n: &reductions[i]} },
		})
		m.share = 0.02
		m.run(2_000_000)
		if got := m.conns[0].Info().AccECN; got != (mode == tcp.ECNAccurate) {
			t.Fatalf("mode %v: Accurate ECN: %v", mode, got)
		}
	}
	if c, a := reductions[0], reductions[1]; c == 0 || a < c*2/3 || a > c*3/2 {
		t.Errorf("%d reductions with RFC 3168, %d with Accurate ECN", c, a)
	}
}

// A lossCounter counts reductions.
type lossCounter struct {
	tcp.Reno
	n *int
}

func (l *lossCounter) Loss(now ip.Time, w *tcp.CongestionWindow, flight int) {
	*l.n++
	l.Reno.Loss(now, w, flight)
}

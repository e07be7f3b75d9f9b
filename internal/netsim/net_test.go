package netsim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// must fails the test when a rule is broken.
func must(t *testing.T, n *Net, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v, at %s", err, n.Elapsed())
	}
}

// both is a link that does the same in both directions.
func both(f impair.Fault) Link { return Link{There: f, Back: f} }

// port returns the first address of a host with a port.
func port(h *Host, p uint16) netip.AddrPort { return netip.AddrPortFrom(h.Addr(), p) }

// pair returns two hosts with a link between them.
func pair(seed uint64, l Link, cfg tcp.Config) (n *Net, a, b *Host) {
	n = New(seed)
	a, b = n.AddHost("A", stack.Config{TCP: cfg}), n.AddHost("B", stack.Config{TCP: cfg})
	n.Join(a, b, l)
	return n, a, b
}

func TestTransferOverEveryFault(t *testing.T) {
	links := map[string]impair.Fault{
		"clean":     {Delay: 10 * time.Millisecond},
		"loss":      {Delay: 10 * time.Millisecond, Loss: 0.05},
		"bursts":    {Delay: 10 * time.Millisecond, Loss: 0.05, Burst: 3},
		"reorder":   {Delay: 10 * time.Millisecond, Reorder: 0.1},
		"duplicate": {Delay: 10 * time.Millisecond, Duplicate: 0.2},
		"corrupt":   {Delay: 10 * time.Millisecond, Corrupt: 0.02},
		"slow":      {Delay: 10 * time.Millisecond, Rate: 1e6, Queue: 20, AQM: impair.CoDel},
	}
	for name, f := range links {
		t.Run(name, func(t *testing.T) {
			n, a, b := pair(1, both(f), tcp.Config{ECN: tcp.ECNOffer})
			server := Serve(b, 80, Script{Send: 50_000})
			client := Dial(a, port(b, 80), Script{Send: 300_000})
			must(t, n, n.Run(10*time.Minute))
			if len(server.Agents) != 1 || server.Agents[0].Got != 300_000 || client.Got != 50_000 {
				t.Fatalf("got %d agents, the client read %d bytes", len(server.Agents), client.Got)
			}
			must(t, n, n.CheckEmpty())
		})
	}
}

func TestSameSeedSameRun(t *testing.T) {
	digest := func(seed uint64) uint64 {
		n, a, b := pair(seed, both(impair.Fault{Delay: 10 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.03}), tcp.Config{})
		Serve(b, 80, Script{})
		Dial(a, port(b, 80), Script{Send: 100_000})
		must(t, n, n.Run(time.Minute))
		return n.Digest()
	}
	if one, two, other := digest(1), digest(1), digest(2); one != two || one == other {
		t.Errorf("digests of seeds 1, 1 and 2: %x, %x, %x", one, two, other)
	}
}

// dumbbell returns pairs of hosts whose packets share one lane, in the middle.
func dumbbell(seed uint64, pairs int, middle Link, cfg func(i int) tcp.Config) (n *Net, left, right []*Host, there *Lane) {
	n = New(seed)
	r, s := n.AddRouter(), n.AddRouter()
	there, _ = n.Join(r, s, middle)
	for i := range pairs {
		a, b := n.AddHost("A", stack.Config{TCP: cfg(i)}), n.AddHost("B", stack.Config{TCP: cfg(i)})
		n.Join(a, r, both(impair.Fault{Delay: time.Millisecond}))
		n.Join(s, b, both(impair.Fault{Delay: time.Millisecond}))
		left, right = append(left, a), append(right, b)
	}
	return n, left, right, there
}

func TestDumbbellSharesItsQueue(t *testing.T) {
	f := impair.Fault{Delay: 5 * time.Millisecond, Rate: 10e6, Queue: 50}
	n, left, right, there := dumbbell(1, 3, both(f), func(int) tcp.Config { return tcp.Config{} })
	for i := range left {
		Serve(right[i], 80, Script{})
		Dial(left[i], port(right[i], 80), Script{Send: 1 << 20})
	}
	var last ip.Time
	n.Trace = func(e *tcp.Event) {
		if e.Kind == tcp.EventArrive && e.Len > 0 {
			last = e.Time
		}
	}
	must(t, n, n.Run(5*time.Minute))
	must(t, n, n.CheckEmpty())
	if there.Stats().Full == 0 {
		t.Error("the shared queue was never full")
	}
	least := time.Duration(3 << 23 * 100) // ns: 3 MiB at 10 Mbit/s
	if took := last.Sub(start); took < least || took > 2*least {
		t.Errorf("it took %s, want a little more than %s", took, least)
	}
}

func TestTooLongPackets(t *testing.T) {
	for _, six := range []bool{false, true} {
		n, a, b := pair(1, Link{MTU: 1300}, tcp.Config{})
		addr := b.Addr()
		if six {
			addr = b.Addr6()
		}
		v := Serve(b, 80, Script{})
		Dial(a, netip.AddrPortFrom(addr, 80), Script{Send: 100_000})
		must(t, n, n.Run(2*time.Minute))
		if len(v.Agents) != 1 || v.Agents[0].Got != 100_000 {
			t.Errorf("IPv6 %v: not everything arrived over a path of 1300 bytes", six)
		}
		must(t, n, n.CheckEmpty())
	}
}

func TestOutage(t *testing.T) {
	n, a, b := pair(1, both(impair.Fault{Delay: 5 * time.Millisecond, Rate: 1e6, Queue: 10}), tcp.Config{})
	lane := a.out
	Serve(b, 80, Script{})
	c := Dial(a, port(b, 80), Script{Send: 200_000})
	n.After(300*time.Millisecond, func() { lane.Down = true })
	n.After(5*time.Second, func() { lane.Down = false })
	must(t, n, n.Run(4*time.Second))
	got := c.Socket.Conn().Info().Stats.BytesAcked
	must(t, n, n.Run(3*time.Minute))
	if got > 60_000 || lane.Lost == 0 || c.Socket.Conn().Cause() != tcp.CauseDone && c.Socket.Conn().Cause() != tcp.CauseNone {
		t.Errorf("%d bytes before the outage was over, %d packets lost in it, ended by %q", got, lane.Lost, c.Socket.Conn().Cause())
	}
	must(t, n, n.CheckEmpty())
}

package stack

import (
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Scenarios T1 and T21: a busy host and a slow device are no losses. docs/scenarios.md lists all.

// The time at which the device handed a packet over counts for round trips, whenever the host gets round to it.
func TestScenario01HostTakesArrivalTimes(t *testing.T) {
	a, b, client, _ := joined(t)
	client.Conn().SetNoDelay(true)
	client.Conn().Send(b.now, []byte("x"))
	client.Touch(b.now)
	for _, p := range b.take() {
		a.give(p)
	}
	a.now = a.now.Add(time.Second)
	a.host.Advance(a.now) // a delayed ACK
	ack := a.take()
	if len(ack) != 1 {
		t.Fatalf("got %d packets, want an ACK", len(ack))
	}
	arrived := b.now.Add(30 * time.Millisecond)
	b.now = b.now.Add(80 * time.Millisecond)
	b.host.Arrive(b.now, &ip.Buffer{Data: ack[0], At: arrived})
	if got := client.Conn().Info().LastRTT; got != 30*time.Millisecond {
		t.Errorf("got a round trip of %v, want 30ms", got)
	}
}

// A timer that has run out while the reader stands at the lock with packets must wait for them.
func TestScenario01TimersWaitForWhatHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, peer := tun.NewPipe(1500)
		n := newNet(t, dev, Config{Addrs: addrsA})
		done := make(chan error)
		go func() { done <- second(n.Dial("tcp", "10.0.0.2:80")) }()
		syn := readSegment(t, peer)
		n.arriving.Store(true) // as the reader does before it takes the lock
		time.Sleep(1500 * time.Millisecond)
		if got := n.Stats().RetransSegs; got != 0 {
			t.Errorf("the SYN was sent again %d times, before the host saw what has arrived", got)
		}
		h := tcp.Header{Seq: 1, Ack: syn.Seq + 1, Flags: tcp.SYN | tcp.ACK, Wnd: 1000}
		sendSegment(peer, portOf(&syn), h, "")
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := n.Stats().RetransSegs; got != 0 {
			t.Errorf("%d segments were sent again", got)
		}
	})
}

// And with packets coming all the time, timers still have their turn.
func TestScenario01ReaderRunsTheTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, peer := tun.NewPipe(1500)
		n := newNet(t, dev, Config{Addrs: addrsA})
		go n.Dial("tcp", "10.0.0.2:80")
		readSegment(t, peer)
		n.arriving.Store(true)
		time.Sleep(1500 * time.Millisecond)
		n.mu.Lock()
		n.armed = 1 // the timer comes too late from now on
		n.mu.Unlock()
		sendSegment(peer, "10.0.0.1:9", tcp.Header{Flags: tcp.RST}, "") // anything
		synctest.Wait()
		if got := n.Stats().RetransSegs; got != 1 {
			t.Errorf("the SYN was sent again %d times, want once", got)
		}
	})
}

// A gate is a device that can be shut: it has no room then.
type gate struct {
	ip.Device
	mu   sync.Mutex
	cond sync.Cond
	shut bool
}

func newGate(dev ip.Device) *gate {
	g := &gate{Device: dev}
	g.cond.L = &g.mu
	return g
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	g.cond.Broadcast()
}

func (g *gate) Write(pkts []*ip.Packet) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return 0, nil
	}
	return g.Device.Write(pkts)
}

func (g *gate) WaitWritable() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut {
		g.cond.Wait()
	}
	return g.Device.WaitWritable()
}

// Other stacks have dropped at a full device queue, and read it as a loss (denoland/clawpatrol#140). A device that takes
// nothing for a while, in the middle of a transfer and at its end, causes no retransmission.
func TestScenario21DeviceThatRefuses(t *testing.T) {
	for _, pause := range []time.Duration{100 * time.Millisecond, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			da, db := tun.NewPipe(1500)
			dev := newGate(da)
			a, b := newNet(t, dev, Config{Addrs: addrsA}), newNet(t, db, Config{Addrs: addrsB})
			c1, c2 := conns(t, a, b)
			go io.Copy(io.Discard, c2)
			for _, size := range []int{100, 3000, 1 << 20, 100_000} {
				if _, err := c1.Write(make([]byte, 1<<20)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				dev.set(true)
				go c1.Write(make([]byte, size))
				time.Sleep(pause)
				dev.set(false)
				time.Sleep(10 * time.Second)
			}
			if i := c1.Info(); i.Unacked != 0 || i.Stats.Retransmits != 0 || i.CA != tcp.CAOpen {
				t.Errorf("after pauses of %v: %d bytes unacknowledged, %d segments were sent again, in %v", pause, i.Unacked, i.Stats.Retransmits, i.CA)
			}
		})
	}
}

// Other stacks take what is written after Close (google/gvisor#10023); the conformance test of package net is
// TestConnConformsOverTCP.
func TestScenario21WriteAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		for name, end := range map[string]func(*Conn) error{"Close": (*Conn).Close, "CloseWrite": (*Conn).CloseWrite} {
			c1, c2 := conns(t, a, b)
			go io.Copy(io.Discard, c2)
			if err := end(c1); err != nil {
				t.Fatal(err)
			}
			if n, err := c1.Write([]byte("x")); n != 0 || err == nil {
				t.Errorf("after %s: wrote %d bytes, error %v", name, n, err)
			}
		}
	})
}

package stack

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Scenarios about ending what is under way, with goroutines: T18, T20, T22. docs/scenarios.md lists all.

// Other stacks panic when an abort meets a writer or a late ACK (google/gvisor, commits ca345ca5a, c6c3c2d98). Here every
// connection is written to, read from and ended at once, from many goroutines; make race looks on.
func TestScenario18AbortWhileWriting(t *testing.T) {
	a, b := newPair(t, Config{})
	ln, err := b.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { endAtOnce(c.(*Conn)) })
		}
	})
	for range 20 {
		var round sync.WaitGroup
		for range 20 {
			round.Go(func() {
				if c, err := a.Dial("tcp", "10.0.0.2:80"); err == nil {
					endAtOnce(c.(*Conn))
				}
			})
		}
		round.Wait()
	}
	ln.Close()
	wg.Wait()
	for _, n := range []*Net{a, b} {
		n.mu.Lock()
		for _, s := range n.host.demux.conns {
			if st := s.conn.State(); st == tcp.Established || st == tcp.SynReceived {
				t.Errorf("a connection is left in %v", st)
			}
		}
		if used := n.host.tcp.Memory.Used(); used > 0 && len(n.host.demux.conns) == 0 {
			t.Errorf("%d bytes of send buffer are in use, and no connection is left", used)
		}
		n.mu.Unlock()
	}
}

// endAtOnce writes, reads and ends a connection at the same time, in one way or another.
func endAtOnce(c *Conn) {
	how := rand.IntN(5)
	var wg sync.WaitGroup
	wg.Go(func() { c.Write(make([]byte, 100_000)) })
	wg.Go(func() { io.CopyN(io.Discard, c, 50_000) })
	wg.Go(func() {
		switch how {
		case 0:
			c.SetLinger(0)
		case 1:
			c.CloseRead()
		case 2:
			c.CloseWrite()
		case 3:
			c.SetDeadline(time.Unix(1, 0))
		}
		c.Close()
	})
	wg.Wait()
}

// Other stacks panic when a reset or an ICMP error meets a dial that is given up just then (google/gvisor#12567, google/gvisor#5922). The
// dial returns one of the errors that it may.
func TestScenario20ErrorsWhileADialEnds(t *testing.T) {
	kinds := []ip.ErrorKind{ip.NetUnreachable, ip.HostUnreachable, ip.ProtocolUnreachable, ip.PortUnreachable, ip.HopLimitExceeded, ip.TooBig}
	flags := []tcp.Flags{tcp.RST, tcp.RST | tcp.ACK, tcp.SYN, tcp.SYN | tcp.ACK, tcp.SYN | tcp.RST | tcp.ACK, tcp.FIN | tcp.ACK}
	for answer := range len(kinds) + len(flags) {
		for round := range 20 {
			synctest.Test(t, func(t *testing.T) {
				dev, peer := tun.NewPipe(1500)
				n := newNet(t, dev, Config{Addrs: addrsA})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() {
					c, err := n.DialContext(ctx, "tcp", "10.0.0.2:80")
					if err == nil {
						c.Close()
					}
					done <- err
				}()
				syn := readPacket(t, peer)
				var ends sync.WaitGroup
				ends.Go(func() {
					if answer < len(kinds) {
						peer.Write([]*ip.Packet{{Header: icmpAbout(t, syn, kinds[answer], 576)}})
						return
					}
					var h ip.Header
					var seg tcp.Segment
					ip.ParseHeader(syn, &h)
					tcp.ParseSegment(h.Payload(syn), h.Src, h.Dst, false, &seg)
					sendSegment(peer, portOf(&seg), tcp.Header{Seq: 1, Ack: seg.Seq + 1, Flags: flags[answer-len(kinds)], Wnd: 1000}, "")
				})
				switch round % 3 {
				case 0:
					ends.Go(cancel)
				case 1:
					ends.Go(func() { n.Close() })
				}
				ends.Wait()
				time.Sleep(time.Second) // for a SYN that goes again
				cancel()
				switch err := <-done; {
				case err == nil, errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
				case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH),
					errors.Is(err, syscall.ENOPROTOOPT):
				default:
					t.Errorf("answer %d: got error %v", answer, err)
				}
				n.Close()
			})
		}
	}
}

// A stepper is a device that does something once, when so many packets have passed.
type stepper struct {
	ip.Device
	left atomic.Int32
	then atomic.Pointer[func()]
}

// at makes the packet number n from now on, either way, cause then; 0 is before all.
func (s *stepper) at(n int, then func()) {
	if n == 0 {
		then()
		return
	}
	s.then.Store(&then)
	s.left.Store(int32(n))
}

func (s *stepper) pass(n int) {
	for range n {
		if s.left.Add(-1) == 0 {
			go (*s.then.Load())()
		}
	}
}

func (s *stepper) Read(bufs []*ip.Buffer) (int, error) {
	n, err := s.Device.Read(bufs)
	s.pass(n)
	return n, err
}

func (s *stepper) Write(pkts []*ip.Packet) (int, error) {
	n, err := s.Device.Write(pkts)
	s.pass(n)
	return n, err
}

// In other stacks Close waits for ever for a handshake that still writes to what Close has closed, and goroutines are left behind
// (WireGuard/wireguard-go#85, #134). Dials are given up at every packet, by their context, by the other end's listener, and by
// the end of the whole stack, ten thousand times (a thousand with -short).
func TestScenario22CloseAtEveryStepOfDial(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 1000
	}
	before := runtime.NumGoroutine()
	da, db := tun.NewPipe(1500)
	dev := &stepper{Device: da}
	a, b := newNet(t, dev, Config{Addrs: addrsA}), newNet(t, db, Config{Addrs: addrsB})
	for i := range rounds {
		step := i / 4 % 6
		switch i % 4 {
		case 0, 1:
			cancelDial(t, a, b, dev, step)
		case 2:
			closeListenerInDial(t, a, b, dev, step)
		default:
			closeStackInDial(t, step)
		}
	}
	for _, n := range []*Net{a, b} {
		n.mu.Lock()
		for _, s := range n.host.demux.conns {
			if st := s.conn.State(); st == tcp.SynSent || st == tcp.SynReceived || st == tcp.Established {
				t.Errorf("a connection is left in %v", st)
			}
		}
		if len(n.conns) > 0 {
			t.Errorf("%d connections have an owner", len(n.conns))
		}
		n.mu.Unlock()
		n.Close()
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines were left behind", n-before)
	}
}

// serve accepts and closes, until the listener is closed.
func serve(ln net.Listener) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.(*Conn).SetLinger(0)
			c.Close()
		}
	}()
	return done
}

// finish closes what a dial has made, if anything.
func finish(c net.Conn, err error) {
	if err == nil {
		c.(*Conn).SetLinger(0)
		c.Close()
	}
}

func cancelDial(t *testing.T, a, b *Net, dev *stepper, step int) {
	ln, err := b.Listen("tcp", "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	done := serve(ln)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dev.at(step, cancel)
	c, err := a.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("step %d: got error %v", step, err)
	}
	finish(c, err)
	ln.Close()
	<-done
}

func closeListenerInDial(t *testing.T, a, b *Net, dev *stepper, step int) {
	ln, err := b.Listen("tcp", "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	done := serve(ln)
	dev.at(step, func() { ln.Close() })
	finish(a.Dial("tcp", ln.Addr().String()))
	ln.Close()
	<-done
}

func closeStackInDial(t *testing.T, step int) {
	da, db := tun.NewPipe(1500)
	dev := &stepper{Device: da}
	a, errA := New(dev, Config{Addrs: addrsA})
	b, errB := New(db, Config{Addrs: addrsB})
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	ln, err := b.Listen("tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	done := serve(ln)
	dev.at(step, func() { a.Close() })
	finish(a.Dial("tcp", "10.0.0.2:80"))
	a.Close()
	b.Close()
	<-done
}

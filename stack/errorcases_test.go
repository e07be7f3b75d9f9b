package stack

import (
	"context"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tun"
)

// An errorCase makes an error. want takes the kernel's place where that does not do the same every time.
type errorCase struct {
	name string
	run  func(*testing.T, *world) error
	want error
}

var errorCases = slices.Concat(dialErrors, listenErrors, connErrors, udpErrors)

// dialTimeout is one of the two errors that package net gives when the time for a dial is over;
// which, depends on whether the context or the poller is faster.
var dialTimeout = &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 77), Port: 8000}, Err: timeoutError{}}

// dialErrors are those of dialing.
var dialErrors = []errorCase{
	{name: "dial, refused", run: func(t *testing.T, w *world) error {
		return second(w.dial("tcp", w.closedPort(t)))
	}},
	{name: "dial, refused, from an address", run: func(t *testing.T, w *world) error {
		return second(w.dialer(&net.TCPAddr{IP: net.ParseIP(w.host)}, 0)(context.Background(), "tcp", w.closedPort(t)))
	}},
	{name: "dial, timeout of the dialer", want: dialTimeout, run: func(t *testing.T, w *world) error {
		return second(w.dialer(nil, 10*time.Millisecond)(context.Background(), "tcp", w.blackhole))
	}},
	{name: "dial, timeout in the past", run: func(t *testing.T, w *world) error {
		return second(w.dialer(nil, -1)(context.Background(), "tcp", w.blackhole))
	}},
	{name: "dial, context cancelled before", run: func(t *testing.T, w *world) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return second(w.dialer(nil, 0)(ctx, "tcp", w.blackhole))
	}},
	{name: "dial, context cancelled meanwhile", run: func(t *testing.T, w *world) error {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Millisecond, cancel)
		return second(w.dialer(nil, 0)(ctx, "tcp", w.blackhole))
	}},
	{name: "dial, deadline of the context", want: dialTimeout, run: func(t *testing.T, w *world) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		return second(w.dialer(nil, 0)(ctx, "tcp", w.blackhole))
	}},
	{name: "dial, no address", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "")) }},
	{name: "dial, missing port", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "127.0.0.1")) }},
	{name: "dial, too many colons", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "::1:80")) }},
	{name: "dial, missing bracket", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "[::1:80")) }},
	{name: "dial, port too large", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "127.0.0.1:70000")) }},
	{name: "dial, unknown service", run: func(t *testing.T, w *world) error {
		return second(w.dial("tcp", "127.0.0.1:no-such-service"))
	}},
	{name: "dial, unknown network", run: func(t *testing.T, w *world) error { return second(w.dial("tcp5", "127.0.0.1:80")) }},
	{name: "dial, unknown network and no address", run: func(t *testing.T, w *world) error { return second(w.dial("", "")) }},
	{name: "dial, IPv6 over tcp4", run: func(t *testing.T, w *world) error { return second(w.dial("tcp4", "[2001:db8::1]:80")) }},
	{name: "dial, IPv4 over udp6", run: func(t *testing.T, w *world) error { return second(w.dial("udp6", "192.0.2.1:80")) }},
	{name: "dial, from a foreign address", run: func(t *testing.T, w *world) error {
		return second(w.dialer(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, 0)(context.Background(), "tcp", w.host+":80"))
	}},
	{name: "dial, from a UDP address", run: func(t *testing.T, w *world) error {
		return second(w.dialer(&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7}, 0)(context.Background(), "tcp", "192.0.2.1:80"))
	}},
	{name: "dial, from an address of the other family", run: func(t *testing.T, w *world) error {
		return second(w.dialer(&net.TCPAddr{IP: net.ParseIP("2001:db8::1")}, 0)(context.Background(), "tcp", "192.0.2.1:80"))
	}},
	{name: "dial, from a port that is listened on", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		return second(w.dialer(ln.Addr(), 0)(context.Background(), "tcp", w.blackhole))
	}},
	{name: "dial, from a port that is connected", run: func(t *testing.T, w *world) error {
		client, _ := w.pair(t)
		return second(w.dialer(client.LocalAddr(), 0)(context.Background(), "tcp", w.blackhole))
	}},
	{name: "dial, multicast", run: func(t *testing.T, w *world) error { return second(w.dial("tcp", "224.0.0.1:80")) }},
	{
		name: "dial, no answer to SYN",
		run: func(t *testing.T, w *world) error {
			if w.host != "127.0.0.1" {
				cfg := Config{Addrs: addrsA}
				cfg.TCP.SynRetries, cfg.TCP.InitialRTO = 1, time.Millisecond
				dev, _ := tun.NewPipe(1500)
				return second(newNet(t, dev, cfg).Dial("tcp", w.blackhole))
			}
			d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
				return c.Control(func(fd uintptr) { // 1 s: the kernel's first SYN timeout
					syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, 0x12, 1) // TCP_USER_TIMEOUT, ms
				})
			}}
			return second(d.Dial("tcp", w.blackhole))
		},
	},
}

// listenErrors are those of listening.
var listenErrors = []errorCase{
	{name: "listen, port taken", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		return second(w.listen("tcp", ln.Addr().String()))
	}},
	{name: "listen, port taken, on any address", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		return second(w.listen("tcp4", ":"+port))
	}},
	{name: "listen, port of a dialed connection", run: func(t *testing.T, w *world) error {
		client, _ := w.pair(t)
		return second(w.listen("tcp", client.LocalAddr().String()))
	}},
	{name: "listen, foreign address", run: func(t *testing.T, w *world) error { return second(w.listen("tcp", "192.0.2.1:80")) }},
	{name: "listen, missing port", run: func(t *testing.T, w *world) error { return second(w.listen("tcp", "127.0.0.1")) }},
	{name: "listen, unknown network", run: func(t *testing.T, w *world) error { return second(w.listen("tcp5", "127.0.0.1:80")) }},
	{name: "listen, UDP", run: func(t *testing.T, w *world) error { return second(w.listen("udp", "127.0.0.1:80")) }},
	{name: "listen for packets, TCP", run: func(t *testing.T, w *world) error { return second(w.listenPacket("tcp", "127.0.0.1:80")) }},
	{name: "listen for packets, port taken", run: func(t *testing.T, w *world) error {
		return second(w.listenPacket("udp", w.packets(t).LocalAddr().String()))
	}},
	{name: "accept after close", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		return second(ln.Accept())
	}},
	{name: "accept, closed meanwhile", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(10*time.Millisecond, func() { ln.Close() })
		return second(ln.Accept())
	}},
	{name: "accept, deadline", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(10 * time.Millisecond))
		return second(ln.Accept())
	}},
	{name: "close a listener twice", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		return ln.Close()
	}},
	{name: "deadline of a closed listener", run: func(t *testing.T, w *world) error {
		ln, err := w.listen("tcp", w.host+":0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		return ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now())
	}},
}

// udpErrors are those of UDP.
var udpErrors = []errorCase{
	{name: "UDP, write without a destination", run: func(t *testing.T, w *world) error {
		return second(w.packets(t).(net.Conn).Write([]byte("x")))
	}},
	{name: "UDP, destination on a connected socket", run: func(t *testing.T, w *world) error {
		c, err := w.dial("udp", w.packets(t).LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return second(c.(net.PacketConn).WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP(w.host), Port: 9}))
	}},
	{name: "UDP, destination of another kind", run: func(t *testing.T, w *world) error {
		return second(w.packets(t).WriteTo([]byte("x"), &net.TCPAddr{IP: net.ParseIP(w.host), Port: 9}))
	}},
	{name: "UDP, no destination", run: func(t *testing.T, w *world) error {
		return second(w.packets(t).WriteTo([]byte("x"), (*net.UDPAddr)(nil)))
	}},
	{name: "UDP, destination of the other family", run: func(t *testing.T, w *world) error {
		return second(w.packets(t).WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 9}))
	}},
	{name: "UDP, too long", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		return second(p.WriteTo(make([]byte, 65508), p.LocalAddr()))
	}},
	{name: "UDP, refused", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		c, err := w.dial("udp", p.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p.Close()
		c.Write([]byte("x"))
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "UDP, refused, while writing", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		c, err := w.dial("udp", p.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p.Close()
		c.Write([]byte("x"))
		return second(c.Write([]byte("x")))
	}},
	{name: "UDP, read, deadline", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.SetDeadline(time.Now().Add(10 * time.Millisecond))
		_, _, err := p.ReadFrom(make([]byte, 1))
		return err
	}},
	{name: "UDP, read, past deadline", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.WriteTo([]byte("x"), p.LocalAddr())
		p.SetDeadline(time.Unix(1, 0))
		_, _, err := p.ReadFrom(make([]byte, 1))
		return err
	}},
	{name: "UDP, read after close", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.Close()
		_, _, err := p.ReadFrom(make([]byte, 1))
		return err
	}},
	{name: "UDP, write after close", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.Close()
		return second(p.WriteTo([]byte("x"), p.LocalAddr()))
	}},
	{name: "UDP, close twice", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.Close()
		return p.Close()
	}},
	{name: "UDP, deadline after close", run: func(t *testing.T, w *world) error {
		p := w.packets(t)
		p.Close()
		return p.SetReadDeadline(time.Now())
	}},
}

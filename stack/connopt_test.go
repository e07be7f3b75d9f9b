package stack

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The options of a connection, seen by a peer that is the test.

// dialed returns a connection to port 80 of 10.0.0.2, whose end of the wire the test holds, and the
// numbers with which the peer goes on.
func dialed(t *testing.T) (c *Conn, wire ip.Device, peer tcp.Header) {
	t.Helper()
	dev, wire := tun.NewPipe(1500)
	n := newNet(t, dev, Config{Addrs: addrsA})
	result := make(chan error)
	go func() {
		conn, err := n.Dial("tcp", "10.0.0.2:80")
		if err == nil {
			c = conn.(*Conn)
		}
		result <- err
	}()
	syn := readSegment(t, wire)
	peer = tcp.Header{Seq: 101, Ack: syn.Seq.Add(1), Flags: tcp.ACK, Wnd: 1000}
	sendSegment(wire, portOf(&syn), tcp.Header{Seq: 100, Ack: peer.Ack, Flags: tcp.SYN | tcp.ACK, Wnd: 1000}, "")
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	readSegment(t, wire)
	t.Cleanup(func() { c.Close() })
	return c, wire, peer
}

// portOf is where the answer to a segment of ours goes.
func portOf(seg *tcp.Segment) string { return fmt.Sprintf("10.0.0.1:%d", seg.SrcPort) }

// readPacket reads the next packet from a device.
func readPacket(t *testing.T, dev ip.Device) []byte {
	t.Helper()
	bufs := make([]*ip.Buffer, 1)
	if _, err := dev.Read(bufs); err != nil {
		t.Fatal(err)
	}
	return bufs[0].Data
}

// MUST-48, MUST-49, SHLD-21, SHLD-22: the application has its say in the IP header, at any time.
func TestTOSAndTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, wire, _ := dialed(t)
		for _, want := range []struct{ tos, ttl int }{{0xb8, 7}, {0x20, 255}} {
			if err := errors.Join(c.SetTOS(want.tos|3), c.SetTTL(want.ttl)); err != nil {
				t.Fatal(err)
			}
			c.Write([]byte("x"))
			var h ip.Header
			if d := ip.ParseHeader(readPacket(t, wire), &h); d != ip.NoDrop {
				t.Fatal(d)
			}
			if int(h.TOS) != want.tos || int(h.TTL) != want.ttl {
				t.Errorf("got TOS %#x, TTL %d, want %#x, %d", h.TOS, h.TTL, want.tos, want.ttl)
			}
		}
		for _, err := range []error{c.SetTOS(-1), c.SetTOS(256), c.SetTTL(0), c.SetTTL(256)} {
			if !errors.Is(err, syscall.EINVAL) {
				t.Errorf("got error %v, want EINVAL", err)
			}
		}
	})
}

// MUST-47, SHLD-20, SHLD-25: what a router says can be asked for, disturbs nothing, and is forgotten
// when the peer is heard.
func TestSoftError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, wire, peer := dialed(t)
		if err := c.SoftError(); err != nil {
			t.Errorf("got soft error %v before anything has happened", err)
		}
		c.Write([]byte("x"))
		sent := readPacket(t, wire)
		wire.Write([]*ip.Packet{{Header: icmpAbout(t, sent, ip.HostUnreachable, 0)}})
		synctest.Wait()
		if err := c.SoftError(); err != syscall.EHOSTUNREACH {
			t.Errorf("got soft error %v, want EHOSTUNREACH", err)
		}
		if _, err := c.Write([]byte("y")); err != nil {
			t.Errorf("write: got error %v, want none", err)
		}
		peer.Ack = peer.Ack.Add(1)
		sendSegment(wire, c.LocalAddr().String(), peer, "answer")
		buf := make([]byte, 10)
		if n, err := c.Read(buf); string(buf[:n]) != "answer" || err != nil {
			t.Errorf("got %q and error %v, want the answer", buf[:n], err)
		}
		if err := c.SoftError(); err != nil {
			t.Errorf("got soft error %v after the peer was heard", err)
		}
	})
}

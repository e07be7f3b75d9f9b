package stack

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Names, asked of a stub server over our own UDP and TCP.

// A nameServer answers questions about one zone.
type nameServer struct {
	mu    sync.Mutex
	asked []string // "udp" or "tcp" for each question
	rcode dnsmessage.RCode
	mute  bool // answers nothing
	cut   bool // answers over UDP are truncated
	zone  map[string][]string
}

// serve answers on port 53 of an address, until the test ends.
func (s *nameServer) serve(t *testing.T, n *Net, address string) {
	t.Helper()
	p, err := n.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := n.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.servePackets(p) })
	wg.Go(func() { s.serveStreams(ln) })
	t.Cleanup(func() {
		p.Close()
		ln.Close()
		wg.Wait()
	})
}

func (s *nameServer) servePackets(p net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := p.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n], "udp"); answer != nil {
			p.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) serveStreams(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err == nil {
			buf := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, buf); err == nil {
				answer := s.answer(buf, "tcp")
				c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}
		c.Close()
	}
}

// answer returns the answer to a message with one question, nil for silence.
func (s *nameServer) answer(question []byte, network string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, network)
	var p dnsmessage.Parser
	h, err := p.Start(question)
	if err != nil || s.mute {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	h.Response, h.RCode = true, s.rcode
	h.Truncated = s.cut && network == "udp"
	b := dnsmessage.NewBuilder(nil, h)
	b.StartQuestions()
	b.Question(q)
	b.StartAnswers()
	if !h.Truncated && s.rcode == dnsmessage.RCodeSuccess {
		s.records(&b, q)
	}
	msg, _ := b.Finish()
	return msg
}

func (s *nameServer) records(b *dnsmessage.Builder, q dnsmessage.Question) {
	h := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
	for _, a := range s.zone[q.Name.String()] {
		addr := netip.MustParseAddr(a)
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			b.AResource(h, dnsmessage.AResource{A: addr.As4()})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			b.AAAAResource(h, dnsmessage.AAAAResource{AAAA: addr.As16()})
		}
	}
}

// networks returns over what the server was asked, without repetitions.
func (s *nameServer) networks() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.asked)))
}

var testZone = map[string][]string{"www.example.test.": {"10.0.0.2", "fd00::2"}}

// newResolvingPair returns two stacks; the first asks name servers at two addresses of the second.
func newResolvingPair(t *testing.T, servers ...*nameServer) (a, b *Net) {
	t.Helper()
	cfg := Config{DNS: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:53"), netip.MustParseAddrPort("[fd00::2]:53")}}
	a, b = newPair(t, cfg)
	for i, s := range servers {
		s.serve(t, b, cfg.DNS[i].String())
	}
	return a, b
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name    string
		servers []*nameServer
		want    []string // over what the server that knows was asked
	}{
		{"one server", []*nameServer{{zone: testZone}}, []string{"udp"}},
		{"truncated", []*nameServer{{zone: testZone, cut: true}}, []string{"tcp", "udp"}},
		{"first server silent", []*nameServer{{mute: true}, {zone: testZone}}, []string{"udp"}},
		{"first server fails", []*nameServer{{rcode: dnsmessage.RCodeServerFailure}, {zone: testZone}}, []string{"udp"}},
		{"first server refuses", []*nameServer{{rcode: dnsmessage.RCodeRefused}, {zone: testZone}}, []string{"udp"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := newResolvingPair(t, tt.servers...)
				addrs, err := a.Resolver().LookupNetIP(t.Context(), "ip", "www.example.test")
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(addrs, netip.Addr.Compare)
				if len(addrs) != 2 || addrs[0].Unmap().String() != "10.0.0.2" || addrs[1].String() != "fd00::2" {
					t.Errorf("got %v, want 10.0.0.2 and fd00::2", addrs)
				}
				if got := tt.servers[len(tt.servers)-1].networks(); !slices.Equal(got, tt.want) {
					t.Errorf("asked over %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A server that nobody runs refuses by ICMP, which is faster than silence.
func TestLookupFromServerThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newResolvingPair(t)
		s := &nameServer{zone: testZone}
		s.serve(t, b, "[fd00::2]:53")
		start := time.Now()
		if _, err := a.Resolver().LookupNetIP(t.Context(), "ip4", "www.example.test"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v, want less than a second", took)
		}
	})
}

func TestNameThatDoesNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newResolvingPair(t, &nameServer{rcode: dnsmessage.RCodeNameError})
		_, err := a.Dial("tcp", "nowhere.example.test:80")
		var dnsErr *net.DNSError
		if !errors.As(err, &dnsErr) || !dnsErr.IsNotFound {
			t.Errorf("got error %v, want a DNSError that says not found", err)
		}
	})
}

// Dialing a name asks, sorts and connects; a context that ends meanwhile ends it all.
func TestDialName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newResolvingPair(t, &nameServer{zone: testZone})
		ln, err := b.Listen("tcp", ":http")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		c, err := a.Dial("tcp", "www.example.test:http")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, want := c.RemoteAddr().String(), "[fd00::2]:80"; got != want {
			t.Errorf("got a connection to %v, want %v", got, want)
		}
	})
}

func TestCancelledLookupLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newResolvingPair(t, &nameServer{mute: true})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := a.DialContext(ctx, "tcp", "www.example.test:80")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		if got := len(a.packets); got != 0 {
			t.Errorf("%d sockets are left", got)
		}
	})
}

// Without servers of its own the stack does not ask one that only the kernel can reach.
func TestServerOnLoopbackIsNamed(t *testing.T) {
	a, _ := newPair(t, Config{})
	_, err := a.dialDNS(t.Context(), "udp", "127.0.0.53:53")
	var loop *LoopbackError
	if !errors.As(err, &loop) {
		t.Errorf("got error %v, want a LoopbackError", err)
	}
}

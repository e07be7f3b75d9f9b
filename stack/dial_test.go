package stack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Dialing: the race of the addresses, what ends it, and what hears of it.

func TestRace(t *testing.T) {
	const (
		dead6, dead4   = "fd00::dead", "10.0.0.99" // nobody answers
		live6, live4   = "fd00::2", "10.0.0.2"
		refused6       = "fd00::2"
		listenAll      = ":80"
		listenOnlyIPv4 = "10.0.0.2:80"
	)
	for _, tt := range []struct {
		name   string
		addrs  []string
		listen string
		delay  time.Duration
		want   string
		took   time.Duration
	}{
		{"IPv6 first", []string{live4, live6}, listenAll, 0, live6, 0},
		{"IPv6 silent", []string{dead6, live4}, listenAll, 0, live4, 250 * time.Millisecond},
		{"IPv6 silent, own delay", []string{dead6, live4}, listenAll, 100 * time.Millisecond, live4, 100 * time.Millisecond},
		{"IPv6 refuses", []string{refused6, live4}, listenOnlyIPv4, 0, live4, 0},
		{"all but the last silent", []string{dead6, dead4, "fd00::dead:2", live4}, listenAll, 0, live4, 750 * time.Millisecond},
		{"families alternate", []string{dead6, "fd00::dead:2", "fd00::dead:3", live4}, listenAll, 0, live4, 250 * time.Millisecond},
		{"loopback last", []string{"::1", "127.0.0.1", live4}, listenAll, 0, live4, 0},
		{"no overlap", []string{refused6, live4}, listenOnlyIPv4, -1, live4, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newPair(t, Config{})
				ln, err := b.Listen("tcp", tt.listen)
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				d := Dialer{Net: a, FallbackDelay: tt.delay}
				start := time.Now()
				c, err := d.race(t.Context(), raceTarget(a, tt.addrs), netip.AddrPort{})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != tt.want {
					t.Errorf("got a connection to %v, want %v", got, tt.want)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				c.Close()
				wantNoConns(t, a)
			})
		})
	}
}

func raceTarget(n *Net, addrs []string) *target {
	t := &target{network: "tcp", port: 80}
	for _, a := range addrs {
		t.addrs = append(t.addrs, netip.MustParseAddr(a))
	}
	t.addrs = n.sortAddrs(t.addrs, netip.Addr{})
	return t
}

// wantNoConns fails when connections are left that are not on their way out.
func wantNoConns(t *testing.T, n *Net) {
	t.Helper()
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.conns) != 0 {
		t.Errorf("%d connections have an owner", len(n.conns))
	}
	for _, s := range n.host.demux.conns {
		if !s.conn.State().Synchronized() {
			t.Errorf("a connection to %v is left in %v", s.key.remote, s.conn.State())
		}
	}
}

// The error is that of the first address; every attempt is over when the race is.
func TestRaceLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newPair(t, Config{})
		d := Dialer{Net: a}
		_, err := d.race(t.Context(), raceTarget(a, []string{"fd00::2", "10.0.0.2"}), netip.AddrPort{})
		if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "fd00::2") {
			t.Errorf("got error %v, want the refusal by fd00::2", err)
		}
		wantNoConns(t, a)
	})
}

func TestCancelledDialLeavesNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		addrs []string
		after time.Duration
	}{
		{"before the SYN", []string{"10.0.0.2"}, 0},
		{"in SYN-SENT", []string{"10.0.0.99"}, time.Millisecond},
		{"in a race", []string{"10.0.0.99", "fd00::dead"}, 300 * time.Millisecond},
		{"after a retransmission", []string{"10.0.0.99"}, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := newPair(t, Config{})
				ctx, cancel := context.WithCancel(t.Context())
				if tt.after == 0 {
					cancel()
				}
				time.AfterFunc(tt.after, cancel)
				start := time.Now()
				d := Dialer{Net: a}
				_, err := d.race(ctx, raceTarget(a, tt.addrs), netip.AddrPort{})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got error %v, want context.Canceled", err)
				}
				if took := time.Since(start); took != tt.after {
					t.Errorf("took %v, want %v", took, tt.after)
				}
				wantNoConns(t, a)
			})
		})
	}
}

// A connection in SYN-RECEIVED, of a simultaneous open, is reset when the dial is cancelled.
func TestCancelledSimultaneousOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, wire := tun.NewPipe(1500)
		a := newNet(t, dev, Config{Addrs: addrsA})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := a.DialContext(ctx, "tcp", "10.0.0.2:80")
			failed <- err
		}()
		syn := readSegment(t, wire)
		sendSegment(wire, fmt.Sprintf("10.0.0.1:%d", syn.SrcPort), tcp.Header{Seq: 100, Flags: tcp.SYN, Wnd: 1000}, "")
		if got := readSegment(t, wire).Flags.String(); got != "S." {
			t.Fatalf("got %v, want SYN,ACK", got)
		}
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
		if got := readSegment(t, wire).Flags.String(); got != "R." {
			t.Errorf("got %v, want RST", got)
		}
		wantNoConns(t, a)
	})
}

func TestDialLoopback(t *testing.T) {
	a, _ := newPair(t, Config{})
	for _, address := range []string{"127.0.0.1:80", "[::1]:80", "localhost:80"} {
		for _, network := range []string{"tcp", "udp"} {
			_, err := a.Dial(network, address)
			var loop *LoopbackError
			if !errors.As(err, &loop) || !errors.Is(err, syscall.ENETUNREACH) {
				t.Errorf("%s %s: got error %v, want a LoopbackError that is ENETUNREACH", network, address, err)
			}
		}
	}
}

// An empty or unspecified host is the stack itself.
func TestDialOurselves(t *testing.T) {
	a, _ := newPair(t, Config{})
	ln, err := a.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		":80": "10.0.0.1:80", "0.0.0.0:80": "10.0.0.1:80", "[::]:80": "[fd00::1]:80", "[fd00::1]:80": "[fd00::1]:80",
	} {
		c, err := a.Dial("tcp", address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		s, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().String(); got != want {
			t.Errorf("%s: got a connection to %s, want %s", address, got, want)
		}
		c.Close()
		s.Close()
	}
}

func TestDialFamilyWithoutAddress(t *testing.T) {
	dev, _ := tun.NewPipe(1500)
	n := newNet(t, dev, Config{Addrs: addrsA[:1]})
	_, err := n.Dial("tcp", "[2001:db8::1]:80")
	if !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("got error %v, want %v", err, syscall.ENETUNREACH)
	}
}

// MUST-43.
func TestLocalAddr(t *testing.T) {
	a, b := newPair(t, Config{})
	ln, err := b.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for local, want := range map[string]string{
		"10.0.0.1:4000": "10.0.0.1:4000", ":4001": "10.0.0.1:4001", "0.0.0.0:4002": "10.0.0.1:4002",
	} {
		addr, _ := net.ResolveTCPAddr("tcp", local)
		d := Dialer{Net: a, LocalAddr: addr}
		c, err := d.Dial("tcp", "10.0.0.2:80")
		if err != nil {
			t.Errorf("from %s: %v", local, err)
			continue
		}
		if got := c.LocalAddr().String(); got != want {
			t.Errorf("from %s: got %s, want %s", local, got, want)
		}
		c.Close()
	}
}

// A link-local address keeps the zone that it was dialed with.
func TestDialZone(t *testing.T) {
	da, db := tun.NewPipe(1500)
	local := []netip.Prefix{netip.MustParsePrefix("fe80::1/64"), netip.MustParsePrefix("fd00::1/64")}
	a, b := newNet(t, da, Config{Addrs: local}), newNet(t, db, Config{Addrs: []netip.Prefix{netip.MustParsePrefix("fe80::2/64")}})
	if _, err := b.Listen("tcp", ":80"); err != nil {
		t.Fatal(err)
	}
	c, err := a.Dial("tcp", "[fe80::2%tun0]:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), "[fe80::2%tun0]:80"; got != want {
		t.Errorf("got remote address %s, want %s", got, want)
	}
	if got := c.LocalAddr().(*net.TCPAddr).IP.String(); got != "fe80::1" {
		t.Errorf("got local address %s, want fe80::1", got)
	}
}

// httptrace hears of the same things in the same order as over net.Dialer.
func TestTrace(t *testing.T) {
	a, b := newResolvingPair(t, &nameServer{zone: testZone})
	url, client := serveHTTP(t, a, b, false, false)
	url = strings.Replace(url, "10.0.0.2", "www.example.test", 1)
	var mu sync.Mutex
	var got []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf(format, args...))
	}
	trace := &httptrace.ClientTrace{
		GetConn:              func(string) { note("get") },
		GotConn:              func(httptrace.GotConnInfo) { note("got") },
		DNSStart:             func(i httptrace.DNSStartInfo) { note("DNS %s", i.Host) },
		DNSDone:              func(i httptrace.DNSDoneInfo) { note("DNS done, %d addresses, %v", len(i.Addrs), i.Err) },
		ConnectStart:         func(network, addr string) { note("connect %s %t", network, strings.HasPrefix(addr, "[fd00::2]:")) },
		ConnectDone:          func(network, addr string, err error) { note("connected %s %v", network, err) },
		TLSHandshakeStart:    func() { note("TLS") },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { note("TLS done") },
		GotFirstResponseByte: func() { note("first byte") },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := []string{
		"get", "DNS www.example.test", "DNS done, 2 addresses, <nil>", "connect tcp true", "connected tcp <nil>", "got", "first byte",
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

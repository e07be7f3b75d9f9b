package tun

// This file tests Up in network namespaces of its own.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

func TestUpReachesTheWorldAndLeavesNoTrace(t *testing.T) {
	onAllKernels(t, func(t *testing.T) {
		for _, routed := range []bool{true, false} {
			t.Run(fmt.Sprintf("default route %t", routed), func(t *testing.T) {
				w := newWorld(t)
				if routed {
					w.addDefaultRoutes(t)
				}
				before := snapshot(t, w.host)
				l := up(t, w.host, UpConfig{})
				for _, to := range []string{"192.0.2.2", "2001:db8::2", "198.51.100.2", "2001:db8:1::2", l.Gateway4.String(), l.Gateway6.String(), "192.0.2.1"} {
					ping(t, l, to)
				}
				if l.Name != "sockeye0" || l.Device.MTU() != 1500 || len(l.Addrs) != 2 {
					t.Errorf("got %s with MTU %d and addresses %v", l.Name, l.Device.MTU(), l.Addrs)
				}
				if snapshot(t, w.host) == before {
					t.Fatal("the snapshot does not show what Up did")
				}
				must(t, l.Close())
				must(t, l.Close())
				wantUnchanged(t, w.host, before)
			})
		}
	})
}

func TestUpKeepsDefaultRoutesFromRouterAdvertisements(t *testing.T) {
	forceForwardAll6 = true
	defer func() { forceForwardAll6 = false }()
	w := newWorld(t)
	// As learned from an advertisement (RFC 4861): proto ra, which the kernel
	// forgets when the host becomes a router, unless accept_ra is 2.
	labtest.Output(t, w.host, "ip", "-6", "route", "add", "default", "via", "2001:db8::2", "dev", "eth0", "proto", "ra", "expires", "1000")
	l := up(t, w.host, UpConfig{})
	labtest.Do(t, w.host, func() error {
		ra, err := readSysctl("net/ipv6/conf/eth0/accept_ra")
		if ra != "2" {
			t.Errorf("accept_ra is %s while the host forwards, want 2", ra)
		}
		return err
	})
	if out := labtest.Output(t, w.host, "ip", "-6", "route", "show", "default"); !strings.Contains(out, "2001:db8::2") {
		t.Errorf("the default route is gone; left: %q", out)
	}
	must(t, l.Close())
	labtest.Do(t, w.host, func() error {
		ra, err := readSysctl("net/ipv6/conf/eth0/accept_ra")
		if ra != "1" {
			t.Errorf("accept_ra is %s afterwards, want 1", ra)
		}
		return err
	})
}

func TestUpTwiceLastOneTakesBack(t *testing.T) {
	onAllKernels(t, func(t *testing.T) {
		w := newWorld(t)
		w.addDefaultRoutes(t)
		before := snapshot(t, w.host)
		a := up(t, w.host, UpConfig{})
		b := up(t, w.host, UpConfig{})
		if a.Addrs[0].Overlaps(b.Addrs[0]) || a.Addrs[1].Overlaps(b.Addrs[1]) {
			t.Errorf("both use the same addresses: %v, %v", a.Addrs, b.Addrs)
		}
		must(t, a.Close())
		for _, to := range []string{"192.0.2.2", "2001:db8::2"} {
			ping(t, b, to)
		}
		must(t, b.Close())
		wantUnchanged(t, w.host, before)
	})
}

func TestUpAndCloseManyAtOnce(t *testing.T) {
	onAllKernels(t, func(t *testing.T) {
		w := newWorld(t)
		w.addDefaultRoutes(t)
		before := snapshot(t, w.host)
		errs := make(chan error)
		const workers, rounds = 4, 5
		for range workers {
			go func() {
				for range rounds {
					errs <- w.host.Do(func() error {
						l, err := Up(context.Background(), UpConfig{})
						if err != nil {
							return err
						}
						// The interface vanishes while others look around.
						return errors.Join(l.Device.Close(), l.Close())
					})
				}
			}()
		}
		for range workers * rounds {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		wantUnchanged(t, w.host, before)
	})
}

func TestCloseAfterTheFirewallWasFlushed(t *testing.T) {
	onAllKernels(t, func(t *testing.T) {
		w := newWorld(t)
		before := snapshot(t, w.host)
		l := up(t, w.host, UpConfig{})
		labtest.Output(t, w.host, "nft", "flush", "ruleset")
		if !forceUnowned {
			ping(t, l, "192.0.2.2") // nobody can flush a table that is owned
		}
		must(t, l.Close())
		wantUnchanged(t, w.host, before)
	})
}

func TestUpLeavesAloneWhatForwardsAlready(t *testing.T) {
	w := newWorld(t)
	labtest.Do(t, w.host, func() error {
		return errors.Join(writeSysctl("net/ipv4/conf/all/forwarding", "1"), writeSysctl(forwardAll6, "1"))
	})
	l := up(t, w.host, UpConfig{})
	if out := labtest.Output(t, w.host, "nft", "list", "ruleset"); strings.Contains(out, "undo") || strings.Contains(out, "forward") {
		t.Errorf("there was nothing to change and nothing to guard: %s", out)
	}
	ping(t, l, "192.0.2.2")
	ping(t, l, "2001:db8::2")
	before := snapshot(t, w.server)
	must(t, l.Close())
	wantUnchanged(t, w.server, before)
}

func TestUpOptions(t *testing.T) {
	w := newWorld(t)
	w.addDefaultRoutes(t)
	t.Run("chosen name, MTU and prefixes", func(t *testing.T) {
		l := up(t, w.host, UpConfig{
			Name: "chosen", MTU: 1400,
			Prefix4: netip.MustParsePrefix("10.77.0.0/24"), Prefix6: netip.MustParsePrefix("fd00:77::/64"),
		})
		defer l.Close()
		want := &Link{
			Name: "chosen", Addrs: prefixes("10.77.0.2/24", "fd00:77::2/64"),
			Gateway4: netip.MustParseAddr("10.77.0.1"), Gateway6: netip.MustParseAddr("fd00:77::1"),
		}
		if l.Name != want.Name || !slices.Equal(l.Addrs, want.Addrs) || l.Gateway4 != want.Gateway4 || l.Gateway6 != want.Gateway6 || l.Device.MTU() != 1400 {
			t.Errorf("got %+v with MTU %d, want %+v with 1400", l, l.Device.MTU(), want)
		}
		ping(t, l, "192.0.2.2")
		ping(t, l, "2001:db8::2")
	})
	for network, to := range map[string]string{"ip4": "192.0.2.2", "ip6": "2001:db8::2"} {
		t.Run(network+" alone", func(t *testing.T) {
			l := up(t, w.host, UpConfig{Network: network})
			defer l.Close()
			if len(l.Addrs) != 1 || l.Gateway4.IsValid() == l.Gateway6.IsValid() {
				t.Errorf("got addresses %v, gateways %s and %s", l.Addrs, l.Gateway4, l.Gateway6)
			}
			ping(t, l, to)
		})
	}
	t.Run("without NAT", func(t *testing.T) {
		l := up(t, w.host, UpConfig{NoNAT: true})
		defer l.Close()
		must(t, w.server.AddRoute(l.Addrs[0].Masked(), netip.MustParseAddr("192.0.2.1")))
		ping(t, l, "192.0.2.2")
		if out := labtest.Output(t, w.host, "nft", "list", "ruleset"); strings.Contains(out, "masquerade") {
			t.Errorf("there is NAT: %s", out)
		}
	})
	t.Run("no neighbours at all", func(t *testing.T) {
		l := up(t, labtest.New(t), UpConfig{})
		ping(t, l, l.Gateway4.String())
		ping(t, l, l.Gateway6.String())
	})
}

func TestUpSaysWhatIsWrongAndLeavesNoTrace(t *testing.T) {
	w := newWorld(t)
	w.addDefaultRoutes(t)
	labtest.Output(t, w.host, "ip", "tuntap", "add", "mode", "tun", "name", "taken0")
	before := snapshot(t, w.host)
	tests := []struct {
		name string
		cfg  UpConfig
		want string
	}{
		{"prefix of the host", UpConfig{Prefix4: netip.MustParsePrefix("192.0.2.128/25")}, "overlaps 192.0.2"},
		{"wrong family", UpConfig{Prefix6: netip.MustParsePrefix("10.0.0.0/24")}, "is not IPv6"},
		{"tiny prefix", UpConfig{Prefix4: netip.MustParsePrefix("10.0.0.0/31")}, "/30 at most"},
		{"name in use", UpConfig{Name: "taken0"}, "interface taken0 already"},
		{"MTU below IPv6's least", UpConfig{MTU: 1000}, "at least 1280"},
		{"unknown network", UpConfig{Network: "ip5"}, "neither ip4 nor ip6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := w.host.Do(func() error { _, err := Up(context.Background(), tt.cfg); return err })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ...%s...", err, tt.want)
			}
			wantUnchanged(t, w.host, before)
		})
	}
}

func TestUpWaitsForOthers(t *testing.T) {
	n := labtest.New(t)
	labtest.Do(t, n, func() error {
		unlock, err := lockHost(context.Background())
		if err != nil {
			return err
		}
		defer unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 10*lockPoll)
		defer cancel()
		if _, err := Up(ctx, UpConfig{}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another process") {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

func TestUpPassesFirewallsOfOthers(t *testing.T) {
	tests := []struct{ name, rules string }{
		{"policy drop as Docker sets it", `
			add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }
			add table ip6 filter; add chain ip6 filter FORWARD { type filter hook forward priority 0; policy drop; }
			add rule ip filter FORWARD iifname "docker0" counter accept`},
		{"last rule rejects as firewalld's", `
			add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; policy accept; }
			add rule inet firewalld filter_FORWARD ct state { established, related } accept
			add rule inet firewalld filter_FORWARD reject with icmpx type admin-prohibited`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.addDefaultRoutes(t)
			cmd := exec.Command("nft", "-f", "-")
			cmd.Stdin = strings.NewReader(tt.rules)
			must(t, w.host.Run(cmd))
			before := snapshot(t, w.host)
			l := up(t, w.host, UpConfig{})
			ping(t, l, "192.0.2.2")
			ping(t, l, "2001:db8::2")
			if text := strings.Join(l.Notes, "\n"); !strings.Contains(text, "firewall chain") {
				t.Errorf("the notes do not say so: %q", text)
			}
			must(t, l.Close())
			wantUnchanged(t, w.host, before)

			l = up(t, w.host, UpConfig{KeepFirewall: true})
			if out := labtest.Output(t, w.host, "nft", "list", "ruleset"); strings.Contains(out, "accept comment") {
				t.Errorf("the firewall was changed against the order: %s", out)
			}
			must(t, l.Close())
		})
	}
}

// Forwarding that is on for us must not make the host a router between its
// networks.
func TestUpForwardsForNobodyElse(t *testing.T) {
	onAllKernels(t, func(t *testing.T) {
		if forceUnowned {
			t.Skip("such kernels have no guard: it could outlive the process")
		}
		w := newWorld(t)
		must(t, w.server.AddRoute(netip.MustParsePrefix("198.51.100.0/24"), netip.MustParseAddr("192.0.2.1")))
		must(t, w.server.AddRoute(netip.MustParsePrefix("2001:db8:1::/64"), netip.MustParseAddr("2001:db8::1")))
		must(t, w.inner.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("198.51.100.1")))
		up(t, w.host, UpConfig{})
		for _, addr := range []string{"198.51.100.2:7", "[2001:db8:1::2]:7"} {
			var c net.PacketConn
			labtest.Do(t, w.inner, func() (err error) { c, err = net.ListenPacket("udp", addr); return err })
			defer c.Close()
			// The kernel passes packets on while they are being sent, so the
			// second one to arrive would be the host's.
			labtest.Do(t, w.server, func() error { return sendTo(addr, "through the host") })
			labtest.Do(t, w.host, func() error { return sendTo(addr, "from the host") })
			c.SetDeadline(time.Now().Add(patience))
			b := make([]byte, 100)
			n, _, err := c.ReadFrom(b)
			if got := string(b[:n]); err != nil || got != "from the host" {
				t.Errorf("%s: got %q, %v; want only the packet from the host", addr, got, err)
			}
		}
	})
}

func sendTo(addr, text string) error {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.WriteString(c, text)
	return err
}

package tun

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
)

// helperEnv makes the test program play a process that sets up a Link and waits.
const helperEnv = "TUN_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" {
		os.Exit(m.Run())
	}
	l, err := Up(context.Background(), UpConfig{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("up", l.Name)
	io.Copy(io.Discard, os.Stdin) // until we are killed or told to close
	if err := l.Close(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// A world is a host with two networks and a server on the first, which has
// no route to anybody but its neighbours, so that only NAT can reach it.
type world struct{ host, server, inner *lab.Namespace }

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{labtest.New(t), labtest.New(t), labtest.New(t)}
	must(t, lab.Veth(
		lab.End{Namespace: w.host, Name: "eth0", Addrs: prefixes("192.0.2.1/24", "2001:db8::1/64")},
		lab.End{Namespace: w.server, Name: "eth0", Addrs: prefixes("192.0.2.2/24", "2001:db8::2/64")},
	))
	must(t, lab.Veth(
		lab.End{Namespace: w.host, Name: "eth1.7", Addrs: prefixes("198.51.100.1/24", "2001:db8:1::1/64")},
		lab.End{Namespace: w.inner, Name: "eth0", Addrs: prefixes("198.51.100.2/24", "2001:db8:1::2/64")},
	))
	return w
}

// addDefaultRoutes makes eth0 the host's uplink.
func (w world) addDefaultRoutes(t *testing.T) {
	must(t, w.host.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("192.0.2.2")))
	must(t, w.host.AddRoute(netip.MustParsePrefix("::/0"), netip.MustParseAddr("2001:db8::2")))
}

func prefixes(s ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, s := range s {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot is everything about a host that Up might change.
func snapshot(t *testing.T, n *lab.Namespace) string {
	t.Helper()
	var b strings.Builder
	for _, cmd := range []string{
		"ip -j addr", "ip -j -4 route show table all", "ip -j -6 route show table all", "ip -j rule", "nft list ruleset",
	} {
		args := strings.Fields(cmd)
		out := labtest.Output(t, n, args[0], args[1:]...)
		fmt.Fprintf(&b, "%s\n%s\n", cmd, strings.ReplaceAll(out, "},{", "},\n{"))
	}
	labtest.Do(t, n, func() error {
		names, err := filepath.Glob("/proc/sys/net/ipv[46]/conf/*/*")
		for _, name := range names {
			value, readErr := os.ReadFile(name)
			if !errors.Is(readErr, fs.ErrPermission) && !errors.Is(readErr, syscall.EIO) { // stable_secret
				fmt.Fprintf(&b, "%s=%s", name, value)
			}
		}
		return err
	})
	return b.String()
}

func wantUnchanged(t *testing.T, n *lab.Namespace, before string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(snapshot(t, n), "\n")); diff != "" {
		t.Errorf("the host changed (-before +after):\n%s", diff)
	}
}

// up calls Up in the namespace and closes the Link when the test ends.
func up(t *testing.T, n *lab.Namespace, cfg UpConfig) *Link {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs a TUN device: %v", err)
	}
	var l *Link
	labtest.Do(t, n, func() (err error) { l, err = Up(context.Background(), cfg); return err })
	t.Cleanup(func() { l.Close() })
	return l
}

// ping sends an echo request from the stack's address over the Link and waits
// for the reply.
func ping(t *testing.T, l *Link, to string) {
	t.Helper()
	dst := netip.MustParseAddr(to)
	src := addrOf(l, dst.Is6())
	if !src.IsValid() {
		t.Fatalf("no address to reach %s from: %v", to, l.Addrs)
	}
	request := echoPacket(src, dst)
	if n, err := l.Device.Write([]*ip.Packet{request}); n != 1 || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	reply := make(chan error, 1)
	go func() { reply <- awaitEcho(l.Device, dst) }()
	select {
	case err := <-reply:
		must(t, err)
	case <-time.After(patience):
		t.Fatalf("no echo reply from %s", to)
	}
}

func addrOf(l *Link, is6 bool) netip.Addr {
	for _, p := range l.Addrs {
		if p.Addr().Is6() == is6 {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

func awaitEcho(dev Device, from netip.Addr) error {
	bufs := make([]*ip.Buffer, 1)
	for {
		if _, err := dev.Read(bufs); err != nil {
			return err
		}
		b := bufs[0].Data
		if b[0]>>4 == 4 && from.Is4() && [4]byte(b[12:16]) == from.As4() && b[20] == 0 ||
			b[0]>>4 == 6 && from.Is6() && [16]byte(b[8:24]) == from.As16() && b[40] == 129 {
			return nil
		}
	}
}

// onBothKernels runs a test as on this kernel and as on one before 6.17, which
// forwards IPv6 on all interfaces or none.
func onBothKernels(t *testing.T, test func(t *testing.T)) {
	t.Run("forwarding per interface", test)
	t.Run("forwarding for all of IPv6", func(t *testing.T) {
		forceForwardAll6 = true
		defer func() { forceForwardAll6 = false }()
		test(t)
	})
}

func TestUpReachesTheWorldAndLeavesNoTrace(t *testing.T) {
	onBothKernels(t, func(t *testing.T) {
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
	onBothKernels(t, func(t *testing.T) {
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
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := Up(ctx, UpConfig{}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another process") {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

// startHelper starts a process that sets up a Link and returns it and its input.
func startHelper(t *testing.T, n *lab.Namespace) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperEnv+"=1")
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, n.Start(cmd))
	line, _ := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "up ") {
		t.Fatalf("the helper said %q", line)
	}
	return cmd, in
}

func TestKilledProcessIsCleanedUpAfter(t *testing.T) {
	onBothKernels(t, func(t *testing.T) {
		w := newWorld(t)
		w.addDefaultRoutes(t)
		labtest.Output(t, w.host, "nft", "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }")
		before := snapshot(t, w.host)
		kill := func() {
			cmd, in := startHelper(t, w.host)
			defer in.Close()
			must(t, cmd.Process.Kill())
			w.host.Wait(cmd)
			left := snapshot(t, w.host)
			if strings.Contains(left, "sockeye0") && strings.Contains(left, `"ifname":"sockeye0"`) {
				t.Errorf("the interface outlived the process")
			}
			if left == before {
				t.Fatal("nothing was left to clean up")
			}
		}
		kill()
		labtest.Do(t, w.host, func() error {
			checks := Diagnose()
			if c := checks[len(checks)-1]; c.OK || !strings.Contains(c.Found, "processes that died") {
				t.Errorf("Diagnose does not see the leftovers: %+v", c)
			}
			done, err := Clean()
			if text := strings.Join(done, "\n"); !strings.Contains(text, "forwarding=0") || !strings.Contains(text, "removed firewall table") || !strings.Contains(text, "ip filter FORWARD") {
				t.Errorf("Clean said: %s", text)
			}
			return err
		})
		wantUnchanged(t, w.host, before)
		labtest.Do(t, w.host, func() error {
			done, err := Clean()
			if len(done) != 0 {
				t.Errorf("a second Clean said: %q", done)
			}
			return err
		})

		kill()
		l := up(t, w.host, UpConfig{})
		ping(t, l, "192.0.2.2")
		must(t, l.Close())
		wantUnchanged(t, w.host, before)
	})
}

func TestCleanLeavesTheLivingAlone(t *testing.T) {
	w := newWorld(t)
	w.addDefaultRoutes(t)
	before := snapshot(t, w.host)
	dead, in := startHelper(t, w.host)
	defer in.Close()
	living, end := startHelper(t, w.host)
	must(t, dead.Process.Kill())
	w.host.Wait(dead)
	l := up(t, w.host, UpConfig{})
	labtest.Do(t, w.host, func() error { _, err := Clean(); return err })
	for _, to := range []string{"192.0.2.2", "2001:db8::2"} {
		ping(t, l, to)
	}
	must(t, l.Close())
	must(t, end.Close())
	must(t, w.host.Wait(living))
	wantUnchanged(t, w.host, before)
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

// Forwarding that is on for us must not make the host a router between its networks.
func TestUpForwardsForNobodyElse(t *testing.T) {
	onBothKernels(t, func(t *testing.T) {
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

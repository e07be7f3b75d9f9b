package tun

// This file builds the hosts and networks in which Up is tested.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
)

// helperEnv makes the test program play a process that sets up a Link and
// waits. Its value are the two switches of onAllKernels.
const helperEnv = "TUN_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" {
		os.Exit(m.Run())
	}
	fmt.Sscan(os.Getenv(helperEnv), &forceForwardAll6, &forceUnowned)
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
	labtest.Need(t, "ip", "nft", "sysctl")
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

// onAllKernels runs a test as on this kernel, as on one before 6.17, which
// forwards IPv6 on all interfaces or none, and as on one before 5.12, whose
// tables nobody owns.
func onAllKernels(t *testing.T, test func(t *testing.T)) {
	for _, k := range []struct {
		name          string
		all6, unowned bool
	}{{"this kernel", false, false}, {"before 6.17", true, false}, {"before 5.12", true, true}} {
		t.Run(k.name, func(t *testing.T) {
			forceForwardAll6, forceUnowned = k.all6, k.unowned
			defer func() { forceForwardAll6, forceUnowned = false, false }()
			test(t)
		})
	}
}

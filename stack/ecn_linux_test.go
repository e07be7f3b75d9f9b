package stack

import (
	"net"
	"os"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/tcp"
	"golang.org/x/sys/unix"
)

// Congestion marks agreed on with the kernel, whoever opens: RFC 3168, to which Accurate ECN falls back where the kernel does not know
// it (RFC 9768 §3.1.2, Table 2), and Accurate ECN where it does.
func TestECNAgainstTheKernel(t *testing.T) {
	for _, tt := range []struct {
		name          string
		mode          tcp.ECN
		kernel        string // its net.ipv4.tcp_ecn
		ecn, accurate bool
		kernelDials   bool
	}{
		{"we offer", tcp.ECNOffer, "1", true, false, false},
		{"we offer Accurate ECN", tcp.ECNAccurate, "1", true, false, false},
		{"the kernel offers", tcp.ECNAccept, "1", true, false, true},
		{"the kernel offers, and we know Accurate ECN", tcp.ECNAccurateAccept, "1", true, false, true},
		{"the kernel is off", tcp.ECNAccurate, "0", false, false, false},
		{"both know Accurate ECN", tcp.ECNAccurate, "3", true, true, false},
		{"both know Accurate ECN, the kernel dials", tcp.ECNAccurate, "3", true, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, ns := newTUNWith(t, Config{TCP: tcp.Config{ECN: tt.mode}})
			if err := setECN(ns, tt.kernel); err != nil {
				t.Skipf("the kernel cannot be set so: %v", err)
			}
			dial := func() (c1, c2 net.Conn, err error) { return toKernel(n, ns, kernelAddr4) }
			if tt.kernelDials {
				dial = func() (c1, c2 net.Conn, err error) { c2, c1, err = fromKernel(n, ns); return c1, c2, err }
			}
			ours, theirs, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			defer ours.Close()
			defer theirs.Close()
			if err := exchange(ours, theirs, 1<<20); err != nil {
				t.Error(err)
			}
			i := ours.(*Conn).Info()
			if i.ECN != tt.ecn || i.AccECN != tt.accurate || i.AccECNFail != 0 || i.ECNSeen != tt.ecn {
				t.Errorf("got ECN %v, accurate %v, fail bits %d, marks seen %v", i.ECN, i.AccECN, i.AccECNFail, i.ECNSeen)
			}
			if got := kernelECN(t, theirs); got != tt.ecn {
				t.Errorf("the kernel says ECN %v, want %v", got, tt.ecn)
			}
		})
	}
}

// setECN sets net.ipv4.tcp_ecn of a namespace.
func setECN(ns *lab.Namespace, value string) error {
	return ns.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/tcp_ecn", []byte(value), 0) })
}

// kernelECN reports whether the kernel has agreed on marks for a connection of its own, and has seen packets that can be marked.
func kernelECN(t *testing.T, c net.Conn) bool {
	t.Helper()
	const agreed, seen = 8, 16 // TCPI_OPT_ECN, TCPI_OPT_ECN_SEEN
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info *unix.TCPInfo
	cerr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return info.Options&agreed != 0 && info.Options&seen != 0
}

//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// What goes over the wire, judged by tshark.

// tshark returns the lines of a capture that match a display filter.
func (n *network) tshark(t *testing.T, file, filter string) string {
	t.Helper()
	out, err := exec.Command("tshark", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter).Output()
	if err != nil {
		t.Fatalf("tshark %s: %v", filter, err)
	}
	return string(out)
}

// capture records the server's interface while f runs.
func (n *network) capture(t *testing.T, f func()) string {
	t.Helper()
	file := filepath.Join(n.dir, "server.pcap")
	cmd := exec.Command("tcpdump", "-i", "eth0", "-B", "65536", "-s", "1600", "-U", "-Z", "root", "--immediate-mode", "-w", file)
	diag, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.server.Start(cmd); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for seen := ""; !strings.Contains(seen, "listening on"); { // tcpdump says when it is ready
		k, err := diag.Read(buf)
		if err != nil {
			t.Fatalf("tcpdump: %v: %s", err, seen)
		}
		seen += string(buf[:k])
	}
	f()
	time.Sleep(200 * time.Millisecond) // the last packets are on their way through tcpdump
	cmd.Process.Signal(os.Interrupt)
	for {
		if _, err := diag.Read(buf); err != nil {
			break
		}
	}
	n.server.Wait(cmd)
	return file
}

// TestWireIsClean looks at a fetch from both sides: ours in --pcap, the kernel's in tcpdump on the server.
func TestWireIsClean(t *testing.T) {
	labtest.Need(t, "tshark", "tcpdump")
	n := newNetwork(t)
	sites, cert := n.serve()
	sizes := bodies()[2:3]
	if full() {
		sizes = bodies()[2:4]
	}
	for _, offload := range []string{"auto", "off"} {
		for _, f := range matrix(sites, cert, sizes) {
			f.args = append(f.args, "--offload", offload)
			t.Run("offload "+offload+"/"+f.name, func(t *testing.T) {
				for try := 1; ; try++ {
					noise := n.fetchWatched(t, f, offload == "off")
					if noise == "" {
						t.Logf("clean at try %d", try)
						return
					}
					if try == tries {
						t.Fatalf("tshark finds fault with each of %d fetches; the last:\n%s", tries, noise)
					}
				}
			})
		}
	}
}

// tries is how often a fetch may be disturbed. The cable carries packets on whatever processor its sender
// runs on, so when the kernel moves the server to another one some of them overtake others.
const tries = 5

// fetchWatched fetches once and looks at both captures. What must never be there fails the test; what
// a disturbance of the cable explains is returned. plain says that our checksums are there on the kernel's side already: else
// the kernel leaves them to the cable, which never computes any.
func (n *network) fetchWatched(t *testing.T, f fetch, plain bool) (noise string) {
	t.Helper()
	own := filepath.Join(n.dir, "own.pcapng")
	kernel := n.capture(t, func() {
		if code, diag := n.get(append(f.args, "-o", filepath.Join(n.dir, "body"), "--pcap", own, f.url)...); code != 0 {
			t.Fatalf("sockeye get: exit %d: %s", code, diag)
		}
	})
	for side, file := range map[string]string{"own": own, "kernel": kernel} {
		for filter, what := range map[string]string{
			"tcp.flags.reset == 1":                       "RST",
			"_ws.malformed or icmp or icmpv6.type < 128": "malformed packets or ICMP errors",
		} {
			if lines := n.tshark(t, file, filter); lines != "" {
				t.Errorf("%s side: %s:\n%s", side, what, lines)
			}
		}
		// One that was sent again because its ACK came late is noise, below.
		if fins := strings.Count(n.tshark(t, file, "tcp.flags.fin == 1 and not tcp.analysis.retransmission"), "\n"); fins != 2 {
			t.Errorf("%s side: %d FIN, want one from each end", side, fins)
		}
		filter := "tcp.analysis.flags"
		if strings.HasSuffix(f.name, "10MB") {
			// The reader of a large body falls behind and catches up. A window update is no fault then: tshark
			// counts it because it is worth a look.
			filter += " and not tcp.analysis.window_update"
		}
		noise += n.tshark(t, file, filter)
	}
	bad := "tcp.checksum.status == 0 or ip.checksum.status == 0"
	if lines := n.tshark(t, own, bad); lines != "" {
		t.Errorf("own side: bad checksums:\n%s", lines)
	}
	if !plain {
		return noise
	}
	// The server's kernel leaves its checksums to the cable; ours must be right there, too.
	fromUs := fmt.Sprintf("(ip.src == %s or ipv6.src == %s) and (%s)", client4.Addr(), client6.Addr(), bad)
	if lines := n.tshark(t, kernel, fromUs); lines != "" {
		t.Errorf("kernel side: bad checksums:\n%s", lines)
	}
	return noise
}

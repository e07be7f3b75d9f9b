//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// get over our own stack, in network namespaces: one is the host that we run on,
// the other a web server on the kernel's TCP.

const labServer = "192.0.2.1"

// newLab joins two namespaces with a cable, starts a web server and a name
// server in one, and returns the other.
func newLab(t *testing.T) *lab.Namespace {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	client, server := labtest.New(t), labtest.New(t)
	addrs := func(a string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(a)} }
	err := lab.Veth(lab.End{Namespace: server, Name: "eth0", Addrs: addrs(labServer + "/24")},
		lab.End{Namespace: client, Name: "eth0", Addrs: addrs("192.0.2.2/24")})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr(labServer)); err != nil {
		t.Fatal(err)
	}
	labtest.Do(t, server, func() error {
		l, err := net.Listen("tcp", labServer+":80")
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		go acceptAll(l)
		names, err := net.ListenPacket("udp", labServer+":53")
		if err != nil {
			return err
		}
		t.Cleanup(func() { names.Close() })
		go answerNames(names, labServer)
		return nil
	})
	return client
}

func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

// labGet runs our get in a namespace.
func labGet(t *testing.T, n *lab.Namespace, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	var code int
	labtest.Do(t, n, func() error {
		code = run(t.Context(), append([]string{"get"}, args...), strings.NewReader(""), &stdout, &stderr)
		return nil
	})
	return outcome{code, stdout.String(), stderr.String()}
}

// inOrder reports whether text has matches for all patterns, one after the other.
func inOrder(text string, patterns ...string) (missing string, ok bool) {
	for _, p := range patterns {
		at := regexp.MustCompile("(?m)" + p).FindStringIndex(text)
		if at == nil {
			return p, false
		}
		text = text[at[1]:]
	}
	return "", true
}

func TestGetOverOurStack(t *testing.T) {
	client := newLab(t)
	const url = "http://" + labServer
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr []string // patterns, in this order
	}{
		{"verbose", []string{"-v", "-A", "me", url + "/"}, 0, "hello\n", []string{
			`^\* TUN sockeye\d+: our address is [0-9.]+$`, `^\* TUN sockeye\d+: virtio header: packets of up to 64 KiB, in with checksums, TSO`, `^\*   Trying 192.0.2.1:80...$`,
			`^\* SYN sent to 192.0.2.1:80, mss 1460 wscale \d+ sack ts$`, `^\* SYN,ACK after \d+\.\d\d ms, mss 1460 wscale \d+ sack ts$`,
			`^\* Connected to 192.0.2.1 \(192.0.2.1\) port 80 \(#0\)$`, `^> GET / HTTP/1.1$`, `^< HTTP/1.1 200 OK$`, `^{ \[6 bytes data\]$`,
			`^\* Connection #0 to host 192.0.2.1 left intact$`, `^\* FIN sent$`, `^\* FIN received$`, `^\* TIME-WAIT$`,
		}},
		{"closed by the peer", []string{"-v", url + "/close"}, 0, "until the end", []string{`^\* closed by peer \(FIN\)$`, `^\* FIN sent$`, `^\* CLOSED$`}},
		{"write-out", []string{"-o", os.DevNull, "-w", "%{stack} %{tcp_mss} %{tcp_retrans} %{tcp_state_path}", url + "/"}, 0,
			"user 1448 0 SYN-SENT>ESTABLISHED>FIN-WAIT-1>FIN-WAIT-2>TIME-WAIT", nil},
		{"redirect on one connection", []string{"-sSL", "-w", "%{num_connects} %{num_redirects}", url + "/r"}, 0, "hello\n1 1", nil},
		{"refused", []string{"-v", "http://192.0.2.1:81/"}, 7, "", []string{`^\* RST received after \d+\.\d\d ms$`, `^sockeye: \(7\) Failed to connect to 192.0.2.1 port 81 after \d+ ms: Connection refused$`}},
		{"reset", []string{url + "/reset"}, 56, "hello", []string{`^sockeye: \(56\) Recv failure: Connection reset by peer$`}},
		{"cut off", []string{url + "/short"}, 18, "hello", []string{`^sockeye: \(18\) transfer closed with 45 bytes remaining to read$`}},
		{"time limit", []string{"-m", "0.2", url + "/silent"}, 28, "", []string{`^sockeye: \(28\) Operation timed out after \d+ milliseconds with 0 bytes received$`}},
		{"name", []string{"-v", "--dns-servers", labServer, "http://some.name.example/"}, 0, "hello\n", []string{`^\* Resolved some.name.example to 192.0.2.1 in \d+\.\d\d ms$`, `^\* Connected to some.name.example \(192.0.2.1\)`}},
		{"rule", []string{"-sS", "--resolve", "some.name.example:80:" + labServer, "http://some.name.example/"}, 0, "hello\n", nil},
		{"local port", []string{"-sS", "--local-port", "12345", "-w", "%{local_port}", url + "/"}, 0, "hello\n12345", nil},
		{"foreign source address", []string{"--interface", "192.0.2.77", url + "/"}, 45, "", []string{`^sockeye: \(45\)`}},
		{"interface by name", []string{"--interface", "eth0", url + "/"}, 45, "", []string{`--interface takes an address$`}},
		{"smaller packets", []string{"-sS", "-4", "--mtu", "600", "--tun", "st0", "-v", url + "/"}, 0, "hello\n", []string{`^\* TUN st0:`, `^\* SYN sent to 192.0.2.1:80, mss 560 `}},
		{"each segment by itself", []string{"-sS", "--offload", "off", "-v", url + "/"}, 0, "hello\n", []string{`^\* TUN sockeye\d+: plain: each packet by itself \(it was asked for\)$`}},
		{"no way through", []string{"-v", "-m", "1.4", "--impair", "loss=100%", url + "/"}, 28, "", []string{`^\* SYN sent to`, `^\* SYN sent again, 2nd time$`, `^sockeye: \(28\) Connection timed out after \d+ milliseconds$`}},
		{"capture on a full disk", []string{"-sS", "--pcap", "/dev/full", url + "/"}, 23, "", []string{`^sockeye: \(23\) Failed to (start|write) the capture .*/dev/full: no space left on device$`}},
		{"bad impairment", []string{"--impair", "nonsense=1", url + "/"}, 2, "", []string{`^sockeye: \(2\) --impair: `}},
		{"ladder", []string{"-sS", "--ladder", "--ascii", url + "/"}, 0, "hello\n", []string{`192.0.2.1:80$`, `SYN-SENT `, `-- SYN seq 0 -+ open ->\|`, `ESTABLISHED .* SYN, ACK seq 0 ack 1`, `TIME-WAIT`}},
		{"kernel beside it", []string{"-sS", "--stack", "kernel", "-w", "%{stack}", url + "/"}, 0, "hello\nkernel", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := labGet(t, client, tt.args...)
			if got.code != tt.code || got.stdout != tt.stdout {
				t.Errorf("exit code %d, stdout %q, want %d, %q; stderr:\n%s", got.code, got.stdout, tt.code, tt.stdout, got.stderr)
			}
			if missing, ok := inOrder(got.stderr, tt.stderr...); !ok {
				t.Errorf("stderr lacks %q in its place:\n%s", missing, got.stderr)
			}
		})
	}
	if links := labtest.Output(t, client, "ip", "-o", "link"); strings.Count(links, "\n") != 2 {
		t.Errorf("interfaces are left:\n%s", links)
	}
}

func TestGetWritesWhatItSaw(t *testing.T) {
	client := newLab(t)
	t.Chdir(t.TempDir())
	got := labGet(t, client, "-sS", "--pcap", "x.pcapng", "--ladder=x.json", "http://"+labServer+"/")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
	}
	capture, err := os.ReadFile("x.pcapng")
	if err != nil || !bytes.HasPrefix(capture, []byte{0x0a, 0x0d, 0x0d, 0x0a}) || !bytes.Contains(capture, []byte("GET / HTTP/1.1")) {
		t.Errorf("no pcapng of the request: %d bytes, %v", len(capture), err)
	}
	text, err := os.ReadFile("x.json")
	var doc struct {
		Ladders []struct{ Lines []json.RawMessage }
	}
	if err != nil || json.Unmarshal(text, &doc) != nil || len(doc.Ladders) != 1 || len(doc.Ladders[0].Lines) < 8 {
		t.Errorf("no ladder in JSON: %v, %s", err, text)
	}
}

func TestGetDrawsTheLadderThatTheNameTells(t *testing.T) {
	client := newLab(t)
	t.Chdir(t.TempDir())
	for name, begin := range map[string]string{"x.svg": "<svg ", "x.HTML": "<!doctype html>", "x.mmd": "sequenceDiagram", "x.txt": " "} {
		if got := labGet(t, client, "-sS", "--ladder="+name, "http://"+labServer+"/"); got.code != 0 {
			t.Fatalf("%s: exit code %d, stderr %q", name, got.code, got.stderr)
		}
		if text, err := os.ReadFile(name); err != nil || !strings.HasPrefix(string(text), begin) {
			t.Errorf("%s: %v, begins with %.40q, want %q", name, err, text, begin)
		}
	}
}

func TestGetWithoutPrivilege(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(self, "get", "http://192.0.2.1/")
	cmd.Args[0] = "sockeye"
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// In a user namespace of its own, a process has no privilege outside.
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	if err := cmd.Start(); err != nil {
		t.Skipf("needs user namespaces: %v", err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitNoPrivilege || stdout.Len() > 0 {
		t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout.String(), exitNoPrivilege)
	}
	const hint = "  hint: run it with sudo, or over the kernel's TCP with --stack kernel; sockeye doctor says more\n"
	if text := stderr.String(); !strings.HasPrefix(text, "sockeye: (126) Failed to set up the stack: ") || !strings.HasSuffix(text, hint) {
		t.Errorf("stderr %q", text)
	}
}

func TestCtrlCLeavesNothingBehind(t *testing.T) {
	client := newLab(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "get", "-v", "http://"+labServer+"/stall")
	cmd.Args[0] = "sockeye"
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(cmd); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "bytes data") { // it has begun to receive
		n, err := stderr.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %s", err, text.String())
		}
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Process.Signal(os.Interrupt) // as timeout(1) does
	rest, _ := io.ReadAll(stderr)
	client.Wait(cmd)
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d; %s%s", code, exitInterrupted, text.String(), rest)
	}
	for _, want := range []string{`^\* (FIN|RST) sent$`, `^sockeye: \(130\) Interrupted after \d+ ms$`} {
		if _, ok := inOrder(string(rest), want); !ok {
			t.Errorf("stderr lacks %q:\n%s", want, rest)
		}
	}
	if links := labtest.Output(t, client, "ip", "-o", "link"); strings.Count(links, "\n") != 2 {
		t.Errorf("interfaces are left:\n%s", links)
	}
}

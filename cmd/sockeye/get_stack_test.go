package main

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeyLog(t *testing.T) {
	host, ca := startTLS(t)
	name := filepath.Join(t.TempDir(), "keys")
	t.Setenv("SSLKEYLOGFILE", name)
	if got := sockeyeGet(t, "", "-sS", "--cacert", ca, "https://"+host+"/"); got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	keys, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(keys), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("no secrets: %q, %v", keys, err)
	}
	t.Setenv("SSLKEYLOGFILE", filepath.Join(name, "x"))
	got := sockeyeGet(t, "", "--cacert", ca, "https://"+host+"/")
	if got.code != 0 || !strings.HasPrefix(got.stderr, "sockeye: SSLKEYLOGFILE: ") {
		t.Errorf("exit code %d, stderr %q, want 0 and a remark", got.code, got.stderr)
	}
}

func TestKernelStackAsksTheGivenServers(t *testing.T) {
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // takes questions and answers none
	if err != nil {
		t.Fatal(err)
	}
	dead.Close() // or rather, refuses them at once
	names, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { names.Close() })
	go answerNames(names, "127.0.0.1")
	_, port, _ := net.SplitHostPort(startServer(t))
	servers := dead.LocalAddr().String() + "," + names.LocalAddr().String()
	got := sockeyeGet(t, "", "-v", "--dns-servers", servers, "http://some.name.example:"+port+"/")
	if got.code != 0 || got.stdout != "hello\n" || !strings.Contains(got.stderr, "* Resolved some.name.example to 127.0.0.1 in ") {
		t.Errorf("exit code %d, stdout %q, stderr\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestKernelStackSourceAddress(t *testing.T) {
	url := "http://" + startServer(t) + "/"
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := free.Addr().(*net.TCPAddr).AddrPort()
	defer free.Close()
	got := sockeyeGet(t, "", "-sS", "--interface", "127.0.0.1", "-o", os.DevNull, "-w", "%{local_ip}", url)
	if got.code != 0 || got.stdout != "127.0.0.1" {
		t.Errorf("address: exit code %d, %q, %s", got.code, got.stdout, got.stderr)
	}
	ports := portText(taken.Port()) + "-" + portText(taken.Port()+20)
	got = sockeyeGet(t, "", "-sS", "--interface", "127.0.0.1", "--local-port", ports, "-o", os.DevNull, "-w", "%{local_port}", url)
	if got.code != 0 || got.stdout == portText(taken.Port()) {
		t.Errorf("ports: exit code %d, %q, %s", got.code, got.stdout, got.stderr)
	}
	got = sockeyeGet(t, "", "--interface", "nosuch0", url)
	if got.code != 45 || !strings.HasPrefix(got.stderr, "sockeye: (45) Couldn't bind to interface 'nosuch0': ") {
		t.Errorf("interface: exit code %d, %s", got.code, got.stderr)
	}
}

func portText(port uint16) string {
	return strings.TrimPrefix(netip.AddrPortFrom(netip.IPv4Unspecified(), port).String(), "0.0.0.0:")
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out, diag strings.Builder
		if code := run(t.Context(), []string{"completion", shell}, nil, &out, &diag); code != 0 || !strings.Contains(out.String(), "sockeye") {
			t.Errorf("%s: exit code %d, %d bytes, %s", shell, code, out.Len(), diag.String())
		}
	}
	var out, diag strings.Builder
	run(t.Context(), []string{"__complete", "get", "--stack", ""}, nil, &out, &diag)
	if !strings.HasPrefix(out.String(), "user\nkernel\n") {
		t.Errorf("choices of --stack: %q", out.String())
	}
}

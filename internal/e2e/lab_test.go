//go:build linux

package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// The addresses of the lab. The client's namespace is a host with a default route
// to the server's; its packets are masqueraded like those of any host behind a router.
var (
	server4 = netip.MustParsePrefix("192.0.2.1/24")
	client4 = netip.MustParsePrefix("192.0.2.2/24")
	server6 = netip.MustParsePrefix("2001:db8::1/64")
	client6 = netip.MustParsePrefix("2001:db8::2/64")
)

// A network is two namespaces and a cable.
type network struct {
	t              *testing.T
	client, server *lab.Namespace
	dir            string
}

func full() bool { return os.Getenv("SOCKEYE_E2E") == "full" || all() }
func all() bool  { return os.Getenv("SOCKEYE_E2E") == "all" }

func newNetwork(t *testing.T) *network {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	n := &network{t: t, client: labtest.New(t), server: labtest.New(t), dir: t.TempDir()}
	err := lab.Veth(
		lab.End{Namespace: n.server, Name: "eth0", Addrs: []netip.Prefix{server4, server6}},
		lab.End{Namespace: n.client, Name: "eth0", Addrs: []netip.Prefix{client4, client6}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range [][2]string{{"0.0.0.0/0", "192.0.2.1"}, {"::/0", "2001:db8::1"}} {
		if err := n.client.AddRoute(netip.MustParsePrefix(r[0]), netip.MustParseAddr(r[1])); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

var sockeye = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sockeye-e2e")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sockeye")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/sockeye").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := sockeye(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// get runs "sockeye get" in the client's namespace and returns its exit code and standard error.
func (n *network) get(args ...string) (code int, stderr string) {
	n.t.Helper()
	path, err := sockeye()
	if err != nil {
		n.t.Fatal(err)
	}
	return n.run(path, append([]string{"get", "-sS"}, args...)...)
}

// curl does the same with curl, over the kernel's TCP.
func (n *network) curl(args ...string) (code int, stderr string) {
	n.t.Helper()
	return n.run("curl", append([]string{"-sS"}, args...)...)
}

func (n *network) run(program string, args ...string) (code int, output string) {
	n.t.Helper()
	cmd := exec.Command(program, args...)
	diag, err := os.CreateTemp(n.dir, "stderr")
	if err != nil {
		n.t.Fatal(err)
	}
	defer diag.Close()
	cmd.Stdout, cmd.Stderr = diag, diag
	err = n.client.Run(cmd)
	b, _ := os.ReadFile(diag.Name())
	if err != nil && cmd.ProcessState == nil {
		n.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

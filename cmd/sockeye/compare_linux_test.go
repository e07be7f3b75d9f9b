package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// sockeyeCommand is the test program in the role of sockeye, as TestMain has it,
// in a process of its own: compare starts itself.
func sockeyeCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("measures for seconds")
	}
	if err := lab.CanNamespace(); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Args[0] = "sockeye"
	return cmd
}

func TestCompareInALaboratory(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	var out, diag bytes.Buffer
	cmd := sockeyeCommand(t, "compare", "--lab", "--mode", "fetch,upload", "--runs", "4", "--warmup", "1", "--bulk", "64K", "--json",
		"--seed", "3", "--csv", file("a.csv"), "--markdown", file("a.md"), "--bench", file("a.bench"), "--html", file("a.html"))
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, diag.String())
	}
	var r compare.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Schema != compare.Schema || r.Seed != 3 || len(r.Samples) != 2*4*4 || len(r.Verdicts) != 2 || len(r.Traces) != 3 {
		t.Errorf("schema %d, seed %d, %d samples, %d verdicts, %d traces", r.Schema, r.Seed, len(r.Samples), len(r.Verdicts), len(r.Traces))
	}
	for name, want := range map[string]string{"a.csv": "cell,size_bytes", "a.md": "# Our TCP", "a.html": "<svg", "a.bench": "BenchmarkUpload/series=user"} {
		if b, err := os.ReadFile(file(name)); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
}

func TestCompareAsserts(t *testing.T) {
	for _, tt := range []struct {
		assertion string
		code      int
	}{{"user/kernel < 1000", 0}, {"user/kernel > 1000", 1}} {
		cmd := sockeyeCommand(t, "compare", "--lab", "--mode", "pingpong", "--runs", "2", "--assert", tt.assertion)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code {
			t.Errorf("%s: exit code %d, want %d (%v)\n%s", tt.assertion, code, tt.code, err, out)
		}
	}
}

func TestCompareOverTheHostsRoute(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1/", "http://[2001:db8::1]/"} {
		t.Run(url, func(t *testing.T) { compareOverTheHostsRoute(t, url) })
	}
}

func compareOverTheHostsRoute(t *testing.T, url string) {
	cmd := sockeyeCommand(t, "compare", "--mode", "fetch,requests", "--runs", "2", "--warmup", "1", "--concurrency", "2", "--json", url)
	if strings.Contains(url, "[") {
		cmd.Args = append(cmd.Args, "-6")
	}
	world, host := labtest.New(t), labtest.New(t)
	addrs := func(list ...string) (prefixes []netip.Prefix) {
		for _, a := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(a))
		}
		return prefixes
	}
	err := lab.Veth(
		lab.End{Namespace: world, Name: "eth0", Addrs: addrs("192.0.2.1/24", "2001:db8::1/64")},
		lab.End{Namespace: host, Name: "eth0", Addrs: addrs("192.0.2.2/24", "2001:db8::2/64")})
	if err != nil {
		t.Fatal(err)
	}
	for dst, via := range map[string]string{"0.0.0.0/0": "192.0.2.1", "::/0": "2001:db8::1"} {
		if err := host.AddRoute(netip.MustParsePrefix(dst), netip.MustParseAddr(via)); err != nil {
			t.Fatal(err)
		}
	}
	servePages(t, world)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := host.Run(cmd); err != nil {
		t.Fatalf("%v: %s", err, diag.String())
	}
	var r compare.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	for _, w := range []compare.Workload{compare.Fetch, compare.Requests} {
		for _, s := range compare.AllSeries() {
			if n := len(r.Of(0, w, s, w.Metrics()[0].Name)); n != 2 {
				t.Errorf("%s over %s: %d samples, want 2", w, s, n)
			}
		}
	}
	// Everything has been taken back.
	if links := labtest.Output(t, host, "ip", "-br", "link"); strings.Contains(links, "sockeye") {
		t.Errorf("interfaces are left:\n%s", links)
	}
	if tables := labtest.Output(t, host, "nft", "list", "tables"); strings.Contains(tables, "sockeye") {
		t.Errorf("firewall tables are left:\n%s", tables)
	}
}

// servePages answers every request to a namespace's port 80.
func servePages(t *testing.T, n *lab.Namespace) {
	t.Helper()
	var l net.Listener
	labtest.Do(t, n, func() (err error) {
		l, err = net.Listen("tcp", ":80")
		return err
	})
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })}
	t.Cleanup(func() { srv.Close() })
	go srv.Serve(l)
}

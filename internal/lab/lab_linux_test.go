package lab_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// TestMain lets the test program play the program that starts itself again.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("LAB_TEST_CHILD") == "":
		os.Exit(m.Run())
	case lab.Inside():
		os.Exit(inside())
	}
	code, err := lab.Reexec()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
	os.Exit(code)
}

// inside makes what only root of a namespace may and reports it.
func inside() int {
	if err := lab.SetUp(); err != nil {
		fmt.Println(err)
		return 98
	}
	n, err := lab.New()
	if err != nil {
		fmt.Println(err)
		return 97
	}
	defer n.Close()
	ifs, _ := net.Interfaces()
	fmt.Printf("uid %d, %d interface, up %t\n", os.Getuid(), len(ifs), ifs[0].Flags&net.FlagUp != 0)
	if os.Getenv("LAB_TEST_CHILD") == "die" {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return 7
}

func TestReexecStartsTheProgramInANamespace(t *testing.T) {
	if err := lab.CanNamespace(); err != nil {
		t.Skip(err)
	}
	tests := []struct {
		name, mode string
		user       uint32
		code       int
	}{
		{"exit code", "exit", uint32(os.Getuid()), 7},
		{"killed", "die", uint32(os.Getuid()), 128 + 9},
		{"as nobody", "exit", 65534, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(testProgram(t))
			cmd.Env = append(os.Environ(), "LAB_TEST_CHILD="+tt.mode)
			if tt.user != uint32(os.Getuid()) {
				if os.Getuid() != 0 {
					t.Skip("only root can be somebody else")
				}
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: tt.user, Gid: tt.user}}
			}
			cmd.Dir = "/"
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != tt.code {
				if strings.Contains(string(out), "not allowed here") || strings.Contains(string(out), "switched off") {
					t.Skipf("%s", out)
				}
				t.Fatalf("ended with %v, want exit code %d; it said %s", err, tt.code, out)
			}
			if got, want := string(out), "uid 0, 1 interface, up true\n"; got != want {
				t.Errorf("it said %q, want %q", got, want)
			}
		})
	}
}

// testProgram copies this test program to where every user may execute it.
func testProgram(t *testing.T) string {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := dir + "/program"
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(name, b, 0o755)); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestVethJoinsNamespaces(t *testing.T) {
	a, b := labtest.New(t), labtest.New(t)
	err := lab.Veth(
		lab.End{Namespace: a, Name: "left", Addrs: prefixes("10.1.0.1/24", "fd01::1/64")},
		lab.End{Namespace: b, Name: "right", Addrs: prefixes("10.1.0.2/24", "fd01::2/64")},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"10.1.0.2:80", "[fd01::2]:80"} {
		t.Run(addr, func(t *testing.T) {
			var l net.Listener
			labtest.Do(t, b, func() (err error) { l, err = net.Listen("tcp", addr); return err })
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					io.WriteString(c, "hello")
					c.Close()
				}
			}()
			labtest.Do(t, a, func() error {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					return err
				}
				defer c.Close()
				got, err := io.ReadAll(c)
				if string(got) != "hello" {
					t.Errorf("read %q", got)
				}
				return err
			})
		})
	}
}

func TestAddRouteLeadsThroughARouter(t *testing.T) {
	n := labtest.New(t)
	other := labtest.New(t)
	if err := lab.Veth(lab.End{Namespace: n, Name: "eth0", Addrs: prefixes("10.1.0.1/24")}, lab.End{Namespace: other, Name: "eth0"}); err != nil {
		t.Fatal(err)
	}
	if err := n.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("10.1.0.2")); err != nil {
		t.Fatal(err)
	}
	labtest.Do(t, n, func() error {
		c, err := net.Dial("udp", "192.0.2.1:9")
		if err != nil {
			return err
		}
		defer c.Close()
		if got := c.LocalAddr().(*net.UDPAddr).IP.String(); got != "10.1.0.1" {
			t.Errorf("packets leave from %s", got)
		}
		return nil
	})
	if err := n.AddRoute(netip.MustParsePrefix("10.9.0.0/16"), netip.MustParseAddr("172.16.0.1")); err == nil {
		t.Error("a route by way of an unreachable router was taken")
	}
}

func TestCommandsRunInTheNamespaceAndEndWithIt(t *testing.T) {
	n, err := lab.New()
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("sh", "-c", "readlink /proc/self/ns/net; exec cat")
	in, _ := cmd.StdinPipe()
	defer in.Close()
	out, _ := cmd.StdoutPipe()
	if err := n.Start(cmd); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	k, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Readlink(n.Path())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.TrimSpace(line[:k])); got != want {
		t.Errorf("the command ran in %s, want %s", got, want)
	}
	if here, _ := os.Readlink("/proc/self/ns/net"); here == want {
		t.Error("this process itself moved into the namespace")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("the command was not killed: %v", cmd.ProcessState)
	}
}

func TestOutputQuotesTheComplaint(t *testing.T) {
	n := labtest.New(t)
	if got := labtest.Output(t, n, "echo", "x"); got != "x\n" {
		t.Errorf("got %q", got)
	}
	_, err := n.Output("sh", "-c", "echo broken >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
}

func TestDoPassesPanicsOn(t *testing.T) {
	n := labtest.New(t)
	defer func() {
		if got := recover(); got != "alarm" {
			t.Errorf("recovered %v", got)
		}
	}()
	n.Do(func() error { panic("alarm") })
}

func prefixes(s ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, s := range s {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

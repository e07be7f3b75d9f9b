package tun

// This file tests what happens after a process was killed.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// startHelper starts a process that sets up a Link and returns it and its input.
func startHelper(t *testing.T, n *lab.Namespace) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%t %t", helperEnv, forceForwardAll6, forceUnowned))
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
	onAllKernels(t, func(t *testing.T) {
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

func TestCleanRemovesRulesThatAreAllThatIsLeft(t *testing.T) {
	n := labtest.New(t)
	labtest.Do(t, n, func() error { return writeSysctl("net/ipv4/conf/all/forwarding", "1") })
	labtest.Output(t, n, "nft", "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }")
	before := snapshot(t, n)
	cmd, in := startHelper(t, n)
	defer in.Close()
	must(t, cmd.Process.Kill())
	n.Wait(cmd)
	labtest.Do(t, n, func() error {
		if c := checkLeftovers(); c.OK || c.Fix == "" {
			t.Errorf("Diagnose does not see the leftovers: %+v", c)
		}
		_, err := Clean()
		return err
	})
	wantUnchanged(t, n, before)
}

func TestProcessStartOfLivingAndDead(t *testing.T) {
	self, err := processStart("self")
	must(t, err)
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	pid := strconv.Itoa(cmd.Process.Pid)
	if got, err := processStart(pid); err != nil || got < self {
		t.Errorf("a living child started at %d, %v; we at %d", got, err, self)
	}
	in.Close()
	io.Copy(io.Discard, out) // it ends; nobody has waited for it
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if _, err = processStart(pid); err != nil || time.Now().After(deadline) {
			break
		}
	}
	if !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a zombie: got %v, want os.ErrProcessDone", err)
	}
	cmd.Wait()
	if _, err := processStart(pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dead process: got %v, want fs.ErrNotExist", err)
	}
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

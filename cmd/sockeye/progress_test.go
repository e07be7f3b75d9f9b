//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What appears on terminals, seen through a pseudo-terminal.

// openTerminal returns a terminal and a function that closes it and returns what it showed.
func openTerminal(t *testing.T) (*os.File, func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs a pseudo-terminal: %v", err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("needs a pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs a pseudo-terminal: %v", err)
	}
	shown := make(chan string)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, master) // ends with EIO when the slave is closed
		shown <- b.String()
	}()
	return slave, func() string {
		slave.Close()
		defer master.Close()
		return <-shown
	}
}

func TestMeter(t *testing.T) {
	url := "http://" + startServer(t)
	file := filepath.Join(t.TempDir(), "out")
	bar := regexp.MustCompile(`100% \[#+\]`)
	for _, tt := range []struct {
		name     string
		args     []string
		terminal bool // standard output is one, too
		want     bool
	}{
		{"body in a file", []string{"-o", file}, true, true},
		{"plain", []string{"-#", "-o", file}, true, true},
		{"body in a pipe", nil, false, true},
		{"body on the terminal", nil, true, false},
		{"silent", []string{"-s", "-o", file}, true, false},
		{"no meter", []string{"--no-progress-meter", "-o", file}, true, false},
		{"verbose", []string{"-v", "-o", file}, true, false},
		{"no body", []string{"-I", "-o", file}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			terminal, shown := openTerminal(t)
			var stdout io.Writer = new(bytes.Buffer)
			if tt.terminal {
				stdout = terminal
			}
			args := append([]string{"get", "--stack", "kernel", url + "/"}, tt.args...)
			if code := run(t.Context(), args, nil, stdout, terminal); code != 0 {
				t.Errorf("exit code %d", code)
			}
			text := shown()
			if got := bar.MatchString(text); got != tt.want {
				t.Errorf("meter %v, want %v: %q", got, tt.want, text)
			}
			if strings.Contains(text, "6 B") && tt.name == "plain" {
				t.Errorf("numbers beside the plain bar: %q", text)
			}
		})
	}
}

func TestNoMeterWithoutATerminal(t *testing.T) {
	got := sockeyeGet(t, "", "-o", filepath.Join(t.TempDir(), "out"), "http://"+startServer(t)+"/")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q, want 0 and nothing", got.code, got.stderr)
	}
}

func TestBinaryOnATerminal(t *testing.T) {
	url := "http://" + startServer(t) + "/nul"
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"not asked for", nil, 23, "sockeye: (23) Binary output can mess up your terminal\r\n  hint: \"--output -\" sends it there all the same, \"--output FILE\" saves it\r\n"},
		{"asked for", []string{"-o", "-"}, 0, "a\x00b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			terminal, shown := openTerminal(t)
			code := run(t.Context(), append([]string{"get", "--stack", "kernel", url}, tt.args...), nil, terminal, terminal)
			if text := shown(); code != tt.code || text != tt.want {
				t.Errorf("exit code %d, shown %q, want %d, %q", code, text, tt.code, tt.want)
			}
		})
	}
}

func TestVerboseHidesDataThatIsOnTheTerminal(t *testing.T) {
	terminal, shown := openTerminal(t)
	run(t.Context(), []string{"get", "--stack", "kernel", "-v", "http://" + startServer(t) + "/"}, nil, terminal, terminal)
	if text := shown(); strings.Contains(text, "bytes data]") || !strings.Contains(text, "hello") {
		t.Errorf("got %q", text)
	}
}

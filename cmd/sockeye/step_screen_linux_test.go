package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The full screen on a pseudo-terminal of 80 by 24.

// A screen is sockeye on a pseudo-terminal.
type screenTest struct {
	t      *testing.T
	master *os.File
	output chan []byte
	seen   []byte
	code   chan int
	stderr bytes.Buffer
}

// onScreen starts sockeye on a pseudo-terminal.
func onScreen(t *testing.T, args ...string) *screenTest {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: " + err.Error())
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip("no pseudo-terminals: " + err.Error())
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: " + err.Error())
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("LC_ALL", "C.UTF-8")
	s := &screenTest{t: t, master: master, output: make(chan []byte, 1000), code: make(chan int, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_ = master.Close()
	})
	go s.read()
	go func() {
		s.code <- run(ctx, args, slave, slave, &s.stderr)
		_ = slave.Close()
	}()
	return s
}

// read passes on what the program writes.
func (s *screenTest) read() {
	defer close(s.output)
	for {
		buf := make([]byte, 4096)
		n, err := s.master.Read(buf)
		if n > 0 {
			s.output <- buf[:n]
		}
		if err != nil {
			return
		}
	}
}

// wait waits until a text shows that matches.
func (s *screenTest) wait(pattern string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	timeout := time.After(20 * time.Second)
	for !re.Match(s.seen) {
		select {
		case b, ok := <-s.output:
			if !ok {
				s.t.Fatalf("the program has ended, and %q has not shown: %q", pattern, s.seen)
			}
			s.seen = append(s.seen, b...)
		case <-timeout:
			s.t.Fatalf("%q has not shown: %q", pattern, s.seen)
		}
	}
	s.seen = s.seen[re.FindIndex(s.seen)[1]:]
}

// press types keys.
func (s *screenTest) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end.
func (s *screenTest) exits(want int) {
	s.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case got := <-s.code:
			if got != want {
				s.t.Errorf("exit code %d, want %d: %s", got, want, s.stderr.String())
			}
			return
		case b := <-s.output: // or the program waits for us
			s.seen = append(s.seen, b...)
		case <-timeout:
			s.t.Fatal("the program does not end")
		}
	}
}

func TestLessonOnTheScreen(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	s := onScreen(t, "step", "handshake")
	s.wait("The three-way handshake")
	s.press(" ")
	s.press(" ")
	s.wait("1 in flight")
	s.press("q")
	s.exits(0)
}

func TestListOfLessonsOnTheScreen(t *testing.T) {
	s := onScreen(t, "step")
	s.wait("Lessons: step through TCP")
	s.press("\r")
	s.wait("step 0 of 7")
	s.press("q")
	s.wait("Lessons: step through TCP")
	s.press("q")
	s.exits(0)
}

func TestLastScreenStays(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	s := onScreen(t, "step", "handshake", "--preserve-screen")
	s.wait("step 0 of 7")
	s.press("q")
	s.exits(0)
	s.wait(`\x1b\[\?1049l(?s:.*)Two ends agree`) // behind the end of the other screen
	if color := regexp.MustCompile("\x1b\\[[0-9;]*3[0-9]m"); color.Match(s.seen) {
		t.Errorf("there are colours: %q", s.seen)
	}
}

func TestFailingScriptOnTheScreen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fail.pkt")
	script := "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n" +
		"+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 2 <...>\n"
	if err := os.WriteFile(name, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	s := onScreen(t, "step", name)
	s.wait("step 0 of")
	s.press("G")
	s.wait("Here the host departs from the script")
	s.press("q")
	s.exits(1)
	if !strings.Contains(s.stderr.String(), "fail.pkt:5: the host's packet differs in acknowledgement") {
		t.Errorf("got %q", s.stderr.String())
	}
}

func TestInterruptedScreen(t *testing.T) {
	s := onScreen(t, "step", "handshake")
	s.wait("step 0 of 7")
	s.press("\x03")
	s.exits(0)
}

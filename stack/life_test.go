package stack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// How connections and stacks end.

// conns returns two connected connections between a and b.
func conns(t *testing.T, a, b *Net) (c1, c2 *Conn) {
	t.Helper()
	x, y, err := connect(a, b, "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); y.Close() })
	return x.(*Conn), y.(*Conn)
}

// Close does not wait, and what was written arrives all the same.
func TestCloseDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		c1, c2 := conns(t, a, b)
		want := bytes.Repeat([]byte("x"), 1<<20)
		if _, err := c1.Write(want); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := c1.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
		got, err := io.ReadAll(c2)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes and error %v, want %d bytes", len(got), err, len(want))
		}
		c2.Close()
		time.Sleep(5 * time.Minute)
		if got := a.Stats().Connections + b.Stats().Connections; got != 0 {
			t.Errorf("%d connections are left after TIME-WAIT", got)
		}
	})
}

func TestLinger(t *testing.T) {
	for _, tt := range []struct {
		name   string
		linger int
		reads  bool // the peer reads what was sent
		took   time.Duration
		err    error // at the peer
	}{
		{"0 resets", 0, false, 0, syscall.ECONNRESET},
		{"10 s, peer reads", 10, true, 0, nil},
		{"10 s, peer does not read", 10, false, 10 * time.Second, nil},
		{"off", -1, false, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newPair(t, Config{TCP: tcp.Config{RecvBuffer: 4096}})
				c1, c2 := conns(t, a, b)
				if err := c1.SetLinger(tt.linger); err != nil {
					t.Fatal(err)
				}
				if _, err := c1.Write(make([]byte, 64<<10)); err != nil {
					t.Fatal(err)
				}
				if tt.reads {
					go io.Copy(io.Discard, c2)
				}
				synctest.Wait()
				start := time.Now()
				if err := c1.Close(); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < tt.took || took > tt.took+time.Second/2 {
					t.Errorf("Close took %v, want %v", took, tt.took)
				}
				if !tt.reads {
					if _, err := io.Copy(io.Discard, c2); !errors.Is(err, tt.err) {
						t.Errorf("the peer got error %v, want %v", err, tt.err)
					}
				}
			})
		})
	}
}

// Half-closed, each direction on its own.
func TestHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		c1, c2 := conns(t, a, b)
		c1.Write([]byte("question"))
		if err := c1.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c2); string(got) != "question" || err != nil {
			t.Errorf("got %q, %v; want the question and the end", got, err)
		}
		c2.Write([]byte("answer"))
		c2.CloseWrite()
		if got, err := io.ReadAll(c1); string(got) != "answer" || err != nil {
			t.Errorf("got %q, %v; want the answer and the end", got, err)
		}
		// CloseRead leaves what is there; the end comes behind it.
		c3, c4 := conns(t, a, b)
		c4.Write([]byte("there"))
		synctest.Wait()
		c3.CloseRead()
		if got, err := io.ReadAll(c3); string(got) != "there" || err != nil {
			t.Errorf("after CloseRead: got %q, %v; want what was there and the end", got, err)
		}
		if _, err := c3.Write([]byte("still")); err != nil {
			t.Errorf("writing after CloseRead: %v", err)
		}
	})
}

// Close of the stack wakes every blocked call.
func TestCloseWakesEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		c1, c2 := conns(t, a, b)
		ln, err := a.Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.ListenPacket("udp", ":53")
		if err != nil {
			t.Fatal(err)
		}
		calls := map[string]func() error{
			"read":     func() error { return second(c1.Read(make([]byte, 1))) },
			"write":    func() error { return second(c1.Write(make([]byte, 64<<20))) },
			"accept":   func() error { return second(ln.Accept()) },
			"dial":     func() error { return second(a.Dial("tcp", "10.0.0.99:80")) },
			"readfrom": func() error { _, _, err := p.ReadFrom(make([]byte, 1)); return err },
		}
		var wg sync.WaitGroup
		for name, call := range calls {
			wg.Go(func() {
				if err := call(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: got error %v, want net.ErrClosed", name, err)
				}
			})
		}
		synctest.Wait()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if err := a.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: got error %v, want net.ErrClosed", name, err)
			}
		}
		// The peer was told.
		if _, err := io.Copy(io.Discard, c2); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the peer got error %v, want %v", err, syscall.ECONNRESET)
		}
	})
}

// Close does not wait for a device that is full, nor for one that nobody reads.
func TestCloseOnFullDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, _ := newNarrowPair(1)
		n := newNet(t, dev, Config{Addrs: addrsA})
		failed := make(chan error)
		for range 5 {
			go func() { failed <- second(n.Dial("tcp", "10.0.0.2:80")) }()
		}
		synctest.Wait()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := <-failed; !errors.Is(err, net.ErrClosed) {
				t.Errorf("got error %v, want net.ErrClosed", err)
			}
		}
	})
}

func TestShutdown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration // the owner closes its connection; 0: never
		limit time.Duration
		took  time.Duration
		want  error
	}{
		{"waits for the owner", 3 * time.Second, time.Minute, 3 * time.Second, nil},
		{"gives up with the context", 0, 10 * time.Second, 10 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newPair(t, Config{})
				ln, _ := a.Listen("tcp", ":80")
				c1, c2 := conns(t, a, b)
				c1.Write([]byte("last words"))
				go func() {
					got, _ := io.ReadAll(c2)
					if tt.want == nil && string(got) != "last words" {
						t.Errorf("the peer got %q, want the last words", got)
					}
					c2.Close()
				}()
				if tt.after > 0 {
					time.AfterFunc(tt.after, func() { c1.Close() })
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				start := time.Now()
				if err := a.Shutdown(ctx); !errors.Is(err, tt.want) {
					t.Errorf("got error %v, want %v", err, tt.want)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("accept: got error %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

// A device that fails takes everything with it: the network is down.
func TestDeviceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, _ := tun.NewPipe(1500)
		n := newNet(t, dev, Config{Addrs: addrsA})
		c1, _ := conns2(t, n)
		blocked := make(chan error)
		go func() { blocked <- second(c1.Read(make([]byte, 1))) }()
		synctest.Wait()
		dev.Close()
		if err := <-blocked; !errors.Is(err, syscall.ENETDOWN) {
			t.Errorf("blocked read: got error %v, want %v", err, syscall.ENETDOWN)
		}
		for name, err := range map[string]error{
			"read":   second(c1.Read(make([]byte, 1))),
			"write":  second(c1.Write([]byte("x"))),
			"dial":   second(n.Dial("tcp", "10.0.0.2:80")),
			"listen": second(n.Listen("tcp", ":81")),
		} {
			if !errors.Is(err, syscall.ENETDOWN) {
				t.Errorf("%s: got error %v, want %v", name, err, syscall.ENETDOWN)
			}
		}
	})
}

// conns2 returns both ends of a connection of a stack with itself.
func conns2(t *testing.T, n *Net) (c1, c2 *Conn) {
	t.Helper()
	x, y, err := connect(n, n, "10.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return x.(*Conn), y.(*Conn)
}

// Deadlines can be moved and cleared while a call waits.
func TestDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		c1, c2 := conns(t, a, b)
		read := func() (time.Duration, error) {
			start := time.Now()
			_, err := c1.Read(make([]byte, 1))
			return time.Since(start), err
		}
		c1.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(500*time.Millisecond, func() { c1.SetReadDeadline(time.Now().Add(2 * time.Second)) })
		if took, err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || took != 2500*time.Millisecond {
			t.Errorf("extended: got %v after %v, want a timeout after 2.5s", err, took)
		}
		if took, err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || took != 0 {
			t.Errorf("over: got %v after %v, want a timeout at once", err, took)
		}
		c1.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(500*time.Millisecond, func() { c1.SetReadDeadline(time.Time{}) })
		time.AfterFunc(5*time.Second, func() { c2.Write([]byte("x")) })
		if took, err := read(); err != nil || took != 5*time.Second {
			t.Errorf("cleared: got %v after %v, want data after 5s", err, took)
		}
		time.AfterFunc(time.Second, func() { c1.SetDeadline(time.Unix(1, 0)) })
		if took, err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || took != time.Second {
			t.Errorf("moved into the past: got %v after %v, want a timeout after 1s", err, took)
		}
	})
}

// A new stack needs an address, and takes its MTU from the device.
func TestNew(t *testing.T) {
	dev, _ := tun.NewPipe(1400)
	if _, err := New(dev, Config{}); err == nil {
		t.Error("New without an address: got no error")
	}
	n := newNet(t, dev, Config{Addrs: addrsA, MTU: 9000})
	if got := n.MTU(); got != 1400 {
		t.Errorf("got MTU %d, want that of the device, 1400", got)
	}
	if got := n.Addrs(); len(got) != 2 || got[0] != addrsA[0] {
		t.Errorf("got addresses %v, want %v", got, addrsA)
	}
}

package stack

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Data goes over whole, both ways at once, by many connections, over devices that are full.

// exchange sends data both ways over a connection at once and compares.
func exchange(c1, c2 net.Conn, size int) error {
	errs := make(chan error, 4)
	for i, pair := range [2][2]net.Conn{{c1, c2}, {c2, c1}} {
		data := make([]byte, size)
		rand.NewChaCha8([32]byte{byte(i)}).Read(data)
		go func() {
			if _, err := pair[0].Write(data); err != nil {
				errs <- err
				return
			}
			errs <- pair[0].(interface{ CloseWrite() error }).CloseWrite()
		}()
		go func() {
			h := sha256.New()
			n, err := io.Copy(h, pair[1])
			if err == nil && (n != int64(size) || !bytes.Equal(h.Sum(nil), sum(data))) {
				err = fmt.Errorf("got %d bytes that differ from the %d sent", n, size)
			}
			errs <- err
		}()
	}
	var first error
	for range 4 {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

func TestTransfer(t *testing.T) {
	for _, tt := range []struct {
		name string
		pair func(*testing.T) (a, b *Net)
		size int
	}{
		{"over a pipe", func(t *testing.T) (a, b *Net) { return newPair(t, Config{}) }, 20 << 20},
		{"within one stack", func(t *testing.T) (a, b *Net) { _, b = newPair(t, Config{}); return b, b }, 20 << 20},
		{"over a device with room for one packet", func(t *testing.T) (a, b *Net) { return newNarrowNets(t, 1) }, 4 << 20},
		{"over a device with room for three packets", func(t *testing.T) (a, b *Net) { return newNarrowNets(t, 3) }, 4 << 20},
		{"with small buffers", func(t *testing.T) (a, b *Net) {
			return newPair(t, Config{TCP: tcp.Config{RecvBuffer: 4096, SendBuffer: 4096}})
		}, 1 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// In a bubble, so that a busy machine causes no timeouts.
			synctest.Test(t, func(t *testing.T) {
				a, b := tt.pair(t)
				c1, c2, err := connect(a, b, "10.0.0.2:0")
				if err != nil {
					t.Fatal(err)
				}
				defer c1.Close()
				defer c2.Close()
				if err := exchange(c1, c2, tt.size); err != nil {
					t.Error(err)
				}
				if got := c1.(*Conn).Info().Stats.Retransmits; got != 0 {
					t.Errorf("%d segments were sent again: something inside of us was lost", got)
				}
			})
		})
	}
}

// Over a network that loses, delays, reorders, duplicates and damages, everything arrives.
func TestTransferOverABadNetwork(t *testing.T) {
	for _, text := range []string{
		"loss=1%,delay=20ms", "loss=10%,delay=5ms", "reorder=10%,delay=10ms,jitter=5ms", "duplicate=10%", "corrupt=2%,delay=10ms",
		"rate=20Mbit,delay=10ms,queue=50",
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				imp, err := tun.ParseImpairment(text)
				if err != nil {
					t.Fatal(err)
				}
				imp.Seed = 1
				da, db := tun.NewPipe(1500)
				a := newNet(t, tun.Impair(da, imp), Config{Addrs: addrsA})
				b := newNet(t, tun.Impair(db, imp), Config{Addrs: addrsB})
				c1, c2 := conns(t, a, b)
				if err := exchange(c1, c2, 2<<20); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestManyConnections(t *testing.T) {
	for _, tt := range []struct {
		name string
		pair func(*testing.T) (a, b *Net)
	}{
		{"over a pipe", func(t *testing.T) (a, b *Net) { return newPair(t, Config{}) }},
		{"over a narrow device", func(t *testing.T) (a, b *Net) { return newNarrowNets(t, 2) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := tt.pair(t)
			ln, err := b.Listen("tcp", ":80")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			var wg sync.WaitGroup
			wg.Go(func() {
				for range 100 {
					c, err := ln.Accept()
					if err != nil {
						t.Error(err)
						return
					}
					wg.Go(func() {
						defer c.Close()
						io.Copy(c, c)
					})
				}
			})
			for i := range 100 {
				wg.Go(func() {
					if err := echoStream(a, fmt.Sprint("connection ", i)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// echoStream sends some text and wants it back, followed by the end.
func echoStream(n *Net, text string) error {
	c, err := n.Dial("tcp", "10.0.0.2:80")
	if err != nil {
		return err
	}
	defer c.Close()
	want := bytes.Repeat([]byte(text), 1000)
	if _, err := c.Write(want); err != nil {
		return err
	}
	if err := c.(*Conn).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("got %d bytes back, want %d", len(got), len(want))
	}
	return err
}

// In a bubble everything that blocks must block on channels and the like, or time stands still.
func TestStackRunsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		c1, c2, err := connect(a, b, "10.0.0.2:0")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := exchange(c1, c2, 1<<20); err != nil {
			t.Error(err)
		}
		time.Sleep(24 * time.Hour)
		c1.Close()
		c2.Close()
		if took := time.Since(start); took < 24*time.Hour || took > 25*time.Hour {
			t.Errorf("took %v of virtual time", took)
		}
	})
}

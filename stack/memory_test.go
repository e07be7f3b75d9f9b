package stack

import (
	"io"
	"testing"
	"testing/synctest"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Writers that share too little memory take turns, and none waits for ever.
func TestSharedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{TCP: tcp.Config{Memory: &tcp.Memory{Limit: 64 << 10}}})
		const size = 1 << 20
		done := make(chan error)
		for range 4 {
			c1, c2 := conns(t, a, b)
			go func() { done <- second(c1.Write(make([]byte, size))) }()
			go func() { done <- second(io.CopyN(io.Discard, c2, size)) }()
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// Package testserver runs small TCP servers for tests, on the kernel's loopback.
package testserver

import (
	"net"
	"sync"
	"testing"
)

// Serve hands every connection to handle, in a goroutine of its own, and closes it afterwards. It returns the
// server's address. The server ends with the test, which waits for handle to return.
func Serve(tb testing.TB, handle func(net.Conn)) (address string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	tb.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	return l.Addr().String()
}

package stack

import (
	"io"
	"testing"
)

// What a byte and a round trip cost between two stacks in one process.

func BenchmarkThroughput(b *testing.B) {
	x, y := newPair(b, Config{})
	c1, c2, err := connect(x, y, "10.0.0.2:0")
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	done := make(chan error)
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c2}, make([]byte, 64<<10))
		done <- err
	}()
	for b.Loop() {
		if _, err := c1.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	c1.(*Conn).CloseWrite()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	x, y := newPair(b, Config{})
	c1, c2, err := connect(x, y, "10.0.0.2:0")
	if err != nil {
		b.Fatal(err)
	}
	go io.Copy(c2, c2)
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c1.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c1, buf); err != nil {
			b.Fatal(err)
		}
	}
}

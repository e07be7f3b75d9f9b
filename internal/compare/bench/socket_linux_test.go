package bench

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
)

func TestSocketsKeepPacketsApart(t *testing.T) {
	near, file, err := socketPair(1500)
	if err != nil {
		t.Fatal(err)
	}
	far, err := newSocketDevice(file, 1500)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	want := [][]byte{bytes.Repeat([]byte{1}, 40), bytes.Repeat([]byte{2}, 1500), {3}}
	var pkts []*ip.Packet
	for _, b := range want {
		pkts = append(pkts, &ip.Packet{Header: b[:1], Payload: [][]byte{b[1:]}})
	}
	if n, err := near.Write(pkts); n != len(pkts) || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	bufs := make([]*ip.Buffer, 8)
	n, err := far.Read(bufs)
	if n != len(want) || err != nil {
		t.Fatalf("read %d packets, %v; want %d", n, err, len(want))
	}
	for i, b := range bufs[:n] {
		if !bytes.Equal(b.Data, want[i]) {
			t.Errorf("packet %d: %d bytes, want %d", i, len(b.Data), len(want[i]))
		}
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Read(bufs); err == nil {
		t.Error("the other end is gone and Read does not say so")
	}
	if _, err := near.Read(bufs); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close: %v, want net.ErrClosed", err)
	}
}

func TestSocketsWaitForRoom(t *testing.T) {
	near, file, err := socketPair(1500)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := newSocketDevice(file, 1500)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	pkts := make([]*ip.Packet, 10000)
	for i := range pkts {
		pkts[i] = &ip.Packet{Header: make([]byte, 1500)}
	}
	n, err := near.Write(pkts)
	if n == 0 || n == len(pkts) || err != nil {
		t.Fatalf("nobody reads and %d packets fit, %v", n, err)
	}
	got := make(chan int)
	go func() {
		bufs, read := make([]*ip.Buffer, 64), 0
		for read < len(pkts) {
			k, err := far.Read(bufs)
			if err != nil {
				break
			}
			read += k
		}
		got <- read
	}()
	if err := writeAll(near, pkts[n:]); err != nil {
		t.Fatal(err)
	}
	if read := <-got; read != len(pkts) {
		t.Errorf("%d of %d packets came", read, len(pkts))
	}
}

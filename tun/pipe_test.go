package tun

import (
	"bytes"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/sockeye-tcp/sockeye/ip"
)

// packet returns a packet whose header is h and whose payload is the rest.
func packet(h string, payload ...string) *ip.Packet {
	p := new(ip.Packet)
	p.Reset()
	p.Header = append(p.Header, h...)
	for _, s := range payload {
		p.Payload = append(p.Payload, []byte(s))
	}
	return p
}

// readAll reads once and returns the packets as strings.
func readAll(t *testing.T, d Device) []string {
	t.Helper()
	bufs := make([]*ip.Buffer, 16)
	n, err := d.Read(bufs)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	var got []string
	for _, b := range bufs[:n] {
		got = append(got, string(b.Data))
		b.Free()
	}
	return got
}

func TestPipeCarriesPacketsWholeAndInOrder(t *testing.T) {
	a, b := NewPipe(100)
	defer a.Close()
	defer b.Close()
	payload := []byte("payload")
	first := packet("header ")
	first.Payload = append(first.Payload, payload, []byte(" in two slices"))
	tooLong := packet(string(make([]byte, 101)))
	n, err := a.Write([]*ip.Packet{first, tooLong, packet("second")})
	if n != 3 || err != nil {
		t.Fatalf("Write = %d, %v, want 3, nil", n, err)
	}
	copy(payload, "changed") // the pipe must have copied it
	got := readAll(t, b)
	want := []string{"header payload in two slices", "second"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("read %q, want %q", got, want)
	}
	if b.MTU() != 100 {
		t.Errorf("MTU = %d, want 100", b.MTU())
	}
}

func TestPipeFullQueueTakesFewerAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := NewPipe(1500)
		pkts := make([]*ip.Packet, pipeQueue+3)
		for i := range pkts {
			pkts[i] = packet("p")
		}
		if n, err := a.Write(pkts); n != pipeQueue || err != nil {
			t.Fatalf("Write = %d, %v, want %d, nil", n, err, pipeQueue)
		}
		if n, _ := a.Write(pkts); n != 0 {
			t.Fatalf("Write to a full pipe took %d", n)
		}
		room := make(chan error, 1)
		go func() { room <- a.WaitWritable() }()
		synctest.Wait()
		if len(room) != 0 {
			t.Fatal("WaitWritable returned although the pipe is full")
		}
		if got := len(readAll(t, b)); got != 16 {
			t.Fatalf("read %d packets, want 16", got)
		}
		if err := <-room; err != nil {
			t.Fatalf("WaitWritable: %v", err)
		}
		if n, _ := a.Write(pkts); n != 16 {
			t.Fatalf("Write took %d, want the 16 that were read", n)
		}
		a.Close()
		b.Close()
	})
}

func TestPipeCloseUnblocks(t *testing.T) {
	full := make([]*ip.Packet, pipeQueue)
	for i := range full {
		full[i] = packet("p")
	}
	tests := []struct {
		name string
		call func(d Device) error
	}{
		{"read", func(d Device) error { _, err := d.Read(make([]*ip.Buffer, 1)); return err }},
		{"wait for room", func(d Device) error { return d.WaitWritable() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := NewPipe(1500)
				a.Write(full)
				got := make(chan error, 1)
				go func() { got <- tt.call(a) }()
				synctest.Wait()
				if len(got) != 0 {
					t.Fatal("call did not block")
				}
				a.Close()
				a.Close()
				if err := <-got; !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v, want net.ErrClosed", err)
				}
				if _, err := a.Write(full); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write after Close: %v, want net.ErrClosed", err)
				}
				b.Close()
			})
		})
	}
}

func TestPipeWithFarEndClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := NewPipe(1500)
		full := make([]*ip.Packet, pipeQueue+1)
		for i := range full {
			full[i] = packet("p")
		}
		a.Write(full)
		room := make(chan error, 1)
		go func() { room <- a.WaitWritable() }()
		synctest.Wait()
		b.Close()
		if err := <-room; err != nil {
			t.Errorf("WaitWritable: %v, want nil: packets are lost, not kept", err)
		}
		if n, err := a.Write(full); n != len(full) || err != nil {
			t.Errorf("Write = %d, %v, want %d, nil", n, err, len(full))
		}
		a.Close()
	})
}

func TestBufferSizesAndReuse(t *testing.T) {
	for _, n := range []int{0, 1, smallBuffer, smallBuffer + 1, 65575, largeBuffer + 1} {
		b := NewBuffer(n)
		if len(b.Data) != n {
			t.Errorf("NewBuffer(%d) has %d bytes", n, len(b.Data))
		}
		if n <= smallBuffer && cap(b.Data) != smallBuffer {
			t.Errorf("NewBuffer(%d) pins %d bytes", n, cap(b.Data))
		}
		b.GSOSize, b.ChecksumOK, b.At = 1, true, 7
		b.Free()
		b.Free()
		c := NewBuffer(n)
		if c.GSOSize != 0 || c.ChecksumOK || c.At != 0 {
			t.Errorf("a buffer came back with marks of its former life: %+v", c)
		}
		c.Free()
	}
}

func TestPipeAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	a, b := NewPipe(1500)
	defer a.Close()
	defer b.Close()
	pkts := []*ip.Packet{packet("header", string(bytes.Repeat([]byte("x"), 1400)))}
	bufs := make([]*ip.Buffer, 1)
	got := testing.AllocsPerRun(1000, func() {
		a.Write(pkts)
		b.Read(bufs)
		bufs[0].Free()
	})
	if got != 0 {
		t.Errorf("a packet through the pipe allocates %v times, want 0", got)
	}
}

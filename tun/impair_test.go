package tun

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

func mustParse(t *testing.T, s string) Impairment {
	t.Helper()
	imp, err := ParseImpairment(s)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

// A timed packet arrived at a time.
type timed struct {
	text string
	at   time.Duration
}

// collect reads until the device is closed.
func collect(d Device, start time.Time) <-chan []timed {
	done := make(chan []timed, 1)
	go func() {
		var got []timed
		bufs := make([]*ip.Buffer, 7)
		for {
			n, err := d.Read(bufs)
			if err != nil {
				done <- got
				return
			}
			for _, b := range bufs[:n] {
				got = append(got, timed{string(b.Data), time.Since(start)})
				b.Free()
			}
		}
	}()
	return done
}

func TestImpairDelaysEachDirectionByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		near := Impair(a, mustParse(t, "out.delay=20ms,in.delay=7ms"))
		start := time.Now()
		out, in := collect(far, start), collect(near, start)
		near.Write([]*ip.Packet{packet("to ", "the far end")})
		far.Write([]*ip.Packet{packet("to the near end")})
		time.Sleep(time.Second)
		near.Close()
		far.Close()
		// The wire's clock starts at one nanosecond, so nothing is added.
		if got, want := <-out, []timed{{"to the far end", 20 * time.Millisecond}}; !slices.Equal(got, want) {
			t.Errorf("far end got %v, want %v", got, want)
		}
		if got, want := <-in, []timed{{"to the near end", 7 * time.Millisecond}}; !slices.Equal(got, want) {
			t.Errorf("near end got %v, want %v", got, want)
		}
	})
}

// runImpaired sends n packets each way, one a millisecond, and returns what
// arrived at both ends.
func runImpaired(t *testing.T, imp Impairment, n int) (out, in []timed, stats [2]impair.Stats) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		near := Impair(a, imp)
		start := time.Now()
		atFar, atNear := collect(far, start), collect(near, start)
		for i := range n {
			p := []*ip.Packet{packet(fmt.Sprintf("packet %d", i))}
			near.Write(p)
			far.Write(p)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		stats[0], stats[1] = near.Stats()
		near.Close()
		far.Close()
		out, in = <-atFar, <-atNear
	})
	return out, in, stats
}

func TestImpairIsTheSameForTheSameSeed(t *testing.T) {
	const text = "loss=5%,reorder=10%,duplicate=2%,corrupt=1%,delay=20ms,jitter=5ms,rate=10Mbit,queue=100,seed=7"
	out, in, stats := runImpaired(t, mustParse(t, text), 1000)
	out2, in2, stats2 := runImpaired(t, mustParse(t, text), 1000)
	if !slices.Equal(out, out2) || !slices.Equal(in, in2) || stats != stats2 {
		t.Error("two runs with one seed differ")
	}
	if slices.Equal(out, in) {
		t.Error("both directions met the same fate")
	}
	for i, arrived := range [][]timed{in, out} {
		s := stats[i]
		if s.Pushed != 1000 || uint64(len(arrived)) != s.Pushed+s.Duplicated-s.Lost-s.Full {
			t.Errorf("%d arrived, which does not fit %+v", len(arrived), s)
		}
		if s.Lost == 0 || s.Reordered == 0 || s.Duplicated == 0 || s.Corrupted == 0 {
			t.Errorf("some fault never happened: %+v", s)
		}
	}
}

func TestImpairCarriesEverythingThroughASlowDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		near := Impair(a, Impairment{})
		defer far.Close()
		defer near.Close()
		total := impair.MaxHeld + pipeQueue + 1000
		pkts := make([]*ip.Packet, total)
		p := packet("p")
		for i := range pkts {
			pkts[i] = p
		}
		sent, _ := near.Write(pkts)
		if sent == total {
			t.Fatal("everything was taken: there is no bound")
		}
		room := make(chan error, 1)
		go func() { room <- near.WaitWritable() }()
		read := 0
		bufs := make([]*ip.Buffer, 100)
		for read < total {
			n, err := far.Read(bufs)
			if err != nil {
				t.Fatal(err)
			}
			freeAll(bufs[:n])
			read += n
			synctest.Wait()
			if sent < total && len(room) > 0 {
				if err := <-room; err != nil {
					t.Fatal(err)
				}
				n, _ := near.Write(pkts[sent:])
				sent += n
				go func() { room <- near.WaitWritable() }()
			}
		}
		if in, out := near.Stats(); out.Full != 0 || in.Pushed != 0 {
			t.Errorf("packets were dropped because the device is slow: %+v", out)
		}
		synctest.Wait()
	})
}

func TestImpairDropsPacketsThatAreTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(100)
		near := Impair(a, Impairment{})
		if n, err := near.Write([]*ip.Packet{packet(string(make([]byte, 101))), packet("good")}); n != 2 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
		if got := readAll(t, far); len(got) != 1 || got[0] != "good" {
			t.Errorf("got %q", got)
		}
		if near.MTU() != 100 {
			t.Errorf("MTU %d", near.MTU())
		}
		near.Close()
		far.Close()
	})
}

func TestImpairCloseUnblocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		near := Impair(a, mustParse(t, "delay=1s"))
		near.Write([]*ip.Packet{packet("on its way for ever")})
		got := make(chan error, 1)
		go func() { _, err := near.Read(make([]*ip.Buffer, 1)); got <- err }()
		synctest.Wait()
		near.Close()
		near.Close()
		if err := <-got; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: %v, want net.ErrClosed", err)
		}
		if _, err := near.Write([]*ip.Packet{packet("x")}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v, want net.ErrClosed", err)
		}
		far.Close()
	})
}

// A dying device is one whose Read returns its packets and then an error.
type dyingDevice struct {
	*Pipe
	packets int
	err     error
}

func (d *dyingDevice) Read(bufs []*ip.Buffer) (int, error) {
	if d.packets == 0 {
		return 0, d.err
	}
	d.packets--
	bufs[0] = NewBuffer(1)
	return 1, nil
}

func (d *dyingDevice) Write([]*ip.Packet) (int, error) { return 0, d.err }

func TestImpairPassesErrorsOnAfterTheLastPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		pipe, _ := NewPipe(1500)
		d := Impair(&dyingDevice{pipe, 3, broken}, mustParse(t, "delay=1s"))
		bufs := make([]*ip.Buffer, 5)
		if n, err := d.Read(bufs); n != 3 || err != nil {
			t.Errorf("first Read = %d, %v, want 3 packets", n, err)
		}
		if n, err := d.Read(bufs); n != 0 || err != broken {
			t.Errorf("second Read = %d, %v, want the device's error", n, err)
		}
		d.Write([]*ip.Packet{packet("x")})
		time.Sleep(2 * time.Second)
		if _, err := d.Write([]*ip.Packet{packet("x")}); err != broken {
			t.Errorf("Write: %v, want the device's error", err)
		}
		if err := d.WaitWritable(); err != broken {
			t.Errorf("WaitWritable: %v, want the device's error", err)
		}
		d.Close()
	})
}

// A bad network sees single packets, with their checksums, whatever a device has merged.
func TestImpairCutsLongPackets(t *testing.T) {
	for _, proto := range []ip.Protocol{ip.ProtoTCP, ip.ProtoUDP} {
		t.Run(proto.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, far := NewPipe(maxMTU)
				near := Impair(a, mustParse(t, "in.delay=7ms"))
				defer far.Close()
				defer near.Close()
				long := longPacket("192.0.2.1", "192.0.2.2", proto, 64)
				short := longPacket("192.0.2.1", "192.0.2.2", proto, 64)
				short.GSOSize = 0
				s, _ := ip.NewSegmenter(long)
				var want []string
				for i := range s.Count() {
					want = append(want, string(s.Append(nil, i)))
				}
				pkts := []*ip.Packet{new(ip.Packet), new(ip.Packet)}
				pkts[0].Carry(long)
				pkts[1].Carry(short)
				far.Write(pkts)
				short.CompleteChecksum()
				want = append(want, string(short.Data))
				if got := readAll(t, near); !slices.Equal(got, want) {
					t.Errorf("got %d packets, want %d", len(got), len(want))
				}
			})
		})
	}
}

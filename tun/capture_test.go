package tun

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A captured packet as gopacket reads it.
type captured struct {
	info gopacket.CaptureInfo
	data []byte
}

func readCapture(t *testing.T, file io.Reader) (*pcapgo.NgReader, []captured) {
	t.Helper()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var got []captured
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return r, got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, captured{info, data})
	}
}

func TestCaptureRecordsBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		var file bytes.Buffer
		near, err := Capture(a, &file)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
		near.Write([]*ip.Packet{echoPacket(v4, v4.Next()), echoPacket(v6, v6.Next())})
		time.Sleep(1234567 * time.Nanosecond)
		far.Write([]*ip.Packet{echoPacket(v4.Next(), v4)})
		readAll(t, near)
		near.Close()
		far.Close()

		r, got := readCapture(t, &file)
		if len(got) != 3 {
			t.Fatalf("%d packets in the file, want 3", len(got))
		}
		want := []struct {
			intf, version string
			at            time.Duration
			src           string
			layer         gopacket.LayerType
		}{
			{"out", "4", 0, "192.0.2.1", layers.LayerTypeICMPv4},
			{"out", "6", 0, "2001:db8::1", layers.LayerTypeICMPv6Echo},
			{"in", "4", 1234567, "192.0.2.2", layers.LayerTypeICMPv4},
		}
		for i, w := range want {
			intf, err := r.Interface(got[i].info.InterfaceIndex)
			if err != nil {
				t.Fatal(err)
			}
			if intf.Name != w.intf || intf.LinkType != layers.LinkTypeRaw {
				t.Errorf("packet %d is on interface %s with link type %s, want %s with Raw", i, intf.Name, intf.LinkType, w.intf)
			}
			if at := got[i].info.Timestamp.Sub(start); at != w.at {
				t.Errorf("packet %d was recorded at %s, want %s", i, at, w.at)
			}
			p := gopacket.NewPacket(got[i].data, layers.LinkTypeRaw, gopacket.Default)
			if e := p.ErrorLayer(); e != nil {
				t.Errorf("packet %d: %v", i, e.Error())
			}
			if p.NetworkLayer() == nil || p.NetworkLayer().NetworkFlow().Src().String() != w.src || p.Layer(w.layer) == nil {
				t.Errorf("packet %d reads as %s", i, p)
			}
		}
	})
}

func TestCaptureSnapLengthAndRefusedPackets(t *testing.T) {
	a, far := NewPipe(1500)
	defer far.Close()
	var file bytes.Buffer
	near, err := Capture(a, &file, SnapLen(10))
	if err != nil {
		t.Fatal(err)
	}
	pkts := make([]*ip.Packet, pipeQueue+5)
	for i := range pkts {
		pkts[i] = packet("0123456789", "and more")
	}
	if n, _ := near.Write(pkts); n != pipeQueue {
		t.Fatalf("Write = %d, want %d", n, pipeQueue)
	}
	near.Close()
	r, got := readCapture(t, &file)
	if len(got) != pipeQueue {
		t.Fatalf("%d packets recorded, want the %d that were taken", len(got), pipeQueue)
	}
	if g := got[0]; string(g.data) != "0123456789" || g.info.Length != 18 || g.info.CaptureLength != 10 {
		t.Errorf("got %q, %+v", g.data, g.info)
	}
	if intf, _ := r.Interface(0); intf.SnapLength != 10 {
		t.Errorf("snap length in the file is %d, want 10", intf.SnapLength)
	}
}

func TestCaptureIsReadableWhileItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, far := NewPipe(1500)
		var file bytes.Buffer
		near, err := Capture(a, &file)
		if err != nil {
			t.Fatal(err)
		}
		empty := file.Len()
		if _, got := readCapture(t, bytes.NewReader(file.Bytes())); len(got) != 0 {
			t.Errorf("%d packets in the beginning", len(got))
		}
		near.Write([]*ip.Packet{packet("one")})
		if file.Len() != empty {
			t.Error("each packet is written by itself, which is slow")
		}
		time.Sleep(captureFlush)
		near.Write([]*ip.Packet{packet("two")})
		if _, got := readCapture(t, bytes.NewReader(file.Bytes())); len(got) != 2 {
			t.Errorf("%d packets after a second, want 2", len(got))
		}
		near.Close()
		far.Close()
	})
}

// A fullDisk takes so many bytes.
type fullDisk int

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > int(*d) {
		return 0, syscall.ENOSPC
	}
	*d -= fullDisk(len(p))
	return len(p), nil
}

func TestCaptureFullDiskHarmsOnlyTheFile(t *testing.T) {
	a, far := NewPipe(1500)
	disk := fullDisk(1000)
	near, err := Capture(a, &disk)
	if err != nil {
		t.Fatal(err)
	}
	big := packet(string(make([]byte, 1400)))
	for range 300 {
		if n, err := near.Write([]*ip.Packet{big}); n != 1 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		if got := readAll(t, far); len(got) != 1 {
			t.Fatal("a packet did not arrive")
		}
	}
	for range 2 {
		if err := near.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Close: %v, want the error of the disk", err)
		}
	}
	if _, err := near.Read(make([]*ip.Buffer, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the device is not closed: %v", err)
	}

	disk = 10
	if _, err := Capture(far, &disk); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Capture: %v, want the error of the disk", err)
	}
	far.Close()
}

func TestCapturePassesOnWhatTheDeviceIs(t *testing.T) {
	a, far := NewPipe(777)
	defer far.Close()
	near, err := Capture(a, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if near.MTU() != 777 || near.Offload() != a.Offload() || near.WaitWritable() != nil {
		t.Error("MTU, offload or room are not the device's")
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
}

// Checksums that are left to others are right in the file.
func TestCaptureFillsInChecksums(t *testing.T) {
	a, far := NewPipe(maxMTU)
	var file bytes.Buffer
	near, err := Capture(a, &file)
	if err != nil {
		t.Fatal(err)
	}
	out, in := new(ip.Packet), new(ip.Packet)
	out.Carry(longPacket("192.0.2.1", "192.0.2.2", ip.ProtoTCP, 64))
	in.Carry(longPacket("192.0.2.2", "192.0.2.1", ip.ProtoTCP, 64))
	near.Write([]*ip.Packet{out})
	far.Write([]*ip.Packet{in})
	readAll(t, near)
	near.Close()
	far.Close()
	_, got := readCapture(t, &file)
	if len(got) != 2 {
		t.Fatalf("%d packets in the file, want 2", len(got))
	}
	for i, c := range got {
		var h ip.Header
		if ip.ParseHeader(c.data, &h) != ip.NoDrop {
			t.Fatalf("packet %d is malformed", i)
		}
		if seg := h.Payload(c.data); ip.Checksum(seg, ip.PseudoSum(h.Src, h.Dst, ip.ProtoTCP, len(seg))) != 0 {
			t.Errorf("packet %d: bad checksum", i)
		}
	}
}

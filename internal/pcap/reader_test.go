package pcap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// A moment with nanoseconds, and one packet: an IPv4 header is enough.
var (
	moment = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	packet = []byte{0x45, 0, 0, 20, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
)

// A read is what one packet of a capture gave.
type read struct {
	when time.Time
	data string
}

// readAll reads a capture to its end.
func readAll(r io.Reader) (all []read, skipped int, err error) {
	reader, err := NewReader(r, "x.pcap")
	if err != nil {
		return nil, 0, err
	}
	for {
		when, p, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all, reader.Skipped(), nil
		}
		if err != nil {
			return all, reader.Skipped(), err
		}
		all = append(all, read{when, string(p)})
	}
}

// classicFile writes a pcap by hand.
func classicFile(order binary.AppendByteOrder, nano bool, link uint32, frames ...[]byte) []byte {
	magic, fraction := uint32(0xa1b2c3d4), uint32(moment.Nanosecond()/1000)
	if nano {
		magic, fraction = 0xa1b23c4d, uint32(moment.Nanosecond())
	}
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	for _, v := range []uint32{0, 0, 65535, link} {
		b = order.AppendUint32(b, v)
	}
	for _, f := range frames {
		for _, v := range []uint32{uint32(moment.Unix()), fraction, uint32(len(f)), uint32(len(f))} {
			b = order.AppendUint32(b, v)
		}
		b = append(b, f...)
	}
	return b
}

func TestClassicInBothByteOrdersAndUnits(t *testing.T) {
	for _, test := range []struct {
		name  string
		order binary.AppendByteOrder
		nano  bool
		want  time.Time
	}{
		{"little-endian microseconds", binary.LittleEndian, false, moment.Truncate(time.Microsecond)},
		{"big-endian microseconds", binary.BigEndian, false, moment.Truncate(time.Microsecond)},
		{"little-endian nanoseconds", binary.LittleEndian, true, moment},
		{"big-endian nanoseconds", binary.BigEndian, true, moment},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := readAll(bytes.NewReader(classicFile(test.order, test.nano, 101, packet, packet)))
			if err != nil || len(got) != 2 {
				t.Fatalf("got %d packets, %v; want 2", len(got), err)
			}
			if !got[1].when.Equal(test.want) || got[1].data != string(packet) {
				t.Errorf("got %v % x, want %v % x", got[1].when, got[1].data, test.want, packet)
			}
		})
	}
}

func TestEveryLinkLayerComesOff(t *testing.T) {
	ether := func(kinds ...byte) []byte { return append(make([]byte, 12), kinds...) }
	sll := append(make([]byte, 14), 8, 0)
	sll2 := append([]byte{8, 0}, make([]byte, 18)...)
	six := append([]byte{0x60}, make([]byte, 39)...)
	for _, test := range []struct {
		name   string
		link   uint32
		header []byte
		packet []byte // nil: it must be skipped
	}{
		{"Ethernet", 1, ether(8, 0), packet},
		{"Ethernet with IPv6", 1, ether(0x86, 0xdd), six},
		{"Ethernet with a VLAN tag", 1, ether(0x81, 0, 0, 7, 8, 0), packet},
		{"Ethernet with two VLAN tags", 1, ether(0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0), packet},
		{"Ethernet with ARP", 1, ether(8, 6), nil},
		{"Ethernet, cut off in the tag", 1, ether(0x81, 0, 0), nil},
		{"Ethernet, too short", 1, make([]byte, 3), nil},
		{"SLL", 113, sll, packet},
		{"SLL2", 276, sll2, packet},
		{"raw", 101, nil, packet},
		{"raw of BSD", 12, nil, packet},
		{"IPv6 only", 229, nil, six},
		{"null, little-endian", 0, []byte{2, 0, 0, 0}, packet},
		{"null, big-endian", 0, []byte{0, 0, 0, 2}, packet},
		{"null with IPv6 of macOS", 0, []byte{30, 0, 0, 0}, six},
		{"null with something else", 0, []byte{7, 0, 0, 0}, nil},
		{"loop", 108, []byte{0, 0, 0, 2}, packet},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := test.packet
			if body == nil {
				body = []byte{0, 1}
			}
			frame := append(bytes.Clone(test.header), body...)
			got, skipped, err := readAll(bytes.NewReader(classicFile(binary.LittleEndian, false, test.link, frame)))
			switch {
			case err != nil:
				t.Fatal(err)
			case test.packet == nil && (len(got) != 0 || skipped != 1):
				t.Errorf("got %d packets and %d skipped, want it skipped", len(got), skipped)
			case test.packet != nil && (len(got) != 1 || got[0].data != string(test.packet)):
				t.Errorf("got %v, want %x", got, test.packet)
			}
		})
	}
}

// ngFile has gopacket write a pcapng of two interfaces with different links and units of time.
func ngFile(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{Name: "raw", LinkType: layers.LinkTypeRaw, TimestampResolution: 9}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.AddInterface(pcapgo.NgInterface{Name: "ether", LinkType: layers.LinkTypeEthernet, TimestampResolution: 6, TimestampOffset: 0})
	if err != nil {
		t.Fatal(err)
	}
	write := func(i int, data []byte) {
		info := gopacket.CaptureInfo{Timestamp: moment, CaptureLength: len(data), Length: len(data), InterfaceIndex: i}
		if err := w.WritePacket(info, data); err != nil {
			t.Fatal(err)
		}
	}
	write(0, packet)
	write(second, append(append(make([]byte, 12), 8, 0), packet...))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNGWithSeveralInterfaces(t *testing.T) {
	got, _, err := readAll(bytes.NewReader(ngFile(t)))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d packets, %v; want 2", len(got), err)
	}
	// gopacket's writer notes all times in nanoseconds.
	for i, g := range got {
		if g.data != string(packet) || !g.when.Equal(moment) {
			t.Errorf("packet %d: got %v % x", i, g.when, g.data)
		}
	}
}

func TestNGWithSeveralSections(t *testing.T) {
	file := ngFile(t)
	got, _, err := readAll(bytes.NewReader(append(bytes.Clone(file), file...)))
	if err != nil || len(got) != 4 {
		t.Fatalf("got %d packets, %v; want 4", len(got), err)
	}
}

// block makes a pcapng block.
func block(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	n := uint32(len(body) + 12)
	b := order.AppendUint32(order.AppendUint32(nil, kind), n)
	return order.AppendUint32(append(b, body...), n)
}

// ngHeader makes a section header and an interface of raw IP with an option.
func ngHeader(order binary.AppendByteOrder, option []byte) []byte {
	body := order.AppendUint32(nil, 0x1a2b3c4d)
	body = order.AppendUint16(order.AppendUint16(body, 1), 0)
	b := block(order, 0x0a0d0d0a, order.AppendUint64(body, 1<<64-1))
	desc := order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, 101), 0), 0)
	return append(b, block(order, 1, append(desc, option...))...)
}

func TestNGByHand(t *testing.T) {
	units := uint64(moment.Unix())<<10 + 512 // half a second, by a resolution of 2^-10
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		resolution := append(order.AppendUint16(order.AppendUint16(nil, 9), 1), 0x80|10, 0, 0, 0)
		file := ngHeader(order, resolution)
		file = append(file, block(order, 0xabc, []byte("twelve bytes"))...)
		file = append(file, block(order, 3, append(order.AppendUint32(nil, uint32(len(packet))), packet...))...)
		old := order.AppendUint16(order.AppendUint16(nil, 0), 0)
		for _, v := range []uint32{uint32(units >> 32), uint32(units), uint32(len(packet)), uint32(len(packet))} {
			old = order.AppendUint32(old, v)
		}
		file = append(file, block(order, 2, append(old, packet...))...)
		got, _, err := readAll(bytes.NewReader(file))
		if err != nil || len(got) != 2 {
			t.Fatalf("%v: got %d packets, %v; want 2", order, len(got), err)
		}
		want := time.Unix(moment.Unix(), 5e8)
		if got[0].data != string(packet) || got[1].data != string(packet) || !got[1].when.Equal(want) {
			t.Errorf("%v: got %v, want the packet twice, at %v", order, got, want)
		}
	}
}

func TestGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(ngFile(t))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	got, _, err := readAll(&b)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d packets, %v; want 2", len(got), err)
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	good := classicFile(binary.LittleEndian, false, 101, packet, packet)
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint32(huge[24+8:], 1<<31)
	version := bytes.Clone(good)
	version[4] = 3
	header := ngHeader(binary.LittleEndian, nil)
	for _, test := range []struct {
		name      string
		file      []byte
		want      string
		truncated bool
		packets   int
	}{
		{"nothing", nil, "x.pcap: not a capture: the file is empty", false, 0},
		{"two bytes", []byte("ab"), "x.pcap: not a capture: the file has 2 bytes", false, 0},
		{"a page", []byte("<html></html>"), "x.pcap: not a capture: a pcap or pcapng does not begin with the bytes 3c 68 74 6d", false, 0},
		{"snoop", []byte("snoop\x00\x00\x00"), "x.pcap: a snoop file, which is not supported", false, 0},
		{"version", version, "x.pcap: a pcap of version 3.4, where 2.4 is supported", false, 0},
		{"802.11", classicFile(binary.LittleEndian, false, 105), "x.pcap: a capture of link type 105 (802.11); Ethernet, Linux cooked, loopback and raw IP are supported", false, 0},
		{"cut in a packet", good[:len(good)-5], "x.pcap: packet 2 at byte 60: the file is cut off within a packet: 15 of 20 bytes are there", true, 1},
		{"cut before a packet", good[:24+16], "x.pcap: packet 1 at byte 24: the file is cut off within a packet: 0 of 20 bytes are there", true, 0},
		{"cut in a header", good[:70], "x.pcap: packet 2 at byte 60: the file is cut off within the header of a packet: 10 of 16 bytes are there", true, 1},
		{"a huge packet", huge, "x.pcap: packet 1 at byte 24: damaged: a packet of 2147483648 bytes, more than 262144", false, 0},
		{"pcapng, cut", ngFile(t)[:len(ngFile(t))-9], "x.pcap: packet 2 at byte", true, 1},
		{"pcapng, no interface", append(bytes.Clone(header[:28]), block(binary.LittleEndian, 6, make([]byte, 20))...), "damaged: a packet of interface 0, where the section has 0", false, 0},
		{"pcapng, ends do not match", append(bytes.Clone(header[:len(header)-4]), 9, 0, 0, 0), "damaged: a block of 20 bytes that ends as one of 9", false, 0},
		{"pcapng, resolution", ngHeader(binary.LittleEndian, []byte{9, 0, 1, 0, 77, 0, 0, 0}), "with 0x4d for its resolution of time", false, 0},
		{"pcapng, a short block", append(bytes.Clone(header), 6, 0, 0, 0, 8, 0, 0, 0), "damaged: a block of 8 bytes", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := readAll(bytes.NewReader(test.file))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if !strings.Contains(e.Error(), test.want) || errors.Is(err, ErrTruncated) != test.truncated || len(got) != test.packets {
				t.Errorf("got %d packets and %q, want %d and %q", len(got), e, test.packets, test.want)
			}
			if e.Hint == "" {
				t.Error("it does not say what to do")
			}
		})
	}
}

func TestOpenOfNoFile(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

// TestRealCaptures compares with gopacket on captures that tcpdump made.
func TestRealCaptures(t *testing.T) {
	paths, err := filepath.Glob("../../../shared/pcaps/*.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("no captures beside the repository")
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := pcapgo.NewReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			ours, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer ours.Close()
			for {
				data, info, want := theirs.ReadPacketData()
				when, p, err := ours.Next()
				if want != nil || err != nil {
					if !errors.Is(err, io.EOF) || !errors.Is(want, io.EOF) {
						t.Errorf("got %v, want %v", err, want)
					}
					return
				}
				if !when.Equal(info.Timestamp) || !bytes.Equal(p, data[14:]) {
					t.Fatalf("got %v % x, want %v % x", when, p, info.Timestamp, data[14:])
				}
			}
		})
	}
}

// FuzzReader reads anything: it may not panic, and neither packets nor their number may exceed the file.
func FuzzReader(f *testing.F) {
	f.Add(classicFile(binary.LittleEndian, false, 101, packet, packet))
	f.Add(classicFile(binary.BigEndian, true, 276, packet))
	f.Add(ngFile(f))
	f.Add(ngHeader(binary.BigEndian, []byte{0, 9, 0, 1, 0x8a, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1 && file[0] == 0x1f && file[1] == 0x8b {
			return // gzip's own matter
		}
		got, skipped, err := readAll(bytes.NewReader(file))
		total := 0
		for _, g := range got {
			total += len(g.data)
		}
		if total > len(file) || len(got)+skipped > len(file)/8 {
			t.Errorf("got %d packets of %d bytes from a file of %d", len(got), total, len(file))
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Offset > int64(len(file))) {
			t.Errorf("got %v, want an *Error within the file", err)
		}
	})
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, "lesson", "a comment")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Write(moment.Add(time.Duration(i)), packet[:len(packet)-i]); err != nil { // of any length: blocks are padded
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, _, err := readAll(&b)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %d packets, %v; want 3", len(got), err)
	}
	for i, g := range got {
		if g.data != string(packet[:len(packet)-i]) || !g.when.Equal(moment.Add(time.Duration(i))) {
			t.Errorf("packet %d: got %v % x", i, g.when, g.data)
		}
	}
}

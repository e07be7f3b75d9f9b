package tcp_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The header on the wire: RFC 9293 §3.1, §3.2.

// header is a plain header with options, which are padded here.
func header(options ...byte) []byte {
	b := []byte{0x03, 0xe8, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x12, 0xab, 0xcd, 0, 0, 0, 9}
	b = append(b, options...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b[12] = byte(len(b)/4) << 4
	return b
}

func TestParseHeader(t *testing.T) {
	var s tcp.Segment
	b := append(header(), "text"...)
	b[12] |= 1 // AE
	if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), true, &s); d != ip.NoDrop {
		t.Fatal(d)
	}
	want := tcp.Header{SrcPort: 1000, DstPort: 80, Seq: 0x01020304, Ack: 0x05060708, Flags: tcp.AE | S | A, Wnd: 0xabcd, Urg: 9}
	if s.Header != want || string(s.Text) != "text" {
		t.Errorf("got %+v and %q, want %+v", s.Header, s.Text, want)
	}
	if n := s.Len(); n != 5 {
		t.Errorf("got a length of %d in sequence numbers, want 5", n)
	}
}

// MUST-2, MUST-3: the checksum covers the addresses, the header and the text.
func TestChecksumIsVerified(t *testing.T) {
	b := append(header(), "text"...)
	sum := ip.Checksum(b, ip.PseudoSum(addrA.Addr(), addrB.Addr(), ip.ProtoTCP, len(b)))
	b[tcp.ChecksumOffset], b[tcp.ChecksumOffset+1] = byte(sum>>8), byte(sum)
	var s tcp.Segment
	if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), false, &s); d != ip.NoDrop {
		t.Fatal(d)
	}
	for i := range 8 * len(b) {
		b[i/8] ^= 1 << (i % 8)
		if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), false, &s); d == ip.NoDrop {
			t.Errorf("bit %d may be wrong", i)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	if d := tcp.ParseSegment(b, addrA.Addr(), addrA.Addr(), false, &s); d != ip.DropChecksum {
		t.Errorf("another address: got %v", d)
	}
}

func TestSegmentsThatCannotBe(t *testing.T) {
	long := header()
	long[12] = 6 << 4 // 24 bytes of 20
	short := header()
	short[12] = 4 << 4
	for _, test := range []struct {
		name string
		b    []byte
		want ip.Drop
	}{
		{"nothing", nil, ip.DropShort},
		{"19 bytes", header()[:19], ip.DropShort},
		{"data offset beyond the end", long, ip.DropMalformed},
		{"data offset inside the header", short, ip.DropMalformed},
	} {
		var s tcp.Segment
		if got := tcp.ParseSegment(test.b, addrA.Addr(), addrB.Addr(), true, &s); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// MUST-4, MUST-6, MUST-7, MUST-64, MUST-68.
func TestParseOptions(t *testing.T) {
	mss := []byte{2, 4, 0x05, 0xb4}
	full := tcp.Options{HasMSS: true, MSS: 1460}
	ts := []byte{8, 10, 1, 2, 3, 4, 5, 6, 7, 8}
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	nop, end := []byte{1}, []byte{0}
	for _, test := range []struct {
		name string
		b    []byte
		want tcp.Options
	}{
		{"none", nil, tcp.Options{}},
		{"MSS", mss, full},
		{"unaligned", cat(nop, mss), full},
		{"behind an unknown one", cat([]byte{77, 5, 9, 9, 9}, mss), full},
		{"behind the shortest unknown one", cat([]byte{77, 2}, mss), full},
		{"before an unknown one", cat(mss, []byte{254, 3, 9}), full},
		{"behind the end of the list", cat(end, mss), tcp.Options{}},
		{"behind a length of 0", cat([]byte{77, 0}, mss), tcp.Options{}},
		{"behind a length of 1", cat([]byte{77, 1}, mss), tcp.Options{}},
		{"before a length of 0", cat(mss, []byte{77, 0}), full},
		{"before a length beyond the end", cat(mss, []byte{77, 9}), full},
		{"a kind without a length", cat(mss, []byte{1, 1, 1, 77}), full},
		{"MSS of length 3", []byte{2, 3, 5}, tcp.Options{}},
		{"MSS of length 6", []byte{2, 6, 5, 5, 5, 5}, tcp.Options{}},
		{"MSS behind one of wrong length", cat([]byte{2, 3, 5}, mss), full},
		{"the last MSS counts", cat([]byte{2, 4, 0, 99}, mss), full},
		{"scale", []byte{3, 3, 7}, tcp.Options{HasWS: true, WS: 7}},
		{"scale of 15", []byte{3, 3, 15}, tcp.Options{HasWS: true, WS: 14}},
		{"scale of length 4", []byte{3, 4, 7, 7}, tcp.Options{}},
		{"SACK permitted", []byte{4, 2}, tcp.Options{SACKPermitted: true}},
		{"SACK permitted of length 3", []byte{4, 3, 0}, tcp.Options{}},
		{"timestamps", ts, tcp.Options{HasTS: true, TSVal: 0x01020304, TSEcr: 0x05060708}},
		{"timestamps of length 9", []byte{8, 9, 1, 2, 3, 4, 5, 6, 7}, tcp.Options{}},
		{"SACK blocks in a SYN", []byte{5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, tcp.Options{}},
		{"all, unaligned", cat(mss, []byte{4, 2}, ts, []byte{3, 3, 7}),
			tcp.Options{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTS: true, TSVal: 0x01020304, TSEcr: 0x05060708, HasWS: true, WS: 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s tcp.Segment
			if d := tcp.ParseSegment(header(test.b...), addrA.Addr(), addrB.Addr(), true, &s); d != ip.NoDrop {
				t.Fatal(d)
			}
			if s.Options != test.want {
				t.Errorf("got %+v, want %+v", s.Options, test.want)
			}
		})
	}
}

// MUST-5: options are read in every segment. Outside of a SYN only timestamps and SACK blocks mean something
// (RFC 7323 §2.2, RFC 2018 §2).
func TestParseOptionsOutsideOfASyn(t *testing.T) {
	b := header(2, 4, 5, 0xb4, 3, 3, 7, 4, 2, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5)
	b[13] = byte(A)
	var s tcp.Segment
	if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), true, &s); d != ip.NoDrop {
		t.Fatal(d)
	}
	want := tcp.Options{NumSACK: 2, SACK: [tcp.MaxSACKBlocks]tcp.Block{{Start: 1, End: 2}, {Start: ^tcp.Seq(0), End: 5}}}
	if s.Options != want {
		t.Errorf("got %+v, want %+v", s.Options, want)
	}
}

// RFC 2018 §3: a list that is no whole number of blocks is none.
func TestParseSackBlocksOfWrongLength(t *testing.T) {
	for n := range byte(36) {
		b := header(append([]byte{5, 2 + n}, make([]byte, n)...)...)
		b[13] = byte(A)
		var s tcp.Segment
		tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), true, &s)
		want := uint8(0)
		if n%8 == 0 {
			want = n / 8
		}
		if s.Options.NumSACK != want {
			t.Errorf("%d bytes: got %d blocks, want %d", n, s.Options.NumSACK, want)
		}
	}
}

// MUST-68, MUST-69: options are written as Linux does, whole words each, with lengths.
func TestAppendHeader(t *testing.T) {
	h := tcp.Header{SrcPort: 1000, DstPort: 80, Seq: 0x01020304, Ack: 0x05060708, Flags: S | A, Wnd: 0xabcd, Urg: 9}
	if got, want := tcp.AppendHeader(nil, &h), header(); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	h.Options = tcp.Options{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTS: true, TSVal: 1, TSEcr: 2, HasWS: true, WS: 7}
	want := header(2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7)
	if got := tcp.AppendHeader([]byte("before"), &h)[6:]; !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

// Too many options are a bug of ours, and must not leave as a broken header.
func TestAppendHeaderRefusesTooManyOptions(t *testing.T) {
	defer func() {
		if s, _ := recover().(string); !strings.HasPrefix(s, "BUG:") {
			t.Errorf("got the panic %q, want one that says BUG", s)
		}
	}()
	tcp.AppendHeader(nil, &tcp.Header{Options: tcp.Options{HasTS: true, HasMSS: true, NumSACK: 4}})
}

func TestFormatSegment(t *testing.T) {
	h := tcp.Header{Seq: 1000, Ack: 2001, Flags: S | A | U | tcp.ECE, Wnd: 100, Urg: 5}
	h.Options = tcp.Options{HasMSS: true, MSS: 1460, HasTS: true, TSVal: 7, TSEcr: 8, HasWS: true, WS: 2}
	want := "SUE. 0:10(10) ack 1 win 100 urg 5 <mss 1460,nop,nop,TS val 7 ecr 8,nop,wscale 2>"
	if got := tcp.FormatSegment(&h, 10, 1000, 2000); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	h = tcp.Header{Seq: 1000, Wnd: 100, Options: tcp.Options{SACKPermitted: true, NumSACK: 1, SACK: [4]tcp.Block{{Start: 2001, End: 2003}}}}
	want = "- 0:0(0) win 100 <nop,nop,sackOK,nop,nop,sack 1:3>"
	if got := tcp.FormatSegment(&h, 0, 1000, 2000); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	h.Options.HasTS = true
	if got := tcp.FormatSegment(&h, 0, 1000, 2000); !strings.Contains(got, "<sackOK,TS val 0 ecr 0,") {
		t.Errorf("got  %s", got)
	}
}

// FuzzParseSegment wants any bytes to be parsed without a panic, and what was parsed to be the same when
// it is written and parsed again.
func FuzzParseSegment(f *testing.F) {
	f.Add(header())
	f.Add(append(header(2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7), "text"...))
	f.Add(header(77, 0, 1, 1))
	ack := header(1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5)
	ack[13] = byte(A)
	f.Add(ack)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again tcp.Segment
		tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), false, &s)
		if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), true, &s); d != ip.NoDrop {
			return
		}
		if s.Options.HasTS && s.Options.NumSACK > 3 {
			s.Options.NumSACK = 3 // all of it fits only when it is packed tighter than we do
			s.Options.SACK[3] = tcp.Block{}
		}
		out := append(tcp.AppendHeader(nil, &s.Header), s.Text...)
		if d := tcp.ParseSegment(out, addrA.Addr(), addrB.Addr(), true, &again); d != ip.NoDrop {
			t.Fatalf("what we wrote is refused: %v", d)
		}
		if again.Header != s.Header || !bytes.Equal(again.Text, s.Text) {
			t.Fatalf("got  %+v\nwant %+v", again, s)
		}
		tcp.FormatSegment(&s.Header, len(s.Text), 0, 0)
	})
}

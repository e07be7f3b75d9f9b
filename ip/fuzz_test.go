package ip

import (
	"bytes"
	"net/netip"
	"testing"
)

// Fuzz targets of every parser, and of reassembly against a model. Their
// corpora lie in testdata/fuzz and are run by go test as well.

func FuzzParseHeader(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		checkParse(t, b)
		if len(b) >= HeaderLen4 && b[0]>>4 == 4 && int(b[0]&15)*4 <= len(b) && b[0]&15 >= 5 {
			checkParse(t, resum(bytes.Clone(b))) // random bytes rarely have a good checksum
		}
	})
}

// checkParse holds ParseHeader to its promises for any bytes at all.
func checkParse(t *testing.T, b []byte) {
	var h Header
	drop := ParseHeader(b, &h)
	if MayReport(b, &h) {
		AppendICMPError(nil, h.Dst, ParameterProblem, h.ReportAt, b, &h)
	}
	if drop != NoDrop {
		if h.Report != 0 && h.ReportAt >= h.TotalLen {
			t.Errorf("report points to %d, behind a packet of %d bytes", h.ReportAt, h.TotalLen)
		}
		return
	}
	payload := h.Payload(b)
	if h.Report != 0 || isSourceBad(h.Src) || h.IsFragment() && len(payload) == 0 {
		t.Errorf("let pass: %+v", h)
	}
	if b[h.NextHeaderAt] != byte(h.Protocol) {
		t.Errorf("byte %d is %d, not %v", h.NextHeaderAt, b[h.NextHeaderAt], h.Protocol)
	}
	if isExtension(&Header{Protocol: h.Protocol, HeaderLen: HeaderLen6}) && h.Version == 6 || h.TTL == 0 {
		return // written again, the payload would be read as a header, or the TTL be 64
	}
	if len(payload) > MaxPacket-HeaderLen6-fragmentHeaderLen {
		return
	}
	var back Header
	again := build(h, payload)
	if d := ParseHeader(again, &back); d != NoDrop {
		t.Fatalf("written again it is refused: %v", d)
	}
	back.HeaderLen, back.TotalLen, back.NextHeaderAt, back.fragmentFrom = h.HeaderLen, h.TotalLen, h.NextHeaderAt, h.fragmentFrom
	if !h.IsFragment() && h.Version == 6 {
		back.ID = h.ID // that of an atomic fragment
	}
	if back != h {
		t.Errorf("got  %+v\nwant %+v", back, h)
	}
}

func FuzzParseUDP(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, v6, checksumOK bool) {
		src, dst := peer4, ours4
		if v6 {
			src, dst = peer6, ours6
		}
		var u, back UDP
		if ParseUDP(b, src, dst, checksumOK, &u) != NoDrop {
			return
		}
		again := AppendUDPHeader(nil, netip.AddrPortFrom(src, u.SrcPort), netip.AddrPortFrom(dst, u.DstPort), u.Payload)
		if d := ParseUDP(append(again, u.Payload...), src, dst, false, &back); d != NoDrop {
			t.Fatalf("written again it is refused: %v", d)
		}
		if back.SrcPort != u.SrcPort || back.DstPort != u.DstPort || !bytes.Equal(back.Payload, u.Payload) {
			t.Errorf("got %+v, want %+v", back, u)
		}
	})
}

func FuzzParseICMP(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		src, dst := peer4, ours4
		if v6 {
			src, dst = peer6, ours6
		}
		var m ICMP
		if ParseICMP(b, src, dst, true, &m) != NoDrop {
			return
		}
		if again := appendICMP(nil, src, dst, m.Type, m.Code, m.Rest, m.Body); !bytes.Equal(again[4:], b[4:]) {
			t.Errorf("got % x, want % x", again, b)
		}
		var e ICMPError
		if ParseICMPError(&m, &e) != NoDrop {
			return
		}
		if !m.IsError() || e.Kind == 0 || e.Local.Addr().Is4() != src.Is4() || e.Remote.Addr().Is4() != src.Is4() {
			t.Errorf("let pass: %+v", e)
		}
		if least := map[bool]int{false: MinMTU4, true: MinMTU6}[v6]; e.Kind == TooBig && (e.MTU < least || e.MTU > MaxPacket) {
			t.Errorf("MTU %d", e.MTU)
		}
	})
}

func FuzzChecksum(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, split uint16, initial uint32) {
		at, initial := int(split)%(len(b)+1), initial&0x1ffff
		got, want := Checksum(b[at:], Sum(b[:at], initial)), naiveChecksum(b, initial)
		if got != want {
			t.Errorf("split at %d: got %#04x, want %#04x", at, got, want)
		}
	})
}

// A modelDatagram is reassembly without any thought of speed or memory.
type modelDatagram struct {
	fragments []modelFragment
	void      bool
}

type modelFragment struct {
	from, to int
	last     bool
	data     []byte
}

// add returns the payload once it is whole.
func (d *modelDatagram) add(f modelFragment) (payload []byte, drop bool) {
	if d.void {
		return nil, true
	}
	for _, g := range d.fragments {
		if f.from == g.from && f.to == g.to && f.last == g.last && bytes.Equal(f.data, g.data) {
			return nil, true
		}
		overlap := f.from < g.to && g.from < f.to
		if overlap || f.last && g.to > f.to || g.last && f.to > g.to {
			d.void = true
			return nil, true
		}
	}
	d.fragments = append(d.fragments, f)
	for next := 0; ; {
		found := false
		for _, g := range d.fragments {
			if g.from == next {
				payload, next, found = append(payload, g.data...), g.to, true
				if g.last {
					return payload, false
				}
			}
		}
		if !found {
			return nil, false
		}
	}
}

// FuzzReassembly reads the input as fragments of two datagrams, four bytes each:
// which datagram and whether it is the last, where it lies, how long it is, what is in it.
func FuzzReassembly(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte, v6 bool) {
		r := newReassembly(t, Limits{Fragments: 1 << 20})
		h := from4(132)
		if v6 {
			h = from6(132)
		}
		var models [2]modelDatagram
		for ; len(script) >= 4; script = script[4:] {
			which := script[0] & 1
			fragment := modelFragment{from: int(script[1]%16) * 8, last: script[0]&2 != 0}
			n := (int(script[2]%4) + 1) * 8
			if fragment.last {
				n -= int(script[2]>>4) % 8
			}
			fragment.to, fragment.data = fragment.from+n, bytes.Repeat([]byte{script[3] & 3}, n)
			if fragment.from == 0 && fragment.last {
				continue // no fragment
			}
			h.ID, h.FragOffset, h.MoreFragments = uint32(which), fragment.from, !fragment.last
			whole, drop := r.add(build(h, fragment.data))
			want, wantDrop := models[which].add(fragment)
			if (whole != nil) != (want != nil) || (drop != NoDrop) != wantDrop {
				t.Fatalf("%+v: complete %v, %v; the model says %v, %v", fragment, whole != nil, drop, want != nil, wantDrop)
			}
			if whole == nil {
				continue
			}
			models[which] = modelDatagram{}
			if got := mustParse(t, whole); !bytes.Equal(got.Payload(whole), want) {
				t.Fatalf("got % x, want % x", got.Payload(whole), want)
			}
		}
	})
}

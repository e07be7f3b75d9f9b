package ip

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

func TestReassemblyInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(791, 8200))
	for _, h := range []Header{from4(ProtoUDP), from6(ProtoUDP)} {
		for range 200 {
			r := newReassembly(t, Limits{})
			h.ID, h.TOS = rng.Uint32N(1<<16), 0x28
			payload := randomBytes(rng, 1300+rng.IntN(20000))
			packets := cut(t, h, payload, 1280)
			rng.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
			last := len(packets) - 1
			r.wantKept(packets[:last]...)
			got := r.wantWhole(packets[last], payload)
			if got.Src != h.Src || got.Dst != h.Dst || got.Protocol != ProtoUDP || got.TTL != 61 || got.TOS != 0x28 {
				t.Fatalf("header of the whole packet: %+v", got)
			}
			r.wantEmpty()
		}
	}
}

func TestReassemblyReturnsWhatIsNoFragment(t *testing.T) {
	r := newReassembly(t, Limits{})
	for _, b := range [][]byte{build(from4(ProtoTCP), numbered(20)), chain6(ProtoUDP, numbered(8), extension{ProtoFragment, atomic6})} {
		h := mustParse(t, b)
		buf := &Buffer{Data: b, Home: &r.freed}
		if got, drop := r.Add(r.now, buf, &h); got != buf || drop != NoDrop || r.freed != 0 {
			t.Errorf("got %p (%v), %d freed; want the same buffer %p", got, drop, r.freed, buf)
		}
	}
	r.wantEmpty()
}

func TestReassemblyKeepsOptionsAndExtensions(t *testing.T) {
	first := options4(148, 4, 0, 0)
	first[5], first[6] = 77, flagMF>>8
	r := newReassembly(t, Limits{})
	r.wantKept(resum(first))
	second := from4(ProtoUDP)
	second.ID, second.FragOffset = 77, 8
	if h := r.wantWhole(build(second, []byte{9}), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}); h.HeaderLen != 24 || h.ID != 77 {
		t.Errorf("IPv4: got %+v, want a header of 24 bytes", h)
	}

	// Options before and behind the Fragment header; the first fragment's Next Header counts.
	tail := append([]byte{byte(ProtoUDP)}, padding6...)
	payload := append(tail, numbered(16)...)
	r.wantKept(chain6(ProtoTCP, numbered(16)[8:], extension{ProtoHopByHop, routerAlert6}, extension{ProtoFragment, frag6(5, 16, false)}))
	whole := r.wantWhole(chain6(ProtoDestOptions, payload[:16], extension{ProtoHopByHop, routerAlert6}, extension{ProtoFragment, frag6(5, 0, true)}),
		numbered(16))
	if whole.HeaderLen != 56 || whole.Protocol != ProtoUDP {
		t.Errorf("IPv6: got %+v, want UDP behind 56 bytes", whole)
	}
	r.wantEmpty()
}

func TestReassemblyIgnoresExactDuplicates(t *testing.T) {
	r := newReassembly(t, Limits{})
	r.wantKept(part6(40, 0, 16), part6(40, 32, 40))
	r.wantDrop(part6(40, 0, 16), DropDuplicate)
	r.wantDrop(part6(40, 32, 40), DropDuplicate)
	r.wantWhole(part6(40, 16, 32), numbered(40))
	r.wantEmpty()
}

// RFC 5722 §4: the whole datagram is void, what came, and what will come.
func TestReassemblyRefusesOverlaps(t *testing.T) {
	other := bytes.Repeat([]byte{0xee}, 64)
	tests := []struct {
		name     string
		from, to int
		payload  []byte
	}{
		{"the end of one", 24, 40, other},
		{"the start of one", 8, 24, other},
		{"inside one", 16, 24, other},
		{"around one", 8, 40, other},
		{"the same place with other bytes", 16, 32, other},
		{"the same place with the same bytes and more", 16, 40, numbered(64)},
		{"the same bytes as an end", 16, 32, numbered(32)},
	}
	for _, tt := range tests {
		for _, h := range []Header{from4(ProtoUDP), from6(ProtoUDP)} {
			t.Run(tt.name+" of "+h.Src.String(), func(t *testing.T) {
				r := newReassembly(t, Limits{})
				r.wantKept(part(h, numbered(64), 16, 32))
				r.wantDrop(part(h, tt.payload, tt.from, tt.to), DropFragmentOverlap)
				r.wantLost(DropFragmentOverlap, 1)
				r.wantDrop(part(h, numbered(64), 48, 64), DropFragmentOverlap)
				if r.memory != datagramCost {
					t.Errorf("the void datagram still holds %d bytes", r.memory)
				}
				r.now = r.now.Add(time.Minute)
				r.Advance(r.now)
				r.wantEmpty()
			})
		}
	}
}

func TestReassemblyRefusesContradictions(t *testing.T) {
	tests := []struct {
		name  string
		first []byte
		then  []byte
	}{
		{"bytes behind the end", part4(24, 16, 24), part4(64, 24, 32)},
		{"a second, later end", part4(24, 16, 24), part4(40, 32, 40)},
		{"an end before what is there", part4(64, 32, 40), part4(24, 16, 24)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReassembly(t, Limits{})
			r.wantKept(tt.first)
			r.wantDrop(tt.then, DropFragment)
			r.wantLost(DropFragment, 1)
		})
	}
}

func TestReassemblyRefusesPacketsBeyond65535(t *testing.T) {
	// The parts are possible; with the options of the first they make too much.
	r := newReassembly(t, Limits{})
	first := options4(1, 1, 1, 1)
	first[5], first[6] = 77, flagMF>>8
	r.wantKept(resum(first), part4(65515, 8, 65512))
	r.wantDrop(part4(65515, 65512, 65515), DropFragment)
	r.wantLost(DropFragment, 3)

	// In IPv6 it is extension headers before the Fragment header that are too much.
	r = newReassembly(t, Limits{})
	r.wantKept(chain6(ProtoUDP, numbered(8), extension{ProtoHopByHop, padding6}, extension{ProtoFragment, frag6(77, 0, true)}))
	r.wantKept(part6(65529, 8, 60008))
	r.wantDrop(part6(65529, 60008, 65529), DropFragment)
	r.wantLost(DropFragment, 3)
}

func TestReassemblyTellsDatagramsApart(t *testing.T) {
	r := newReassembly(t, Limits{})
	vary := []func(*Header){
		func(*Header) {},
		func(h *Header) { h.ID++ },
		func(h *Header) { h.Src = h.Src.Next() },
		func(h *Header) { h.Dst = h.Dst.Next() },
		func(h *Header) { h.Protocol = 132 }, // IPv4 only
	}
	fragment := func(h Header, change func(*Header), from, to int) []byte {
		h.ID, h.FragOffset, h.MoreFragments = 3, from, to < 16
		change(&h)
		return build(h, numbered(16)[from:to])
	}
	for _, change := range vary {
		r.wantKept(fragment(from4(ProtoUDP), change, 8, 16))
	}
	for _, change := range vary[:4] {
		r.wantKept(fragment(from6(ProtoUDP), change, 8, 16))
	}
	for _, change := range vary {
		r.wantWhole(fragment(from4(ProtoUDP), change, 0, 8), numbered(16))
	}
	for _, change := range vary[:4] {
		r.wantWhole(fragment(from6(ProtoUDP), change, 0, 8), numbered(16))
	}
	r.wantEmpty()
}

func TestReassemblyTimesOut(t *testing.T) {
	for _, tt := range []struct {
		name    string
		h       Header
		timeout time.Duration
	}{
		{"IPv4", from4(ProtoUDP), 30 * time.Second},
		{"IPv6", from6(ProtoUDP), 60 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReassembly(t, Limits{})
			deadline := r.now.Add(tt.timeout)
			r.wantKept(part(tt.h, numbered(40), 16, 24))
			r.now = r.now.Add(5 * time.Second) // later fragments gain no time
			first := part(tt.h, numbered(40), 0, 16)
			r.wantKept(first)
			if r.Deadline() != deadline {
				t.Errorf("deadline %v, want %v", r.Deadline(), deadline)
			}
			r.Advance(deadline - 1)
			if r.NextLost(new(Lost)) {
				t.Fatal("given up too early")
			}
			r.Advance(deadline)
			l := r.wantLost(DropFragmentTimeout, 2)
			if !bytes.Equal(l.First, first) {
				t.Errorf("first fragment % x, want % x", l.First, first)
			}
			msg, ok := AppendICMPError(nil, l.Header.Dst, ReassemblyTimeout, 0, l.First, &l.Header)
			if !ok || !bytes.HasSuffix(msg, first) {
				t.Errorf("the host cannot report it: %v % x", ok, msg)
			}
			r.wantEmpty()
		})
	}
}

func TestReassemblyTimesOutWithoutFirst(t *testing.T) {
	r := newReassembly(t, Limits{})
	r.wantKept(part6(40, 16, 24))
	r.now = r.now.Add(time.Hour)
	r.wantKept(part6(40, 0, 16)) // Add looks at the time as well
	if l := r.wantLost(DropFragmentTimeout, 1); l.First != nil {
		t.Errorf("first fragment % x, though it never came", l.First)
	}
}

func TestReassemblyGivesUpTheOldestWhenFull(t *testing.T) {
	fragment := func(id uint32, n int) []byte {
		h := from6(ProtoUDP)
		h.ID, h.FragOffset, h.MoreFragments = id, 8, true
		return build(h, make([]byte, n))
	}
	t.Run("of datagrams", func(t *testing.T) {
		r := newReassembly(t, Limits{Datagrams: 3})
		r.wantKept(fragment(1, 8), fragment(2, 8), fragment(3, 8), fragment(4, 8))
		if l := r.wantLost(DropFragmentMemory, 1); l.Header.ID != 1 {
			t.Errorf("datagram %d was given up, want the oldest, 1", l.Header.ID)
		}
	})
	t.Run("of memory", func(t *testing.T) {
		r := newReassembly(t, Limits{Memory: 20_000})
		r.wantKept(fragment(1, 8), fragment(2, 8000), fragment(3, 8000), fragment(4, 8000))
		for _, want := range []uint32{1, 2} {
			if l := r.wantLost(DropFragmentMemory, 1); l.Header.ID != want {
				t.Errorf("datagram %d was given up, want %d", l.Header.ID, want)
			}
		}
	})
	t.Run("by a datagram that is itself the oldest", func(t *testing.T) {
		r := newReassembly(t, Limits{Memory: 20_000})
		r.wantKept(part6(64000, 0, 16000), fragment(1, 8))
		r.wantDrop(part6(64000, 16000, 32000), DropFragmentMemory)
		r.wantLost(DropFragmentMemory, 1) // the younger one made room in vain
		r.wantLost(DropFragmentMemory, 1)
	})
	t.Run("of fragments of one datagram", func(t *testing.T) {
		r := newReassembly(t, Limits{Fragments: 3})
		r.wantKept(part6(80, 0, 8), part6(80, 16, 24), part6(80, 32, 40))
		r.wantDrop(part6(80, 48, 56), DropFragmentMemory)
		r.wantLost(DropFragmentMemory, 3)
	})
}

// However much comes, memory stays within the bound and reports too, even of a caller who never asks for them.
func TestReassemblyIsBoundedUnderFlood(t *testing.T) {
	r := newReassembly(t, Limits{})
	rng := rand.New(rand.NewPCG(5722, 1))
	for range 20_000 {
		h := from4(ProtoUDP)
		h.ID, h.FragOffset, h.MoreFragments = rng.Uint32N(1<<12), 8*rng.IntN(40), true
		r.add(build(h, numbered(8*(1+rng.IntN(180)))))
		r.now = r.now.Add(time.Millisecond)
	}
	if len(r.lost) > r.limits.Datagrams {
		t.Errorf("%d reports wait, want at most %d", len(r.lost), r.limits.Datagrams)
	}
	r.Advance(r.now.Add(time.Hour))
	for r.NextLost(new(Lost)) {
	}
	r.wantEmpty()
}

// RFC 3168 §5.3: congestion seen by one fragment was met by the packet.
func TestReassemblyCombinesECN(t *testing.T) {
	tests := []struct {
		name         string
		first, other uint8
		want         uint8
		drop         Drop
	}{
		{"not capable", 0, 0, 0, NoDrop},
		{"capable", 2, 2, 2, NoDrop},
		{"congestion in the first", 3, 2, 3, NoDrop},
		{"congestion in another", 1, 3, 3, NoDrop},
		{"congestion beside not capable", 0, 3, 0, DropFragment},
	}
	for _, tt := range tests {
		for _, h := range []Header{from4(ProtoUDP), from6(ProtoUDP)} {
			t.Run(tt.name+" from "+h.Src.String(), func(t *testing.T) {
				r := newReassembly(t, Limits{})
				h.TOS = 0xb8 | tt.first
				r.wantKept(part(h, numbered(16), 0, 8))
				h.TOS = 0xb8 | tt.other
				second := part(h, numbered(16), 8, 16)
				if tt.drop != NoDrop {
					r.wantDrop(second, tt.drop)
					return
				}
				if got := r.wantWhole(second, numbered(16)); got.TOS != 0xb8|tt.want {
					t.Errorf("TOS %#x, want %#x", got.TOS, 0xb8|tt.want)
				}
			})
		}
	}
}

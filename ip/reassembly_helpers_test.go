package ip

import (
	"bytes"
	"testing"
	"time"
)

// A freed counts the buffers that came home.
type freed int

func (f *freed) Recycle(*Buffer) { *f++ }

// A reassembly is a Reassembler under test.
type reassembly struct {
	*Reassembler
	t     testing.TB
	now   Time
	given int
	freed freed
}

func newReassembly(t testing.TB, l Limits) *reassembly {
	return &reassembly{Reassembler: NewReassembler(l), t: t, now: Time(time.Hour)}
}

// add gives a packet, and returns the whole packet that it completed, if any.
// Every buffer but a completed one must have come home.
func (r *reassembly) add(b []byte) ([]byte, Drop) {
	r.t.Helper()
	h := mustParse(r.t, b)
	buf := &Buffer{Data: bytes.Clone(b), Home: &r.freed, At: r.now}
	whole, drop := r.Add(r.now, buf, &h)
	r.given++
	clear(buf.Data) // whoever kept a slice of it will be found out
	if int(r.freed) != r.given {
		r.t.Fatalf("%d of %d buffers were freed", r.freed, r.given)
	}
	if r.memory > r.limits.Memory || len(r.queue) > r.limits.Datagrams {
		r.t.Fatalf("%d bytes in %d datagrams, more than the limits allow", r.memory, len(r.queue))
	}
	if whole == nil {
		return nil, drop
	}
	return whole.Data, drop
}

// wantKept gives packets that must be kept.
func (r *reassembly) wantKept(packets ...[]byte) {
	r.t.Helper()
	for i, b := range packets {
		if whole, drop := r.add(b); whole != nil || drop != NoDrop {
			r.t.Fatalf("packet %d: complete %v, %v; want it kept", i, whole != nil, drop)
		}
	}
}

// wantDrop gives a packet that must be dropped.
func (r *reassembly) wantDrop(b []byte, want Drop) {
	r.t.Helper()
	if whole, drop := r.add(b); whole != nil || drop != want {
		r.t.Fatalf("complete %v, %q; want %q", whole != nil, drop, want)
	}
}

// wantWhole gives a packet that must complete a datagram with the given payload.
func (r *reassembly) wantWhole(b, payload []byte) Header {
	r.t.Helper()
	whole, drop := r.add(b)
	if whole == nil {
		r.t.Fatalf("not complete: %v", drop)
	}
	h := mustParse(r.t, whole)
	if h.IsFragment() || h.TotalLen != len(whole) || !bytes.Equal(h.Payload(whole), payload) {
		r.t.Fatalf("whole packet is %+v with %d bytes of payload, want %d", h, h.TotalLen-h.HeaderLen, len(payload))
	}
	return h
}

// wantLost asks for one report of fragments given up.
func (r *reassembly) wantLost(why Drop, fragments int) Lost {
	r.t.Helper()
	var l Lost
	if !r.NextLost(&l) {
		r.t.Fatalf("nothing was given up, want %d fragments by %q", fragments, why)
	}
	if l.Reason != why || l.Fragments != fragments {
		r.t.Fatalf("%d fragments given up by %q, want %d by %q", l.Fragments, l.Reason, fragments, why)
	}
	return l
}

// wantEmpty asks that nothing is left.
func (r *reassembly) wantEmpty() {
	r.t.Helper()
	if r.NextLost(new(Lost)) {
		r.t.Error("fragments were given up that nobody expected")
	}
	if r.memory != 0 || len(r.queue) != 0 || len(r.byKey) != 0 || r.Deadline() != 0 {
		r.t.Errorf("left: %d bytes, %d datagrams, deadline %v", r.memory, len(r.queue), r.Deadline())
	}
}

// part4 returns a fragment of the IPv4 datagram 77 that carries numbered(n).
func part4(n, from, to int) []byte { return part(from4(ProtoUDP), numbered(n), from, to) }

// part6 is part4 for IPv6.
func part6(n, from, to int) []byte { return part(from6(ProtoUDP), numbered(n), from, to) }

func part(h Header, payload []byte, from, to int) []byte {
	h.ID, h.FragOffset, h.MoreFragments = 77, from, to < len(payload)
	return build(h, payload[from:to])
}

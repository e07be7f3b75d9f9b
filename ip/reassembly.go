package ip

import (
	"net/netip"
	"slices"
	"time"
)

// Reassembly of fragments: the datagrams under way, their bounds and their
// timeouts. RFC 791 §3.2, RFC 8200 §4.5. datagram.go has a single datagram.

// How long fragments wait for the rest of their datagram.
const (
	// RFC 1122 §3.3.2 asks for 60 to 120 s. Departs from it, as Linux does
	// with 30 s: the 16-bit ID repeats sooner than that at today's rates, and
	// then pieces of different datagrams meet (RFC 4963).
	timeout4 = 30 * time.Second
	timeout6 = 60 * time.Second // RFC 8200 §4.5
)

// The bounds of a Reassembler whose Limits are zero.
const (
	// Four times the 256 KiB that Linux once gave all fragments: 16 datagrams
	// of the largest size, or hundreds of DNS answers.
	defaultFragmentMemory = 1 << 20
	// Bounds the work of a search; most datagrams are two or three fragments
	// of a DNS answer.
	defaultDatagrams = 256
	// 65535 bytes over a 576-byte MTU, the smallest anyone uses, make 119 fragments.
	defaultFragments = 128

	// What a datagram and a piece cost besides the bytes in them: about the size of the
	// structures. Without it, many tiny fragments would be free.
	datagramCost = 512
	pieceCost    = 96
)

// Limits bound what a Reassembler holds. Zero fields mean the defaults.
type Limits struct {
	Memory    int // bytes in all, bookkeeping included; 0: 1 MiB
	Datagrams int // datagrams under way; 0: 256
	Fragments int // fragments of one datagram; 0: 128
}

// A Reassembler puts datagrams of both families together from their
// fragments. It is a machine: inputs are Add and Advance, after each of which
// the caller drains NextLost and sleeps no longer than until Deadline.
type Reassembler struct {
	limits Limits
	byKey  map[fragmentKey]*datagram
	queue  []*datagram // in order of arrival of their earliest fragment
	memory int
	lost   []Lost
}

// A fragmentKey says to which datagram a fragment belongs. The protocol
// counts in IPv4 only: RFC 791 §3.2, RFC 8200 §4.5.
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    Protocol
}

// A Lost tells of fragments that were kept and are now given up.
type Lost struct {
	Reason    Drop
	Fragments int // how many; those refused on arrival are not among them

	// First is the first fragment, a whole packet, and Header its header;
	// First is nil when it never came. After a DropFragmentTimeout with First
	// present, a host sends ReassemblyTimeout about it (RFC 1122 §3.3.2, RFC 8200 §4.5).
	First  []byte
	Header Header
}

// NewReassembler returns an empty Reassembler.
func NewReassembler(l Limits) *Reassembler {
	if l.Memory == 0 {
		l.Memory = defaultFragmentMemory
	}
	if l.Datagrams == 0 {
		l.Datagrams = defaultDatagrams
	}
	if l.Fragments == 0 {
		l.Fragments = defaultFragments
	}
	return &Reassembler{limits: l, byKey: make(map[fragmentKey]*datagram)}
}

// Add takes packet b, whose header is h, and ownership of it. It returns the
// whole packet when b completes one, for ParseHeader to read once more, and b
// itself when it is no fragment. Otherwise it returns nil: the fragment was
// kept (NoDrop) or dropped for the reason given.
//
// Fragments that overlap make the whole datagram void, what follows of it
// too (RFC 5722 §4; for IPv4 as well, since no honest sender makes them);
// exact duplicates are ignored, as RFC 8200 §4.5 allows. When memory is used
// up the oldest datagrams go first: they are the least likely to be completed.
func (r *Reassembler) Add(now Time, b *Buffer, h *Header) (*Buffer, Drop) {
	if !h.IsFragment() {
		return b, NoDrop
	}
	defer b.Free() // what is kept is copied: a small fragment must not hold a large buffer
	r.Advance(now)
	d := r.lookup(now, h)
	if d.refused != NoDrop {
		return nil, d.refused
	}
	if drop := d.check(h, h.Payload(b.Data), r.limits.Fragments); drop != NoDrop {
		if drop != DropDuplicate {
			r.refuse(d, drop)
		}
		return nil, drop
	}
	if !r.makeRoom(d, d.costOf(h)) {
		r.refuse(d, DropFragmentMemory)
		return nil, DropFragmentMemory
	}
	r.memory += d.insert(h, b.Data)
	if !d.isComplete() {
		return nil, NoDrop
	}
	whole, drop := d.join()
	if drop != NoDrop {
		r.refuse(d, drop)
		return nil, drop
	}
	r.remove(d)
	return &Buffer{Data: whole, At: b.At}, NoDrop
}

// Advance gives up the datagrams whose time is over.
func (r *Reassembler) Advance(now Time) {
	for i := 0; i < len(r.queue); {
		d := r.queue[i]
		if now.Before(d.expires) {
			i++
			continue
		}
		r.report(d, DropFragmentTimeout)
		r.remove(d)
	}
}

// Deadline returns when Advance is next needed, 0 when nothing waits.
func (r *Reassembler) Deadline() Time {
	var t Time
	for _, d := range r.queue {
		t = Earliest(t, d.expires)
	}
	return t
}

// NextLost stores in l what has been given up since the last call, one
// datagram a call, and reports whether there was one.
func (r *Reassembler) NextLost(l *Lost) bool {
	if len(r.lost) == 0 {
		return false
	}
	*l = r.lost[0]
	r.lost = slices.Delete(r.lost, 0, 1)
	return true
}

// lookup returns the datagram to which a fragment with header h belongs, a new one if need be.
func (r *Reassembler) lookup(now Time, h *Header) *datagram {
	key := fragmentKey{src: h.Src, dst: h.Dst, id: h.ID}
	timeout := timeout6
	if h.Version == 4 {
		key.proto, timeout = h.Protocol, timeout4
	}
	if d := r.byKey[key]; d != nil {
		return d
	}
	for len(r.queue) >= r.limits.Datagrams {
		r.evict(0)
	}
	d := &datagram{key: key, header: *h, expires: now.Add(timeout), size: sizeUnknown, cost: datagramCost}
	r.byKey[key] = d
	r.queue = append(r.queue, d)
	r.memory += d.cost
	return d
}

// makeRoom gives up other datagrams, the oldest first, until d may grow by n
// bytes, and reports whether it may.
func (r *Reassembler) makeRoom(d *datagram, n int) bool {
	for r.memory+n > r.limits.Memory {
		oldest := 0
		if r.queue[0] == d {
			oldest = 1
		}
		if oldest == len(r.queue) {
			return false
		}
		r.evict(oldest)
	}
	return true
}

// evict gives up the datagram at a place of the queue for want of memory.
func (r *Reassembler) evict(i int) {
	d := r.queue[i]
	r.report(d, DropFragmentMemory)
	r.remove(d)
}

// refuse makes a datagram void. Its empty shell stays until its time is over,
// so that what still comes of it is refused as well (RFC 5722 §4).
func (r *Reassembler) refuse(d *datagram, why Drop) {
	r.report(d, why)
	r.memory -= d.cost - datagramCost
	d.refused, d.cost = why, datagramCost
	d.pieces, d.head = nil, nil
}

// report notes that the fragments which a datagram holds are lost. The
// bound holds only for callers who do not drain NextLost.
func (r *Reassembler) report(d *datagram, why Drop) {
	if len(d.pieces) > 0 && len(r.lost) < r.limits.Datagrams {
		r.lost = append(r.lost, Lost{Reason: why, Fragments: len(d.pieces), First: d.first(), Header: d.header})
	}
}

// remove forgets a datagram.
func (r *Reassembler) remove(d *datagram) {
	delete(r.byKey, d.key)
	r.memory -= d.cost
	i := slices.Index(r.queue, d)
	r.queue = slices.Delete(r.queue, i, i+1)
}

package tcp

import (
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Reassembly: what was received, in order for the reader and out of order
// until the gaps before it close (RFC 9293 §3.10.7.4, seventh; SHLD-31).

const (
	// maxHoles bounds the gaps in what was received. It is above what one window of 4 MiB
	// at 10 % random loss makes (about 300), and small enough that inserting costs a
	// peer that sends every other byte no more than a short copy (CVE-2018-5390).
	maxHoles = 1024
	// compactRatio: text that fills less than 1/compactRatio of its packet
	// buffer is copied, so that small payloads do not pin large buffers.
	compactRatio = 4
	// compactSize is the size of the buffers that small texts are copied into.
	compactSize = 4 << 10
)

// Text is a piece of received text that has been taken out of a connection. Its
// bytes stay valid until Free, which may be called from any goroutine.
type Text struct {
	Bytes []byte
	buf   *ip.Buffer
}

// Free gives the text's memory back.
func (t *Text) Free() {
	t.buf.Free()
	*t = Text{}
}

// A piece is text in a list, with the buffer it lies in. A piece without a buffer was
// copied: room behind it, up to the capacity, is free for the text that follows.
type piece struct {
	b    []byte
	buf  *ip.Buffer
	next *piece
}

// A run is a range of sequence numbers without a gap, with its text.
type run struct {
	Block
	first, last *piece
	stamp       uint32 // when it last grew; SACK reports the newest first
}

// A reassembly keeps received text. Ready text lies in ready, up to next;
// runs holds the rest in order of sequence, with gaps before each.
type reassembly struct {
	next   Seq // RCV.NXT, as far as text goes
	ready  run
	bytes  int // in ready
	runs   []run
	stamp  uint32
	spare  *piece // freed pieces, linked
	spares int
}

// maxSpare bounds the freed pieces kept by a connection: a burst of 64 packets.
const maxSpare = 64

func (r *reassembly) newPiece(b []byte, buf *ip.Buffer) *piece {
	p := r.spare
	if p == nil {
		return &piece{b: b, buf: buf}
	}
	r.spare, r.spares = p.next, r.spares-1
	*p = piece{b: b, buf: buf}
	return p
}

func (r *reassembly) freePiece(p *piece) {
	*p = piece{}
	if r.spares < maxSpare {
		p.next, r.spare, r.spares = r.spare, p, r.spares+1
	}
}

// add takes the text of a segment that starts at seq and owns seg's buffer from then on.
// The text lies inside the receive window. It returns the part that was there already, for D-SACK (empty if none), and
// ip.DropTooManyHoles when the text was refused.
func (r *reassembly) add(seq Seq, seg *Segment) (dup Block, drop ip.Drop) {
	text, buf := seg.Text, seg.Buf
	seg.Text, seg.Buf = nil, nil
	end := seq.Add(Size(len(text)))
	if seq == r.next && (len(r.runs) == 0 || end.LessEq(r.runs[0].Start)) {
		r.append(&r.ready, text, buf) // the usual case: in order, no gap reached
		r.bytes += len(text)
		r.next = end
		r.join()
		return Block{}, ip.NoDrop
	}
	return r.insert(Block{seq, end}, text, buf)
}

// append adds text at the end of a run: by reference, or copied when it is small.
func (r *reassembly) append(u *run, text []byte, buf *ip.Buffer) {
	u.End = u.End.Add(Size(len(text)))
	if buf != nil && len(text)*compactRatio >= cap(buf.Data) {
		r.link(u, r.newPiece(text, buf))
		return
	}
	if p := u.last; p != nil && p.buf == nil && cap(p.b)-len(p.b) >= len(text) {
		p.b = append(p.b, text...)
	} else {
		room := make([]byte, 0, max(len(text), r.compactRoom(u)))
		r.link(u, r.newPiece(append(room, text...), nil))
	}
	buf.Free()
}

// compactRoom is the size of the next compact buffer of a run: the first is
// as small as its text, for connections that carry a few lines and rest.
func (r *reassembly) compactRoom(u *run) int {
	if u.first == nil {
		return 0
	}
	return compactSize
}

func (r *reassembly) link(u *run, p *piece) {
	if u.last == nil {
		u.first = p
	} else {
		u.last.next = p
	}
	u.last = p
}

// insert places text that is out of order or overlaps what is there. What was
// there first stays: an honest sender has no reason to change it. A packet has one owner, so when
// the text fills several gaps the parts before the last are copied.
func (r *reassembly) insert(b Block, text []byte, buf *ip.Buffer) (dup Block, drop ip.Drop) {
	r.stamp++
	for at := b.Start; at != b.End; {
		i := r.find(at)
		if held := r.held(i, at); at.Less(held) {
			held = minSeq(b.End, held)
			if dup == (Block{}) {
				dup = Block{at, held}
			}
			at = held
			continue
		}
		gapEnd := b.End
		if i < len(r.runs) {
			gapEnd = minSeq(b.End, r.runs[i].Start)
		}
		var own *ip.Buffer
		if gapEnd == b.End {
			own, buf = buf, nil
		}
		if d := r.place(i, Block{at, gapEnd}, text[at.Sub(b.Start):gapEnd.Sub(b.Start)], own); d != ip.NoDrop {
			drop = d
		}
		at = gapEnd
	}
	buf.Free()
	return dup, drop
}

// held returns how far text is held from at on without a gap: to the end of the ready text, which grows while a
// segment is being placed, or of run i, the first that ends after at. It returns at when that byte is missing.
func (r *reassembly) held(i int, at Seq) Seq {
	switch {
	case at.Less(r.next):
		return r.next
	case i < len(r.runs) && r.runs[i].Start.LessEq(at):
		r.runs[i].stamp = r.stamp
		return r.runs[i].End
	}
	return at
}

// find returns the index of the first run that ends after s.
func (r *reassembly) find(s Seq) int {
	i, _ := slices.BinarySearchFunc(r.runs, s, func(u run, s Seq) int {
		if u.End.LessEq(s) {
			return -1
		}
		return 1
	})
	return i
}

// place puts text that overlaps nothing into the gap before run i.
func (r *reassembly) place(i int, b Block, text []byte, buf *ip.Buffer) ip.Drop {
	if b.Start == r.next {
		r.append(&r.ready, text, buf)
		r.bytes += len(text)
		r.next = b.End
		r.join()
		return ip.NoDrop
	}
	left := i > 0 && r.runs[i-1].End == b.Start
	right := i < len(r.runs) && r.runs[i].Start == b.End
	if left {
		r.append(&r.runs[i-1], text, buf)
		r.runs[i-1].stamp = r.stamp
		if right {
			concat(&r.runs[i-1], &r.runs[i])
			r.runs = slices.Delete(r.runs, i, i+1)
		}
		return ip.NoDrop
	}
	if !right && len(r.runs) >= maxHoles {
		buf.Free()
		return ip.DropTooManyHoles
	}
	u := run{Block: Block{b.Start, b.Start}, stamp: r.stamp}
	r.append(&u, text, buf)
	if right {
		concat(&u, &r.runs[i])
		r.runs[i] = u
	} else {
		r.runs = slices.Insert(r.runs, i, u)
	}
	return ip.NoDrop
}

// join moves the runs that now follow without a gap to the ready text.
func (r *reassembly) join() {
	n := 0
	for n < len(r.runs) && r.runs[n].Start == r.next {
		u := &r.runs[n]
		r.bytes += int(u.End.Sub(u.Start))
		r.next = u.End
		concat(&r.ready, u)
		n++
	}
	if n > 0 {
		r.runs = slices.Delete(r.runs, 0, n)
	}
}

// concat adds run v, which follows u, to u. Neither is empty.
func concat(u, v *run) {
	u.last.next = v.first
	u.last, u.End = v.last, v.End
}

// take moves the first ready piece out, if it is at most limit bytes long.
func (r *reassembly) take(limit int) (Text, bool) {
	p := r.ready.first
	if p == nil || len(p.b) > limit {
		return Text{}, false
	}
	t := Text{Bytes: p.b, buf: p.buf}
	r.bytes -= len(p.b)
	r.unlink()
	return t, true
}

// read copies ready text to b and returns how much.
func (r *reassembly) read(b []byte) int {
	n := 0
	for n < len(b) && r.ready.first != nil {
		p := r.ready.first
		k := copy(b[n:], p.b)
		n += k
		r.bytes -= k
		if p.b = p.b[k:]; len(p.b) == 0 {
			p.buf.Free()
			r.unlink()
		}
	}
	return n
}

// peek copies ready text from an offset on to b, and leaves it there.
func (r *reassembly) peek(offset int, b []byte) int {
	n := 0
	for p := r.ready.first; p != nil && n < len(b); p = p.next {
		if offset >= len(p.b) {
			offset -= len(p.b)
			continue
		}
		n += copy(b[n:], p.b[offset:])
		offset = 0
	}
	return n
}

// unlink removes the first ready piece from the list.
func (r *reassembly) unlink() {
	p := r.ready.first
	if r.ready.first = p.next; r.ready.first == nil {
		r.ready.last = nil
	}
	r.freePiece(p)
}

// clear frees everything that is held.
func (r *reassembly) clear() {
	r.ready.free()
	r.clearRuns()
	r.bytes, r.spare, r.spares = 0, nil, 0
}

// clearRuns frees what lies behind a gap that will not close any more.
func (r *reassembly) clearRuns() {
	for i := range r.runs {
		r.runs[i].free()
	}
	r.runs = nil
}

// free frees the text of a run.
func (u *run) free() {
	for p := u.first; p != nil; p = p.next {
		p.buf.Free()
	}
	u.first, u.last = nil, nil
}

// newest appends to o the runs as SACK blocks, the one that grew last first (RFC 2018 §4),
// up to n blocks.
func (r *reassembly) newest(o *Options, n int) {
	below := uint64(1) << 32 // stamps already reported are not below
	for ; n > 0; n-- {
		best := -1
		for i := range r.runs {
			if s := uint64(r.runs[i].stamp); s < below && (best < 0 || s > uint64(r.runs[best].stamp)) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		below = uint64(r.runs[best].stamp)
		o.addBlock(r.runs[best].Block)
	}
}

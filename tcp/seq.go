package tcp

// Sequence numbers, RFC 9293 §3.4: arithmetic modulo 2^32.

// A Seq is a sequence number. Two of them are compared within half of the
// sequence space of each other; farther apart, "before" has no meaning.
type Seq uint32

// A Size is a number of sequence numbers: bytes, plus one for each SYN and FIN. Windows
// are kept in it, in 32 bits (REC-1).
type Size = uint32

// Add returns the sequence number n after s, modulo 2^32.
func (s Seq) Add(n Size) Seq { return s + Seq(n) }

// Sub returns how many sequence numbers lie from t up to s, modulo 2^32.
func (s Seq) Sub(t Seq) Size { return Size(s - t) }

// Less reports whether s comes before t.
func (s Seq) Less(t Seq) bool { return int32(s-t) < 0 }

// LessEq reports whether s comes before t or equals it.
func (s Seq) LessEq(t Seq) bool { return int32(s-t) <= 0 }

// In reports whether s lies in the n sequence numbers from start on.
func (s Seq) In(start Seq, n Size) bool { return s.Sub(start) < n }

// maxSeq returns the later of two sequence numbers.
func maxSeq(a, b Seq) Seq {
	if a.Less(b) {
		return b
	}
	return a
}

// minSeq returns the earlier of two sequence numbers.
func minSeq(a, b Seq) Seq {
	if b.Less(a) {
		return b
	}
	return a
}

package sockets

// Memory of the caller.

// An IOVec is one piece of the caller's memory, as in struct iovec. A nil Base with a Len is a pointer
// that leads nowhere: what touches it fails with EFAULT.
type IOVec struct {
	Base []byte
	Len  int
}

// Buffer returns the vector of one slice. The slice nil is an empty one.
func Buffer(b []byte) []IOVec {
	if b == nil {
		b = []byte{}
	}
	return []IOVec{{b, len(b)}}
}

// total returns the length of a vector.
func total(v []IOVec) int {
	n := 0
	for _, p := range v {
		n += p.Len
	}
	return n
}

// rest returns what is behind the first n bytes of a vector: slices that are not empty, up to a bad pointer. bad
// reports whether one comes first.
func rest(v []IOVec, n int) (parts [][]byte, bad bool) {
	for _, p := range v {
		if n >= p.Len {
			n -= p.Len
			continue
		}
		if p.Base == nil {
			return parts, len(parts) == 0
		}
		parts = append(parts, p.Base[n:p.Len])
		n = 0
	}
	return parts, false
}

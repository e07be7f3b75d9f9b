package tcp

// Segments that travel as one packet, because a device merges those that come and cuts what goes. What is counted in
// segments counts each of them, as in Linux.

// Segments returns how many segments the device has merged into this one.
func (s *Segment) Segments() int {
	if s.Buf == nil || s.Buf.GSOSize == 0 || len(s.Text) == 0 {
		return 1
	}
	return (len(s.Text) + int(s.Buf.GSOSize) - 1) / int(s.Buf.GSOSize)
}

// Segments returns into how many segments the device is to cut the text.
func (o *Output) Segments() int {
	if o.GSO == 0 {
		return 1
	}
	return (o.Len + o.GSO - 1) / o.GSO
}

// uncuttable reports whether text must leave in single segments, because the count of marks has the bit that was CWR: devices take
// it out of all segments but the first, as RFC 3168 §6.1.2 wants it (RFC 9768 §3.3.4).
func (a *accState) uncuttable() bool {
	return a.on && aceFlags(a.got.packets+accInitialCEP).Has(CWR)
}

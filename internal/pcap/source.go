package pcap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// The bytes of a file, with the place for messages.

// A source reads a file in order and knows where it is.
type source struct {
	r      *bufio.Reader
	name   string
	offset int64 // of the next byte
	start  int64 // of the packet or block that is read
	packet int   // packets read
	buf    []byte
}

func newSource(r io.Reader, name string) *source {
	return &source{r: bufio.NewReaderSize(r, 64<<10), name: name}
}

// begin notes that a packet or block begins here.
func (s *source) begin() { s.start = s.offset }

// peek returns the first n bytes of a file without taking them.
func (s *source) peek(n int) ([]byte, error) {
	b, err := s.r.Peek(n)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, io.EOF) && len(b) == 0:
		return nil, s.alien("not a capture: the file is empty")
	case errors.Is(err, io.EOF):
		return nil, s.alien("not a capture: the file has " + fmt.Sprint(len(b)) + " bytes")
	}
	return nil, s.unreadable(err)
}

// take reads n bytes, at most MaxPacket and a header. They are good until the next call.
// What names what is read. At the end of the file, before the first byte, the error is io.EOF.
func (s *source) take(n int, what string) ([]byte, error) {
	if n > cap(s.buf) {
		s.buf = make([]byte, n)
	}
	got, err := io.ReadFull(s.r, s.buf[:n])
	s.offset += int64(got)
	switch {
	case err == nil:
		return s.buf[:n], nil
	case got == 0 && errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, s.truncated(n, got, what)
	}
	return nil, s.unreadable(err)
}

// rest is take for what must follow: the end of the file is an error, too.
func (s *source) rest(n int, what string) ([]byte, error) {
	b, err := s.take(n, what)
	if errors.Is(err, io.EOF) && n > 0 {
		return nil, s.truncated(n, 0, what)
	}
	return b, err
}

// skip passes over n bytes.
func (s *source) skip(n int64, what string) error {
	got, err := io.CopyN(io.Discard, s.r, n)
	s.offset += got
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return s.truncated(int(n), int(got), what)
	}
	return s.unreadable(err)
}

// truncated makes the error for a file that ends too early.
func (s *source) truncated(want, got int, what string) error {
	return &Error{
		File: s.name, Offset: s.start, Packet: s.packet + 1, Err: ErrTruncated,
		Problem: fmt.Sprintf("%v within %s: %d of %d bytes are there", ErrTruncated, what, got, want),
		Hint:    "the packets before it are good; the rest was never written, or lost in copying",
	}
}

// damaged makes the error for contents that cannot be.
func (s *source) damaged(problem string) error {
	return &Error{
		File: s.name, Offset: s.start, Packet: s.packet + 1, Problem: "damaged: " + problem,
		Hint: "the packets before it are good; make or copy the capture anew for the rest",
	}
}

// alien makes the error for a file that is something else.
func (s *source) alien(problem string) error {
	return &Error{
		File: s.name, Problem: problem,
		Hint: "captures are made by: tcpdump -w FILE, or converted by: editcap -F pcapng THIS FILE",
	}
}

// unreadable makes the error for a file that the system, or gzip, does not give us.
func (s *source) unreadable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return s.truncated(1, 0, "its compressed data")
	}
	return &Error{File: s.name, Offset: s.start, Packet: s.packet + 1, Problem: "reading: " + err.Error(), Err: err}
}

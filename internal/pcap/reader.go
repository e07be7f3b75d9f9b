package pcap

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// The reader: which format it is, and one packet after another.

// MaxPacket is the longest packet that is read, in bytes: what libpcap takes at most.
const MaxPacket = 256 << 10

// ErrTruncated is wrapped by the error for a file that ends within a packet. The packets before it are good.
var ErrTruncated = errors.New("the file is cut off")

// An Error is a capture that cannot be read, or not further.
type Error struct {
	File    string
	Offset  int64  // of the packet or block, in bytes; in a compressed file, of what it unpacks to
	Packet  int    // the number of the packet, from 1; 0 before the first
	Problem string // what is wrong
	Hint    string // what to do
	Err     error  // ErrTruncated, what reading gave, or nil
}

// Error says which file, where and what, on one line.
func (e *Error) Error() string {
	where := ""
	if e.Packet > 0 {
		where = fmt.Sprintf("packet %d at byte %d: ", e.Packet, e.Offset)
	}
	return fmt.Sprintf("%s: %s%s", e.File, where, e.Problem)
}

// Unwrap returns ErrTruncated, the error of reading, or nil.
func (e *Error) Unwrap() error { return e.Err }

// A Reader reads one capture. It is not safe for concurrent use.
type Reader struct {
	src     *source
	format  format
	close   func() error
	skipped int
}

// A format takes the next packet, with its link layer, out of a file.
type format interface {
	// next returns io.EOF at a proper end. The bytes are good until the next call.
	next() (frame, error)
}

// A frame is a packet as it was captured.
type frame struct {
	when time.Time
	link linkType
	data []byte
}

// Open opens a capture. A .gz of one is unpacked on the way.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	return r, nil
}

// NewReader reads a capture from r; name is for messages.
func NewReader(r io.Reader, name string) (*Reader, error) {
	src := newSource(r, name)
	magic, err := src.peek(4)
	if err != nil {
		return nil, err
	}
	if magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(src.r)
		if err != nil {
			return nil, src.alien("a gzip file that cannot be unpacked: " + err.Error())
		}
		src = newSource(z, name)
		if magic, err = src.peek(4); err != nil {
			return nil, err
		}
	}
	reader := &Reader{src: src, close: func() error { return nil }}
	if reader.format, err = formatOf(src, [4]byte(magic)); err != nil {
		return nil, err
	}
	return reader, nil
}

// formatOf knows a file by its first four bytes.
func formatOf(src *source, magic [4]byte) (format, error) {
	switch magic {
	case [4]byte{0x0a, 0x0d, 0x0d, 0x0a}:
		return newNG(src)
	case [4]byte{0xd4, 0xc3, 0xb2, 0xa1}, [4]byte{0xa1, 0xb2, 0xc3, 0xd4},
		[4]byte{0x4d, 0x3c, 0xb2, 0xa1}, [4]byte{0xa1, 0xb2, 0x3c, 0x4d}:
		return newClassic(src, magic)
	case [4]byte{0x34, 0xcd, 0xb2, 0xa1}, [4]byte{0xa1, 0xb2, 0xcd, 0x34}:
		return nil, src.alien("a pcap of Kuznetzov's kind, which is not supported")
	case [4]byte{'s', 'n', 'o', 'o'}:
		return nil, src.alien("a snoop file, which is not supported")
	}
	return nil, src.alien(fmt.Sprintf("not a capture: a pcap or pcapng does not begin with the bytes % x", magic))
}

// Next returns the next IP packet and when it was captured. The bytes are good until the
// next call; a packet may be shorter than its header says when the capture was made with a
// limit. At the end the error is io.EOF, and otherwise an *Error.
func (r *Reader) Next() (when time.Time, packet []byte, err error) {
	for {
		r.src.begin()
		f, err := r.format.next()
		if err != nil {
			return time.Time{}, nil, err
		}
		r.src.packet++
		if p := network(f.link, f.data); p != nil {
			return f.when, p, nil
		}
		r.skipped++
	}
}

// Skipped returns how many packets so far carried no IP, or lay on a link that is not supported.
func (r *Reader) Skipped() int { return r.skipped }

// Close closes the file that Open opened.
func (r *Reader) Close() error { return r.close() }

package httpget

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// HTTP/2 as the tap reads it: frames (RFC 9113 §4.1) and header blocks (§4.3, RFC 7541).
// Headers are written out as curl writes them, in the manner of HTTP/1.

const (
	preface        = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113 §3.4
	frameHeaderLen = 9

	frameData         = 0
	frameHeaders      = 1
	frameContinuation = 9

	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// headerTable is the size of the compression table that both ends assume at
// first (RFC 9113 §6.5.2); net/http never asks for a larger one, nor uses one.
const headerTable = 4096

// frames splits one direction of an HTTP/2 connection. It cannot lose its
// place for want of understanding: after anything malformed it goes blind.
type frames struct {
	request bool
	skip    int // bytes of the preface still to come
	head    [frameHeaderLen]byte
	nhead   int    // bytes of head so far
	left    int    // bytes of the frame's payload still to come
	block   []byte // header block so far; padding and priority already cut off
	decoder *hpack.Decoder
	blind   bool
}

func newFrames(request bool) *frames {
	f := &frames{request: request, decoder: hpack.NewDecoder(headerTable, nil)}
	f.decoder.SetMaxStringLength(maxHeader)
	if request {
		f.skip = len(preface)
	}
	return f
}

// begin does nothing: the frames say by themselves what they are.
func (f *frames) begin() {}

func (f *frames) feed(p []byte, emit func(part)) {
	n := min(f.skip, len(p))
	f.skip -= n
	p = p[n:]
	for len(p) > 0 && !f.blind {
		if f.nhead < frameHeaderLen {
			n := copy(f.head[f.nhead:], p)
			f.nhead += n
			p = p[n:]
			f.beginFrame(emit)
			continue
		}
		n := min(f.left, len(p))
		f.left -= n
		f.payload(p[:n], emit)
		p = p[n:]
		if f.left == 0 {
			f.endFrame(emit)
		}
	}
}

// beginFrame looks at a frame header once it is complete.
func (f *frames) beginFrame(emit func(part)) {
	if f.nhead < frameHeaderLen {
		return
	}
	f.left = int(binary.BigEndian.Uint32(f.head[:4]) >> 8)
	if f.frameType() == frameHeaders {
		f.block = f.block[:0]
	}
	if f.left == 0 {
		f.endFrame(emit)
	}
}

func (f *frames) frameType() byte { return f.head[3] }

func (f *frames) has(flag byte) bool { return f.head[4]&flag != 0 }

func (f *frames) payload(p []byte, emit func(part)) {
	switch f.frameType() {
	case frameData:
		emit(part{kind: partData, data: p})
	case frameHeaders, frameContinuation:
		f.block = append(f.block, p...)
		f.blind = len(f.block) > maxHeader
	}
}

func (f *frames) endFrame(emit func(part)) {
	f.nhead = 0
	t := f.frameType()
	if t == frameHeaders {
		f.trim()
	}
	if (t == frameHeaders || t == frameContinuation) && f.has(flagEndHeaders) && !f.blind {
		fields, err := f.decoder.DecodeFull(f.block)
		f.blind = err != nil
		f.block = f.block[:0]
		if err == nil {
			f.header(fields, emit)
		}
	}
}

// trim cuts padding and priority off the payload of a HEADERS frame, RFC 9113 §6.2.
func (f *frames) trim() {
	b := f.block
	if f.has(flagPadded) && len(b) > 0 {
		pad := int(b[0])
		b = b[1:max(1, len(b)-pad)]
	}
	if f.has(flagPriority) {
		b = b[min(5, len(b)):]
	}
	f.block = b
}

// header emits a header in the form of HTTP/1.
func (f *frames) header(fields []hpack.HeaderField, emit func(part)) {
	pseudo := make(map[string]string)
	var list []hpack.HeaderField
	for _, h := range fields {
		if h.IsPseudo() {
			pseudo[h.Name] = h.Value
		} else {
			list = append(list, h)
		}
	}
	if f.request {
		f.requestHeader(pseudo, list, emit)
		return
	}
	status, ok := pseudo[":status"]
	if ok {
		emit(part{kind: partLine, data: []byte("HTTP/2 " + status + " \r\n"), first: true})
	}
	for _, h := range list {
		emit(part{kind: partLine, data: []byte(h.Name + ": " + h.Value + "\r\n")})
	}
	if ok { // otherwise these were trailers, which nothing ends
		emit(part{kind: partBlank, data: []byte("\r\n")})
	}
}

func (f *frames) requestHeader(pseudo map[string]string, list []hpack.HeaderField, emit func(part)) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/2\r\nHost: %s\r\n", pseudo[":method"], pseudo[":path"], pseudo[":authority"])
	for _, h := range list {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	b.WriteString("\r\n")
	emit(part{kind: partBlank, data: []byte(b.String())})
}

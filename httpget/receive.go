package httpget

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// The body: read, throttled, decoded, delivered.

// receive reads the answer's body to its end and delivers it.
func (h *hop) receive(ctx context.Context, resp *http.Response) *Error {
	t := h.t
	failed := t.failure(resp.StatusCode)
	if failed != nil && t.req.Fail == FailEarly {
		return failed
	}
	if t.req.NoBody && !strings.EqualFold(h.Method, http.MethodHead) {
		return failed // a body comes, but only the header was asked for
	}
	defer resp.Body.Close()
	if err := newBody(ctx, h, resp).deliver(); err != nil {
		return err
	}
	if err := h.writeTrailer(resp); err != nil {
		return err
	}
	h.whole = true
	return failed
}

// failure returns the error that the status is, if the user wants it to be one.
func (t *transfer) failure(status int) *Error {
	if status < 400 || t.req.Fail == FailNever {
		return nil
	}
	return errorf(HTTPError, nil, "The requested URL returned error: %d", status)
}

// writeTrailer delivers the fields that came after the body (RFC 9110 §6.5)
// along with the header.
func (h *hop) writeTrailer(resp *http.Response) *Error {
	before := len(h.seen.headers)
	h.seen = h.link.tap.seen()
	if resp.ProtoMajor == 1 { // the tap took them for a part of the body
		var b strings.Builder
		_ = resp.Trailer.Write(&b) // a Builder takes everything
		h.seen.headers = append(h.seen.headers, b.String()...)
	}
	return h.writeHeader(before)
}

// A body reads an answer's body.
type body struct {
	ctx      context.Context
	hop      *hop
	from     io.Reader
	total    int64 // as announced, -1 if unknown
	received int64
	began    time.Time
	err      error // what reading ended with, io.EOF included
}

// chunk is how much of a body is read, and written, at once.
const chunk = 64 << 10

func newBody(ctx context.Context, h *hop, resp *http.Response) *body {
	h.t.res.Announced = resp.ContentLength
	b := &body{ctx: ctx, hop: h, from: resp.Body, total: resp.ContentLength, began: time.Now()}
	if strings.EqualFold(h.Method, http.MethodHead) {
		b.total = 0 // the length is that of the body that GET would bring
	}
	return b
}

// deliver copies the body to where it is to go.
func (b *body) deliver() *Error {
	b.progress()
	from, err := b.decoded()
	if err == nil {
		err = b.copy(from)
	}
	b.hop.t.res.SizeDownload = b.received
	return err
}

// copy moves the body in chunks.
func (b *body) copy(from io.Reader) *Error {
	out := b.hop.t.req.Output
	if out == nil {
		out = io.Discard
	}
	buf := make([]byte, b.chunkSize())
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return writeError(err)
			}
		}
		switch {
		case err == io.EOF && (b.err == nil || b.err == io.EOF):
			return nil
		case err != nil && b.err != nil && b.err != io.EOF:
			return b.hop.bodyError(b.ctx, b)
		case err != nil:
			return errorf(BadEncoding, err, "Error while processing content unencoding: %s", err)
		}
	}
}

// chunkSize returns how much to read at once: with a limit no more than a
// tenth of a second's worth, so that progress is even.
func (b *body) chunkSize() int {
	if limit := b.hop.t.req.LimitRate; limit > 0 {
		return int(min(max(limit/10, 1), chunk))
	}
	return chunk
}

// Read reads the body as it came, and keeps to the rate.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p)
	b.received += int64(n)
	if n > 0 {
		b.progress()
		if wait := b.throttle(); wait != nil && err == nil {
			err = wait
		}
	}
	b.err = err
	return n, err
}

// throttle waits until the average rate is down to the limit.
func (b *body) throttle() error {
	limit := b.hop.t.req.LimitRate
	if limit <= 0 {
		return nil
	}
	due := time.Duration(float64(b.received) / float64(limit) * float64(time.Second))
	timer := time.NewTimer(due - time.Since(b.began))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

func (b *body) progress() {
	if f := b.hop.t.req.Progress; f != nil {
		f(b.received, b.total)
	}
}

// decoded returns a reader that undoes the encodings of the body (RFC 9110
// §8.4), in case they were offered.
func (b *body) decoded() (io.Reader, *Error) {
	if !b.hop.t.req.Compressed || b.total == 0 {
		return b, nil
	}
	var from io.Reader = b
	encodings := strings.Split(strings.Join(b.hop.t.res.Header.Values("Content-Encoding"), ","), ",")
	for i := len(encodings) - 1; i >= 0; i-- {
		var err error
		switch encoding := strings.ToLower(strings.TrimSpace(encodings[i])); encoding {
		case "", "identity", "none":
		case "gzip", "x-gzip":
			from, err = gzip.NewReader(from)
		case "deflate":
			from, err = inflate(from)
		default:
			return nil, errorf(BadEncoding, nil, "Unrecognized content encoding type %q. sockeye understands deflate and gzip", encoding)
		}
		if err != nil && b.err != nil && b.err != io.EOF {
			return nil, b.hop.bodyError(b.ctx, b)
		}
		if err != nil {
			return nil, errorf(BadEncoding, err, "Error while processing content unencoding: %s", err)
		}
	}
	return from, nil
}

// inflate undoes deflate, which RFC 9110 §8.4.1.2 defines as zlib's format and
// some servers send bare.
func inflate(from io.Reader) (io.Reader, error) {
	r := bufio.NewReader(from)
	head, err := r.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	// RFC 1950 §2.2: method 8, and a check value modulo 31.
	if len(head) == 2 && head[0]&0xf == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

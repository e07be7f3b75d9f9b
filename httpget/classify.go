package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// What went wrong, in curl's numbers and words.

// exchangeError says why there was no answer. sent says that the request was
// on its way, so that an end without an answer is an empty reply.
func (h *hop) exchangeError(ctx context.Context, l *link, err error, sent bool) *Error {
	seen := l.tap.seen()
	h.seen = seen
	switch {
	case ctx.Err() != nil:
		return h.t.ended(ctx, err, "Operation timed out after %d milliseconds with 0 bytes received", time.Since(h.t.start).Milliseconds())
	case seen.malformed:
		return errorf(UnsupportedProtocol, err, "Received HTTP/0.9 when not allowed")
	case sent && seen.first.IsZero() && isEOF(err):
		return errorf(EmptyReply, err, "Empty reply from server")
	}
	if e := ioError(err); e != nil {
		return e
	}
	if e := http2Error(err); e != nil {
		return e
	}
	if len(seen.lines) > 0 && !isStatusLine(seen.lines[0]) {
		return errorf(UnsupportedProtocol, err, "Unsupported HTTP version in response")
	}
	if isEOF(err) {
		return errorf(ReceiveError, err, "Recv failure: the connection was closed within the header")
	}
	if strings.Contains(err.Error(), "headers exceeded") {
		return errorf(ReceiveError, err, "Recv failure: more than %d bytes of header", maxHeader)
	}
	return errorf(WeirdReply, err, "Weird server reply: %s", reason(err))
}

// isStatusLine reports whether a line is a status line of HTTP/1, RFC 9112 §4.
func isStatusLine(line string) bool {
	var major, minor, status int
	n, _ := fmt.Sscanf(line, "HTTP/%d.%d %d", &major, &minor, &status)
	return n == 3 && major == 1 || strings.HasPrefix(line, "HTTP/2 ")
}

// bodyError says why the body broke off.
func (h *hop) bodyError(ctx context.Context, b *body) *Error {
	left := b.total - b.received
	switch {
	case ctx.Err() != nil && b.total > 0:
		return h.t.ended(ctx, b.err, "Operation timed out after %d milliseconds with %d out of %d bytes received",
			time.Since(h.t.start).Milliseconds(), b.received, b.total)
	case ctx.Err() != nil:
		return h.t.ended(ctx, b.err, "Operation timed out after %d milliseconds with %d bytes received",
			time.Since(h.t.start).Milliseconds(), b.received)
	case isEOF(b.err) && b.total >= 0:
		return errorf(PartialFile, b.err, "transfer closed with %d bytes remaining to read", left)
	case isEOF(b.err):
		return errorf(PartialFile, b.err, "transfer closed with outstanding read data remaining")
	}
	if e := ioError(b.err); e != nil {
		return e
	}
	if e := http2Error(b.err); e != nil {
		return e
	}
	if text := b.err.Error(); strings.Contains(text, "chunk") {
		return errorf(ReceiveError, b.err, "Illegal or missing hexadecimal sequence in chunked-encoding")
	}
	return errorf(ReceiveError, b.err, "Recv failure: %s", reason(b.err))
}

func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err.Error() == "http: server closed idle connection"
}

// ioError reads an error of the connection; nil if err is none.
func ioError(err error) *Error {
	var alert tls.AlertError
	var op *net.OpError
	switch {
	case errors.As(err, &alert):
		return errorf(ReceiveError, err, "Recv failure: %s", reason(err))
	case errors.As(err, &op) && op.Op == "write":
		return errorf(SendError, err, "Send failure: %s", reason(err))
	case errors.As(err, &op):
		return errorf(ReceiveError, err, "Recv failure: %s", reason(err))
	case errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return errorf(ReceiveError, err, "Recv failure: %s", reason(err))
	}
	return nil
}

// http2Error reads an error of HTTP/2; nil if err is none. Their types are
// net/http's own, so their texts must do.
func http2Error(err error) *Error {
	switch text := err.Error(); {
	case strings.Contains(text, "stream error:"):
		return errorf(HTTP2StreamError, err, "HTTP/2 stream was not closed cleanly: %s", text)
	case strings.Contains(text, "http2: "), strings.Contains(text, "connection error:"):
		return errorf(HTTP2Error, err, "HTTP/2 framing layer: %s", text)
	}
	return nil
}

// writeError says that the output took no more.
func writeError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return errorf(WriteError, err, "Failure writing output to destination: %s", reason(err))
}

// reason returns the innermost text of an error, as strerror would spell it:
// "Connection refused", not "dial tcp 192.0.2.1:80: connect: connection refused".
func reason(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text := err.Error()
	if text == "" {
		return "Unknown error"
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// millis writes a duration as milliseconds.
func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

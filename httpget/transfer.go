package httpget

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A transfer: hop after hop until an answer is no redirect.

// A transfer is one call of Get.
type transfer struct {
	client *Client
	req    *Request
	res    *Result
	start  time.Time
	first  string // origin of the first hop: credentials go nowhere else
	post   bool   // the body is still sent; a redirect may end that

	traceMu sync.Mutex
}

// A hop is one request of a transfer and its answer.
type hop struct {
	Hop
	t          *transfer
	target     *target
	host, port string // where to connect: the target's own, or a detour
	start      time.Time
	link       *link    // nil until there is one
	whole      bool     // the answer was read to its end: the connection can be used again
	seen       exchange // on the link, so far
}

// Get makes one transfer. The result is never nil and holds what there was,
// also when the transfer failed; the error, if any, is an *Error and lies in the
// result as well. Cancelling the context ends the transfer with Interrupted.
func (c *Client) Get(ctx context.Context, req Request) (*Result, error) {
	t := &transfer{client: c, req: &req, start: time.Now(), post: req.Body != nil}
	t.res = &Result{URL: req.URL, EffectiveURL: req.URL, Referer: req.Referer, Announced: -1}
	if req.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, req.Timeout, errMaxTime)
		defer cancel()
	}
	err := t.run(ctx)
	t.res.Times.Total = time.Since(t.start)
	t.res.Err = err
	if err != nil {
		return t.res, err
	}
	return t.res, nil
}

// run goes from hop to hop.
func (t *transfer) run(ctx context.Context) *Error {
	next, err := parseURL(t.req.URL)
	if err != nil {
		return err
	}
	if next.assumed {
		t.infof("No scheme in the URL: assuming %s://", next.scheme)
	}
	t.first = next.origin()
	for {
		next, err = t.hop(ctx, next)
		if err != nil || next == nil {
			return err
		}
		t.infof("Issue another request to this URL: '%s'", next)
	}
}

// hop asks for one URL and returns where to go next, nil to stay.
func (t *transfer) hop(ctx context.Context, to *target) (*target, *Error) {
	h := &hop{t: t, target: to, start: time.Now()}
	h.host, h.port = t.client.detour(to)
	h.URL, h.Method = to.String(), t.method()
	t.res.EffectiveURL, t.res.Scheme, t.res.Method = h.URL, to.scheme, h.Method
	if t.res.NumRedirects > 0 {
		t.res.Times.Redirect = h.start.Sub(t.start)
	}
	next, err := h.run(ctx)
	h.finish()
	return next, err
}

// finish adds the hop to the result, however far it came, and lets go of the connection.
func (h *hop) finish() {
	t := h.t
	if h.link != nil {
		h.seen = h.link.tap.end()
		t.res.SizeHeader += int64(len(h.seen.headers))
		t.res.SizeRequest += h.seen.sent
		t.res.SizeUpload += h.seen.uploaded
		t.res.link = h.link
		t.res.UpdateTCP()
		defer h.letGo()
	}
	if !h.seen.first.IsZero() {
		h.Times.StartTransfer = max(h.seen.first.Sub(h.start), time.Microsecond)
	}
	h.Times.Total = time.Since(h.start)
	t.res.LocalAddr, t.res.RemoteAddr = h.LocalAddr, h.RemoteAddr
	t.res.Times.add(h.Times)
	t.res.Hops = append(t.res.Hops, h.Hop)
}

// run asks, and reads the answer unless it is a redirect that is followed.
func (h *hop) run(ctx context.Context) (*target, *Error) {
	resp, err := h.exchange(ctx)
	if err != nil {
		return nil, err
	}
	h.noteAnswer(resp)
	if err := h.writeHeader(0); err != nil {
		return nil, err
	}
	next, err := h.redirect(resp)
	switch {
	case err != nil:
		return nil, err
	case next != nil:
		h.discard(resp)
		return next, nil
	}
	return nil, h.receive(ctx, resp)
}

// exchange sends the request and returns the answer as soon as its header is there.
func (h *hop) exchange(ctx context.Context) (*http.Response, *Error) {
	if h.link = h.t.client.takeIdle(h.key()); h.link != nil {
		h.reuse()
		resp, err := h.roundTrip(ctx)
		if err == nil || ctx.Err() != nil || !h.link.tap.seen().first.IsZero() {
			return resp, err
		}
		// The server may close an idle connection at any time, also just as we
		// write to it. It said nothing to this request: ask again on a new one.
		h.t.infof("Connection died, retrying a fresh connect")
		h.letGo()
		h.link, h.Reused, h.Times = nil, false, Times{}
	}
	var err *Error
	if h.link, err = h.connect(ctx); err != nil {
		return nil, err
	}
	return h.roundTrip(ctx)
}

// reuse notes that the hop takes a connection that is open already.
func (h *hop) reuse() {
	l := h.link
	h.Reused = true
	h.LocalAddr, h.RemoteAddr = addrPort(l.raw.LocalAddr()), addrPort(l.raw.RemoteAddr())
	h.t.res.VerifyErr = l.verify
	mark(&h.Times.NameLookup, h.start)
	mark(&h.Times.Connect, h.start)
	if l.tls != nil {
		mark(&h.Times.AppConnect, h.start)
	}
	h.t.infof("Re-using existing connection #%d with host %s", l.serial, h.host)
}

func (h *hop) roundTrip(ctx context.Context) (*http.Response, *Error) {
	h.link.tap.begin(h.t.traced())
	mark(&h.Times.PreTransfer, h.start)
	resp, err := h.link.http.RoundTrip(h.newRequest(ctx))
	if err != nil {
		return nil, h.exchangeError(ctx, h.link, err, true)
	}
	if resp.ProtoMajor != 1 && !h.link.h2 {
		return nil, errorf(UnsupportedProtocol, nil, "Unsupported HTTP version in response")
	}
	return resp, nil
}

// noteAnswer copies what the header says into the result.
func (h *hop) noteAnswer(resp *http.Response) {
	h.seen = h.link.tap.seen()
	res := h.t.res
	h.Status = resp.StatusCode
	res.Status, res.Header = resp.StatusCode, resp.Header
	res.Proto = fmt.Sprintf("%d.%d", resp.ProtoMajor, resp.ProtoMinor)
	if resp.ProtoMajor >= 2 {
		res.Proto = fmt.Sprint(resp.ProtoMajor)
	}
	res.ContentType = resp.Header.Get("Content-Type")
	res.fields = nil
	for _, line := range h.seen.lines[min(1, len(h.seen.lines)):] {
		res.fields = append(res.fields, splitField(line))
	}
}

// writeHeader delivers what was received of the header from byte from on.
func (h *hop) writeHeader(from int) *Error {
	if w := h.t.req.HeaderOutput; w != nil && from < len(h.seen.headers) {
		if _, err := w.Write(h.seen.headers[from:]); err != nil {
			return writeError(err)
		}
	}
	return nil
}

// letGo keeps the connection for the next request, or closes it when it is in
// the middle of something.
func (h *hop) letGo() {
	l := h.link
	if h.whole && h.t.client.release(l) {
		h.t.infof("Connection #%d to host %s left intact", l.serial, h.host)
		return
	}
	l.close()
	h.t.infof("Closing connection %d", l.serial)
}

// ended says why the context ended what was going on.
func (t *transfer) ended(ctx context.Context, err error, format string, args ...any) *Error {
	cause := context.Cause(ctx)
	if cause == errConnectTimeout || cause == errMaxTime || errors.Is(cause, context.DeadlineExceeded) {
		return errorf(TimedOut, err, format, args...)
	}
	return errorf(Interrupted, cause, "Interrupted after %d ms", time.Since(t.start).Milliseconds())
}

// infof tells the trace a remark.
func (t *transfer) infof(format string, args ...any) {
	if trace := t.traced(); trace != nil {
		trace(TraceEvent{TraceText, fmt.Appendf(nil, format, args...)})
	}
}

// traced returns the request's trace function, one call at a time; nil if there is none.
func (t *transfer) traced() func(TraceEvent) {
	if t.req.Trace == nil {
		return nil
	}
	return func(e TraceEvent) {
		t.traceMu.Lock()
		defer t.traceMu.Unlock()
		t.req.Trace(e)
	}
}

package httpget

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"syscall"
	"time"
)

// Opening a connection: rules, name look-up, TCP, TLS, each timed.

var (
	errConnectTimeout = errors.New("connect timeout")
	errMaxTime        = errors.New("maximum time")
)

// connect opens a connection for the hop.
func (h *hop) connect(ctx context.Context) (*link, *Error) {
	c := h.t.client
	if c.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.ConnectTimeout, errConnectTimeout)
		defer cancel()
	}
	raw, err := h.dial(ctx)
	if err != nil {
		return nil, err
	}
	serial := c.nextSerial()
	local, remote := addrPort(raw.LocalAddr()), addrPort(raw.RemoteAddr())
	h.LocalAddr, h.RemoteAddr = local, remote
	h.t.res.NumConnects++
	h.t.infof("Connected to %s (%s) port %d (#%d)", h.host, remote.Addr(), remote.Port(), serial)
	l, err := h.secure(ctx, raw)
	if err != nil {
		raw.Close()
		return nil, err
	}
	l.key, l.serial, l.raw = h.key(), serial, raw
	return l, nil
}

// key names the connections that can serve the hop.
func (h *hop) key() string { return h.target.origin() + " " + net.JoinHostPort(h.host, h.port) }

// dial opens the TCP connection, to the first address that answers.
func (h *hop) dial(ctx context.Context) (net.Conn, *Error) {
	c := h.t.client
	addrs := c.addresses(h.host, h.port)
	if len(addrs) == 0 {
		return nil, errorf(CouldNotResolve, nil, "Could not resolve host: %s (the rule has no address of this family)", h.host)
	}
	network := c.Network
	if network == "" {
		network = "tcp"
	}
	w := &dialWatch{hop: h}
	defer w.done()
	ctx = httptrace.WithClientTrace(ctx, w.hooks())
	var conn net.Conn
	var err error
	for _, addr := range addrs {
		if conn, err = h.t.dialer()(ctx, network, addr); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, h.dialError(ctx, err, w.resolving())
	}
	w.connected()
	return conn, nil
}

func (t *transfer) dialer() func(context.Context, string, string) (net.Conn, error) {
	if t.client.DialContext != nil {
		return t.client.DialContext
	}
	return new(net.Dialer).DialContext
}

// A dialWatch notes the phases of one dial. Dialers race addresses against
// each other, and the losers may report after the dial has returned.
type dialWatch struct {
	hop *hop

	mu     sync.Mutex
	closed bool
	lookup time.Time // when the present look-up began; zero when none is under way
}

func (w *dialWatch) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { w.locked(func() { w.lookup = time.Now() }) },
		DNSDone:      func(i httptrace.DNSDoneInfo) { w.locked(func() { w.resolved(i) }) },
		ConnectStart: func(_, addr string) { w.locked(func() { w.trying(addr) }) },
		ConnectDone:  func(_, addr string, err error) { w.locked(func() { w.tried(addr, err) }) },
	}
}

// locked runs f unless the dial is over.
func (w *dialWatch) locked(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		f()
	}
}

func (w *dialWatch) resolved(i httptrace.DNSDoneInfo) {
	began := w.lookup
	w.lookup = time.Time{}
	if i.Err != nil {
		return
	}
	mark(&w.hop.Times.NameLookup, w.hop.start)
	list := ""
	for _, a := range i.Addrs {
		list += ", " + a.String()
	}
	if list != "" {
		w.hop.t.infof("Resolved %s to %s in %s", w.hop.host, list[2:], millis(time.Since(began)))
	}
}

func (w *dialWatch) trying(addr string) {
	if w.hop.Times.NameLookup == 0 {
		mark(&w.hop.Times.NameLookup, w.hop.start)
	}
	w.hop.t.infof("  Trying %s...", addr)
}

func (w *dialWatch) tried(addr string, err error) {
	if err != nil {
		host, port, _ := net.SplitHostPort(addr)
		w.hop.t.infof("connect to %s port %s failed: %s", host, port, reason(err))
	}
}

// connected marks the phases when the dial has succeeded; the look-up, too, if the dialer fired no hooks.
func (w *dialWatch) connected() {
	w.locked(func() {
		if w.hop.Times.NameLookup == 0 {
			mark(&w.hop.Times.NameLookup, w.hop.start)
		}
		mark(&w.hop.Times.Connect, w.hop.start)
	})
}

// resolving reports whether a look-up is under way.
func (w *dialWatch) resolving() (yes bool) {
	w.locked(func() { yes = !w.lookup.IsZero() })
	return yes
}

func (w *dialWatch) done() { w.locked(func() { w.closed = true }) }

// mark notes that a phase of a hop has ended. It notes a microsecond at
// least, so that a phase that took place is never 0.
func mark(d *time.Duration, start time.Time) { *d = max(time.Since(start), time.Microsecond) }

// dialError says why no connection came about.
func (h *hop) dialError(ctx context.Context, err error, resolving bool) *Error {
	took := time.Since(h.start).Milliseconds()
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil && resolving:
		return h.t.ended(ctx, err, "Resolving timed out after %d milliseconds", took)
	case ctx.Err() != nil:
		return h.t.ended(ctx, err, "Connection timed out after %d milliseconds", took)
	case errors.As(err, &dns):
		return dnsError(h.host, err, dns)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EADDRINUSE):
		return errorf(InterfaceFailed, err, "bind failed: %s", reason(err))
	}
	e := errorf(CouldNotConnect, err, "Failed to connect to %s port %s after %d ms: %s", h.host, h.port, took, reason(err))
	var own *Error
	var net net.Error
	switch {
	case errors.As(err, &own): // the dialer itself knows the story
		return own
	case errors.As(err, &net) && net.Timeout():
		e.Code = TimedOut
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = "the host is there, but nothing listens on port " + h.port
	}
	return e
}

func dnsError(host string, err error, dns *net.DNSError) *Error {
	e := errorf(CouldNotResolve, err, "Could not resolve host: %s", host)
	switch {
	case dns.IsTimeout:
		e.Msg += " (the name server did not answer)"
		e.Hint = "--dns-servers ADDRESS asks another one; --resolve HOST:PORT:ADDRESS asks none"
	case !dns.IsNotFound:
		e.Msg += " (" + dns.Err + ")"
	}
	return e
}

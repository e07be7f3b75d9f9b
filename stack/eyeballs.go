package stack

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Happy Eyeballs: several addresses, tried in an order and at a pace that waste
// neither time nor connections. RFC 8305.

// attemptDelay is how long an attempt runs alone: the Connection Attempt Delay of RFC 8305 §5, 250 ms.
const attemptDelay = 250 * time.Millisecond

// sortAddrs puts addresses into the order in which to try them (RFC 8305 §4): those of families that
// the stack has an address of come first, then the families alternate, beginning with that of
// the first address. The order within a family is the resolver's.
func (n *Net) sortAddrs(addrs []netip.Addr, local netip.Addr) []netip.Addr {
	var usable, useless []netip.Addr
	for _, a := range addrs {
		if n.host.addrs.has(a.Is4()) && !a.IsLoopback() {
			usable = append(usable, a)
		} else {
			useless = append(useless, a)
		}
	}
	return append(interleave(usable), useless...)
}

// interleave lets IPv6 and IPv4 addresses take turns; First Address Family Count is 1.
// IPv6 begins, whatever sorted the addresses: package net sorts them by the routes of the kernel, which are not ours.
func interleave(addrs []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	for _, a := range addrs {
		i := 0
		if a.Is4() {
			i = 1
		}
		families[i] = append(families[i], a)
	}
	var out []netip.Addr
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				out = append(out, f[i])
			}
		}
	}
	return slices.Clip(out)
}

// race connects to the first address that answers. The next one is tried when an attempt has
// failed, or has taken too long; whoever comes second is abandoned.
func (d *Dialer) race(ctx context.Context, t *target, local netip.AddrPort) (net.Conn, error) {
	if len(t.addrs) == 1 {
		return d.dialOne(ctx, t, local, t.addrs[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &racer{d: d, t: t, local: local, results: make(chan attempt), errs: make([]error, len(t.addrs))}
	defer r.drain()
	defer cancel()
	timer := d.newAttemptTimer()
	defer timer.Stop()
	r.start(ctx)
	for r.running > 0 {
		select {
		case a := <-r.results:
			r.running--
			if a.err == nil {
				return a.conn, nil
			}
			r.errs[a.i] = a.err
			if isDone(ctx, a.err) {
				continue
			}
		case <-timer.C:
		}
		if r.start(ctx) {
			d.resetAttemptTimer(timer)
		}
	}
	return nil, r.errs[0] // as in package net, the error from the first address is the most relevant
}

// A racer keeps the attempts of a race.
type racer struct {
	d       *Dialer
	t       *target
	local   netip.AddrPort
	results chan attempt
	next    int // address to try
	running int // attempts that have not ended
	errs    []error
}

// An attempt is how connecting to address i went.
type attempt struct {
	i    int
	conn net.Conn
	err  error
}

// start begins the next attempt, if an address is left.
func (r *racer) start(ctx context.Context) bool {
	i := r.next
	if i == len(r.t.addrs) {
		return false
	}
	r.next++
	r.running++
	ctx, done := r.d.share(ctx, len(r.t.addrs)-i)
	go func() {
		defer done()
		c, err := r.d.dialOne(ctx, r.t, r.local, r.t.addrs[i])
		r.results <- attempt{i, c, err}
	}()
	return true
}

// drain waits for the attempts that have lost, so that nothing is left behind. They have been
// cancelled and end at once.
func (r *racer) drain() {
	for ; r.running > 0; r.running-- {
		if a := <-r.results; a.conn != nil {
			a.conn.Close()
		}
	}
}

// share returns the context of one attempt. Attempts that do not overlap share what is
// left until the deadline; but two seconds are the least, at the expense of the last ones, as in package net.
func (d *Dialer) share(ctx context.Context, addrsLeft int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if d.FallbackDelay >= 0 || !ok {
		return ctx, func() {}
	}
	const least = 2 * time.Second
	return context.WithTimeout(ctx, max(time.Until(deadline)/time.Duration(addrsLeft), least))
}

// newAttemptTimer returns the timer that starts the next attempt; it never fires when attempts must not overlap.
func (d *Dialer) newAttemptTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	d.resetAttemptTimer(t)
	return t
}

func (d *Dialer) resetAttemptTimer(t *time.Timer) {
	switch {
	case d.FallbackDelay == 0:
		t.Reset(attemptDelay)
	case d.FallbackDelay > 0:
		t.Reset(d.FallbackDelay)
	}
}

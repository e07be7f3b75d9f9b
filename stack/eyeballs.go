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
	type result struct {
		conn net.Conn
		err  error
		i    int
	}
	results := make(chan result)
	next, running := 0, 0
	start := func() {
		i := next
		next++
		running++
		attempt, done := d.attempt(ctx, len(t.addrs)-i)
		go func() {
			defer done()
			c, err := d.dialOne(attempt, t, local, t.addrs[i])
			results <- result{c, err, i}
		}()
	}
	// Nobody is left behind: the attempts that lose end at once when cancelled.
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if r := <-results; r.conn != nil {
				r.conn.Close()
			}
		}
	}()
	errs := make([]error, len(t.addrs))
	timer := d.newAttemptTimer()
	defer timer.Stop()
	start()
	for running > 0 {
		select {
		case r := <-results:
			running--
			if r.err == nil {
				return r.conn, nil
			}
			errs[r.i] = r.err
			if next == len(t.addrs) || isDone(ctx, r.err) {
				continue
			}
		case <-timer.C:
			if next == len(t.addrs) {
				continue
			}
		}
		start()
		d.resetAttemptTimer(timer)
	}
	return nil, errs[0] // as in package net, the error from the first address is the most relevant
}

// attempt returns the context of one attempt. Attempts that do not overlap share what is
// left until the deadline; but two seconds are the least, at the expense of the last ones, as in package net.
func (d *Dialer) attempt(ctx context.Context, addrsLeft int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if d.FallbackDelay >= 0 || !ok {
		return ctx, func() {}
	}
	const least = 2 * time.Second
	share := max(time.Until(deadline)/time.Duration(addrsLeft), least)
	return context.WithTimeout(ctx, share)
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

package stack

import (
	"net"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The options of a connection, as *net.TCPConn has them.

// defaultKeepAlive is the default of package net.
var defaultKeepAlive = tcp.KeepAlive{Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}

// SetDeadline sets both deadlines; see net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return setError(c.network, c.local, c.setDeadlines(t, &c.read, &c.write))
}

// SetReadDeadline sets the deadline of reads, those that are blocked included; see net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return setError(c.network, c.local, c.setDeadlines(t, &c.read))
}

// SetWriteDeadline sets the deadline of writes, those that are blocked included; see net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return setError(c.network, c.local, c.setDeadlines(t, &c.write))
}

// set runs an option under the lock.
func (c *Conn) set(option func()) error {
	n := c.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.isClosed {
		return c.opError("set", net.ErrClosed)
	}
	option()
	now := n.now()
	c.sock.Touch(now)
	n.pumpOut(now)
	return nil
}

// SetLinger says what Close does with data that was not sent or not acknowledged: with sec < 0, the
// default, it is sent in the background; with 0 it is thrown away and the peer gets a RST; with
// more, it is sent as well, and Close blocks until it has been acknowledged or sec seconds are over.
func (c *Conn) SetLinger(sec int) error {
	return c.set(func() { c.linger = time.Duration(sec) * time.Second })
}

// SetNoDelay switches Nagle's algorithm off (true, the default) or on (RFC 9293 §3.7.4).
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.set(func() { c.sock.conn.SetNoDelay(noDelay) })
}

// SetKeepAlive switches keep-alive probes on or off.
func (c *Conn) SetKeepAlive(on bool) error {
	return c.set(func() {
		c.keepAlive.Enable = on
		c.sock.conn.SetKeepAlive(c.net.now(), c.keepAlive)
	})
}

// SetKeepAlivePeriod sets how long the connection is idle before the first probe; it switches
// nothing on or off. 0 means 15 s, and a negative period changes nothing.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func() {
		if d >= 0 {
			c.keepAlive.Idle = positive(d, defaultKeepAlive.Idle)
		}
		c.sock.conn.SetKeepAlive(c.net.now(), c.keepAlive)
	})
}

// SetKeepAliveConfig sets everything about keep-alive. As in package net, fields of 0 mean 15 s, 15 s
// and 9 probes, and negative ones change nothing.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.set(func() { c.setKeepAlive(config) })
}

// setKeepAlive does so with Net.mu held.
func (c *Conn) setKeepAlive(config net.KeepAliveConfig) {
	k := &c.keepAlive
	k.Enable = config.Enable
	if config.Idle >= 0 {
		k.Idle = positive(config.Idle, defaultKeepAlive.Idle)
	}
	if config.Interval >= 0 {
		k.Interval = positive(config.Interval, defaultKeepAlive.Interval)
	}
	if config.Count >= 0 {
		k.Count = positive(config.Count, defaultKeepAlive.Count)
	}
	c.sock.conn.SetKeepAlive(c.net.now(), *k)
}

// startKeepAlive applies what a Dialer or listener says about keep-alive to a new connection, as package
// net does: on, unless period is negative and config does not enable it.
func (c *Conn) startKeepAlive(period time.Duration, config net.KeepAliveConfig) {
	if !config.Enable && period >= 0 {
		config = net.KeepAliveConfig{Enable: true, Idle: period}
	}
	if config.Enable {
		c.setKeepAlive(config)
	}
}

// SetUserTimeout ends the connection with ETIMEDOUT when written data stays
// unacknowledged for that long (RFC 5482; TCP_USER_TIMEOUT in Linux). 0 is the default: about 15 minutes.
func (c *Conn) SetUserTimeout(d time.Duration) error {
	return c.set(func() { c.sock.conn.SetUserTimeout(max(d, 0)) })
}

// SetTOS sets the Differentiated Services field of the packets that follow: the TOS of IPv4, the traffic class of
// IPv6 (RFC 9293 §3.9.1.9, MUST-48, SHLD-21). tos is 0, the default, to 255; its last two bits
// are ECN's and count for nothing.
func (c *Conn) SetTOS(tos int) error {
	if tos < 0 || tos > 0xff {
		return c.opError("set", syscallError("setsockopt", syscall.EINVAL))
	}
	return c.set(func() { c.sock.conn.SetTOS(uint8(tos)) })
}

// SetTTL sets the time to live, or hop limit, of the packets that follow (RFC 9293 §3.9.2, MUST-49): 1 to
// 255. The default is 64.
func (c *Conn) SetTTL(ttl int) error {
	if ttl < 1 || ttl > 0xff {
		return c.opError("set", syscallError("setsockopt", syscall.EINVAL))
	}
	return c.set(func() { c.sock.conn.SetTTL(uint8(ttl)) })
}

// SoftError returns what seems to be wrong with a connection that goes on nevertheless, a syscall.Errno: what a
// router has said (EHOSTUNREACH, ...), or ETIMEDOUT when the peer has left several transmissions unanswered.
// It is nil when nothing is, and again once the peer is heard (RFC 9293 §3.9.1.8, MUST-47). Reads and writes
// do not return it: who does not ask is not disturbed (SHLD-20).
func (c *Conn) SoftError() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if errno := CauseErrno(c.sock.conn.SoftError()); errno != 0 {
		return errno
	}
	return nil
}

func positive[T time.Duration | int](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

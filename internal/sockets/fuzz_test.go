package sockets

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A driver makes calls out of bytes.
type driver struct {
	*world
	in      []byte
	waiting []*Call
}

func (d *driver) next() int {
	if len(d.in) == 0 {
		return 0
	}
	b := d.in[0]
	d.in = d.in[1:]
	return int(b)
}

// fd returns a descriptor that may be open.
func (d *driver) fd() int { return d.next() % 12 }

// fuzzFlags and fuzzOptions are those that do something.
var (
	fuzzFlags   = []int{0, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_MORE, MSG_EOR, MSG_ZEROCOPY, MSG_FASTOPEN, MSG_OOB}
	fuzzOptions []option
)

func init() {
	for k := range rules {
		fuzzOptions = append(fuzzOptions, k)
	}
	slices.SortFunc(fuzzOptions, option.compare)
}

// memory returns a vector: empty, bad, or of some bytes.
func (d *driver) memory() []IOVec {
	n := d.next()
	switch n % 8 {
	case 0:
		return nil
	case 1:
		return []IOVec{{nil, n}}
	case 2:
		return []IOVec{{make([]byte, n), n}, {make([]byte, 3*n), 3 * n}}
	}
	return Buffer(make([]byte, n*n))
}

func (d *driver) flags() int {
	one, other := d.next(), d.next()
	return fuzzFlags[one%len(fuzzFlags)] | fuzzFlags[other%len(fuzzFlags)]
}

func (d *driver) addr() netip.AddrPort { return netip.AddrPortFrom(own, uint16(80+d.next()%3)) }

// call makes the next call; nil for one that never waits.
func (d *driver) call() *Call {
	now := d.now
	switch d.next() % 22 {
	case 0:
		d.Socket(AF_INET, SOCK_STREAM|d.next()%2*SOCK_NONBLOCK, 0)
	case 1:
		d.Socket(AF_INET6, SOCK_DGRAM, 0)
	case 2:
		d.Bind(d.fd(), d.addr())
	case 3:
		d.Listen(d.fd(), d.next()%4)
	case 4:
		return d.Accept(now, d.fd(), d.next()%2*SOCK_NONBLOCK, nil)
	case 5:
		return d.Connect(now, d.fd(), d.addr())
	case 6:
		return d.Connect(now, d.fd(), netip.AddrPort{})
	case 7, 8:
		return d.Sendmsg(now, d.fd(), &Message{Name: d.addr(), IOV: d.memory()}, d.flags())
	case 9, 10:
		return d.Recvmsg(now, d.fd(), &Message{IOV: d.memory(), ControlRoom: d.next()}, d.flags())
	case 11:
		return d.Close(now, d.fd())
	case 12:
		d.Shutdown(now, d.fd(), d.next()%4)
	case 13:
		k := fuzzOptions[d.next()%len(fuzzOptions)]
		d.Setsockopt(now, d.fd(), k.level, k.name, AppendInt(nil, d.next()*d.next()))
	case 14:
		d.Setsockopt(now, d.fd(), SOL_SOCKET, SO_LINGER, Linger{d.next() % 2, d.next() % 3}.AppendTo(nil))
	case 15:
		k := fuzzOptions[d.next()%len(fuzzOptions)]
		d.Getsockopt(now, d.fd(), k.level, k.name, make([]byte, d.next()))
		d.TCPInfo(now, d.fd())
	case 16:
		d.EpollCreate()
	case 17:
		d.EpollCtl(d.fd(), 1+d.next()%3, d.fd(), EpollEvent{Events: uint32(d.next()) | uint32(d.next()%2)*EPOLLET | uint32(d.next()%2)*EPOLLONESHOT})
	case 18:
		return d.EpollWait(now, d.fd(), make([]EpollEvent, d.next()%4), time.Duration(d.next())*time.Millisecond)
	case 19:
		return d.Poll(now, []PollFD{{FD: d.fd(), Events: d.next()}, {FD: d.fd(), Events: d.next()}}, time.Duration(d.next())*time.Millisecond)
	case 20:
		if d.next()%2 == 0 {
			d.Pipe(d.next() % 2 * O_NONBLOCK)
		}
		return d.Splice(now, d.fd(), d.fd(), d.next(), 0)
	case 21:
		d.Fcntl(d.fd(), F_SETFL, d.next()%2*O_NONBLOCK)
		d.Ioctl(d.fd(), SIOCINQ, 0)
	}
	return nil
}

// step makes a call or lets time pass, and tries what waits.
func (d *driver) step() {
	if d.next()%4 == 0 {
		if at := d.host.Deadline(); !at.IsZero() && d.now.Before(at) {
			d.now = min(at, d.now.Add(time.Second))
		}
		d.host.Advance(d.now)
	} else if c := d.call(); c != nil {
		d.waiting = append(d.waiting, c)
	}
	var p ip.Packet
	for d.host.Next(d.now, &p) {
		p.Unpin()
	}
	d.Progress(d.now)
	d.waiting = slices.DeleteFunc(d.waiting, func(c *Call) bool {
		if !c.Again(d.now) {
			return false
		}
		if (c.Errno != 0) != (c.Value < 0) {
			d.t.Errorf("a call has returned %d with %v", c.Value, c.Errno)
		}
		return true
	})
}

// FuzzCalls holds the table to this: whatever is called in whatever order, nothing panics, and an error goes with -1 alone.
func FuzzCalls(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x01\x02\x00\x01\x01\x03\x00\x01\x01\x00\x00\x01\x05\x01\x01\x01\x04\x00\x00\x01\x07\x01\x01\x40"))
	f.Fuzz(func(t *testing.T, in []byte) {
		d := &driver{world: newWorld(t), in: in[:min(len(in), 1000)]}
		for len(d.in) > 0 {
			d.step()
		}
		d.CloseAll(d.now)
		d.settleQuietly()
	})
}

// settleQuietly is settle for a host that may have something to say to others.
func (d *driver) settleQuietly() {
	var p ip.Packet
	for d.host.Next(d.now, &p) {
		p.Unpin()
	}
	d.Progress(d.now)
}

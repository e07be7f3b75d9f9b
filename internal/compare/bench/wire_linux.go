package bench

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// The link of a recovery campaign: two files that packets are read from and written to, one at a time, and a bad network between them.
//
// It differs from tun.Impaired in what matters at a gigabit a second and for small delays: one thread waits for both
// files and for the next packet's time, with the kernel's clock, and nothing is handed from one goroutine to another.

// A wireLink is such a link. The client is at end 0, the server at end 1.
type wireLink struct {
	files [2]*os.File
	fds   [2]int
	mtu   int
	start time.Time
	ended chan struct{}
	wake  *os.File // its other end is in the poll set: closed to end the loop
	woken *os.File

	mu       sync.Mutex
	wires    [2]*impair.Wire // by the end where packets enter; nil: the link is cut
	observer *campaign.Observer
	held     [2]*ip.Buffer // by the end where it goes out: there was no room for it
	err      error
}

// wireBatch is how many packets are taken from one end before the other has its turn.
const wireBatch = 64

// newWireLink starts a link between two files, which it owns. It is cut until it is open.
func newWireLink(client, server *os.File, mtu int) (*wireLink, error) {
	l := &wireLink{files: [2]*os.File{client, server}, mtu: mtu, start: time.Now(), ended: make(chan struct{})}
	var err error
	if l.woken, l.wake, err = os.Pipe(); err != nil {
		return nil, err
	}
	for i, f := range l.files {
		l.fds[i] = int(f.Fd()) // Fd makes the file block
		if err := unix.SetNonblock(l.fds[i], true); err != nil {
			return nil, err
		}
	}
	go l.run(int(l.woken.Fd()))
	return l, nil
}

// open begins a new network with the faults of each direction.
func (l *wireLink) open(fromClient, fromServer impair.Fault, seed uint64, o *campaign.Observer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.wires = [2]*impair.Wire{impair.NewWire(fromClient, seed, 0), impair.NewWire(fromServer, seed, 1)}
	l.observer = o
}

// cut loses what is on its way and everything from now on, and returns what the observer has counted.
func (l *wireLink) cut() campaign.Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.wires = [2]*impair.Wire{}
	return l.observer.Counts()
}

func (l *wireLink) drain() {
	for i, w := range l.wires {
		if w != nil {
			w.Drain()
		}
		if l.held[i] != nil {
			l.held[i].Free()
			l.held[i] = nil
		}
	}
}

// close ends the link and closes its files. It returns what the link has failed with, if it has.
func (l *wireLink) close() error {
	l.wake.Close()
	<-l.ended
	l.woken.Close()
	for _, f := range l.files {
		f.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	return l.err
}

// now is the time on the wires' clock, which starts above zero.
func (l *wireLink) now() ip.Time { return ip.Time(time.Since(l.start)) + 1 }

// run moves packets until the link is closed or an end fails.
func (l *wireLink) run(woken int) {
	defer close(l.ended)
	poll := []unix.PollFd{{Fd: int32(l.fds[0])}, {Fd: int32(l.fds[1])}, {Fd: int32(woken), Events: unix.POLLIN}}
	for {
		wait, err := l.turn(poll)
		if err != nil {
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			return
		}
		_, err = unix.Ppoll(poll, wait, nil)
		if err != nil && err != unix.EINTR || poll[2].Revents != 0 {
			return
		}
	}
}

// turn takes what has come, hands on what is due, and says what to wait for.
func (l *wireLink) turn(poll []unix.PollFd) (*unix.Timespec, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := range l.fds {
		switch {
		case poll[end].Revents&unix.POLLIN != 0:
			if err := l.take(end); err != nil {
				return nil, err
			}
		case poll[end].Revents&unix.POLLHUP != 0:
			poll[end].Fd = -1 // the client has ended
		}
	}
	var next ip.Time
	for end := range l.fds {
		poll[end].Events = unix.POLLIN
		isFull, err := l.hand(end)
		if err != nil {
			return nil, err
		}
		if isFull {
			poll[end].Events |= unix.POLLOUT
		} else if w := l.wires[1-end]; w != nil {
			next = ip.Earliest(next, w.Deadline())
		}
	}
	if next == 0 {
		return nil, nil
	}
	ts := unix.NsecToTimespec(int64(max(0, next.Sub(l.now()))))
	return &ts, nil
}

// take reads packets from an end and puts them into its wire.
func (l *wireLink) take(end int) error {
	now := l.now()
	for range wireBatch {
		b := tun.NewBuffer(l.mtu)
		n, err := unix.Read(l.fds[end], b.Data)
		w := l.wires[end]
		if err != nil || n <= 0 || w == nil {
			b.Free()
			switch {
			case err == unix.EAGAIN:
				return nil
			case err == unix.EINTR || err == nil && n > 0:
				continue
			case err == nil:
				return nil // the other end of a pair of sockets is gone
			}
			return fmt.Errorf("read from the link's end: %w", err)
		}
		b.Data = b.Data[:n]
		segment, ok := campaign.Parse(b.Data)
		before := w.Stats()
		w.Push(now, b)
		if after := w.Stats(); ok {
			l.observer.Sees(segment, end == 0, after.Lost+after.Full > before.Lost+before.Full)
		}
	}
	return nil
}

// hand writes to an end what has come through the other's wire. isFull says that the end has no more room.
func (l *wireLink) hand(end int) (isFull bool, err error) {
	w := l.wires[1-end]
	if w == nil {
		return false, nil
	}
	for now := l.now(); ; {
		b := l.held[end]
		if b == nil {
			if b = w.Pop(now); b == nil {
				return false, nil
			}
		}
		l.held[end] = nil
		_, err := unix.Write(l.fds[end], b.Data)
		switch err {
		case unix.EAGAIN:
			l.held[end] = b
			return true, nil
		case unix.EINTR:
			l.held[end] = b
		case nil, unix.EPIPE, unix.ECONNRESET, unix.EIO, unix.EINVAL:
			b.Free() // who is gone, or down, gets nothing, as on a wire
		default:
			b.Free()
			return false, fmt.Errorf("write to the link's end: %w", err)
		}
	}
}

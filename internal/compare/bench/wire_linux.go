package bench

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/ip"
)

// The link between two kernels: a network between two TUN devices.

// A wireLink is such a link, and the thread that moves its packets.
type wireLink struct {
	network
	files [2]*os.File
	taps  [2]tap
	mtu   int
	ended chan struct{}
	wake  *os.File // its other end is in the poll set: closed to end the loop
	woken *os.File
	err   error // guarded by mu
}

// newWireLink starts a link between two files, which it owns. It is cut until it is open.
func newWireLink(client, server *os.File, mtu int) (*wireLink, error) {
	l := &wireLink{network: newNetwork(), files: [2]*os.File{client, server}, mtu: mtu, ended: make(chan struct{})}
	var err error
	if l.woken, l.wake, err = os.Pipe(); err != nil {
		return nil, err
	}
	for i, f := range l.files {
		l.taps[i].fd = int(f.Fd()) // Fd makes the file block
		if err := unix.SetNonblock(l.taps[i].fd, true); err != nil {
			return nil, err
		}
	}
	go l.run(int(l.woken.Fd()))
	return l, nil
}

// open begins a new network.
func (l *wireLink) open(s networkSpec) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop()
	l.network.open(s)
}

// cut ends it and returns what the observer has counted.
func (l *wireLink) cut() campaign.Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop()
	return l.network.cut()
}

func (l *wireLink) drop() {
	for i := range l.taps {
		l.taps[i].drop()
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
	l.drop()
	l.drain()
	return l.err
}

// run moves packets until the link is closed or an end fails.
func (l *wireLink) run(woken int) {
	defer close(l.ended)
	poll := []unix.PollFd{{Fd: int32(l.taps[0].fd)}, {Fd: int32(l.taps[1].fd)}, {Fd: int32(woken), Events: unix.POLLIN}}
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
	for end := range l.taps {
		if poll[end].Revents&unix.POLLIN != 0 {
			if err := l.taps[end].take(&l.network, end, l.mtu); err != nil {
				return nil, err
			}
		}
	}
	var next ip.Time
	for end := range l.taps {
		poll[end].Events = unix.POLLIN
		isFull, err := l.taps[end].hand(&l.network, end)
		if err != nil {
			return nil, err
		}
		if isFull {
			poll[end].Events |= unix.POLLOUT
		} else {
			next = ip.Earliest(next, l.deadline(end))
		}
	}
	return l.until(next), nil
}

package sockets

import (
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// note takes one message from the error queue.
func (w *world) note(fd, room int) (m Message, errno syscall.Errno) {
	m.ControlRoom = room
	_, errno = w.wait(w.Recvmsg(w.now, fd, &m, MSG_ERRQUEUE))
	return m, errno
}

func TestZerocopyTellsWhenMemoryIsFree(t *testing.T) {
	w := newWorld(t)
	_, client, _ := w.pair()
	send := func() { w.must(w.wait(w.Send(w.now, client, Buffer([]byte("text")), MSG_ZEROCOPY))) }
	send() // without the option nothing is told
	w.settle()
	if _, errno := w.note(client, -1); errno != syscall.EAGAIN {
		t.Fatalf("got %v, want EAGAIN", errno)
	}
	w.ok(w.Setsockopt(w.now, client, SOL_SOCKET, SO_ZEROCOPY, AppendInt(nil, 1)))
	for range 3 {
		send()
	}
	for w.mustWait(client) {
		w.now = w.host.Deadline()
		w.host.Advance(w.now)
		w.settle()
	}
	m, errno := w.note(client, -1)
	e, ok := ParseExtendedError(m.Control[0].Data)
	want := ExtendedError{Origin: SO_EE_ORIGIN_ZEROCOPY, Code: SO_EE_CODE_ZEROCOPY_COPIED, Info: 0, Data: 2}
	if errno != 0 || !ok || e != want || m.Flags != MSG_ERRQUEUE || m.Control[0].Level != SOL_IP || m.Control[0].Type != IP_RECVERR {
		t.Errorf("got %+v and %+v, %v, want one note about three sends", m, e, errno)
	}
}

// mustWait reports whether a descriptor still waits for the peer.
func (w *world) mustWait(fd int) bool {
	s, _ := w.socket(fd)
	return s.mustWatch()
}

func TestTimestampsTellOfTheLastByte(t *testing.T) {
	w := newWorld(t)
	w.Epoch = int64(time.Hour)
	_, client, _ := w.pair()
	flags := SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID
	w.must(w.wait(w.Write(w.now, client, Buffer(make([]byte, 10)))))
	w.ok(w.Setsockopt(w.now, client, SOL_SOCKET, SO_TIMESTAMPING, AppendInt(nil, flags|SOF_TIMESTAMPING_OPT_ID_TCP)))
	sent := w.now
	w.must(w.wait(w.Write(w.now, client, Buffer(make([]byte, 300)))))
	for w.mustWait(client) {
		w.now = w.host.Deadline()
		w.host.Advance(w.now)
		w.settle()
	}
	for i, what := range []uint32{SCM_TSTAMP_SCHED, SCM_TSTAMP_SND, SCM_TSTAMP_ACK} {
		m, errno := w.note(client, -1)
		if errno != 0 || len(m.Control) != 2 {
			t.Fatalf("note %d: got %+v, %v", i, m, errno)
		}
		sec, nsec, _ := ParseTimestamping(m.Control[0].Data)
		e, _ := ParseExtendedError(m.Control[1].Data)
		if e.Info != what || e.Data != 299 || e.Errno != uint32(syscall.ENOMSG) || m.Flags != MSG_ERRQUEUE|MSG_TRUNC {
			t.Errorf("note %d: got %+v with flags %#x, want type %d and key 299", i, e, m.Flags, what)
		}
		if at := time.Duration(sec)*time.Second + time.Duration(nsec); what != SCM_TSTAMP_ACK && at != time.Hour+time.Duration(sent) {
			t.Errorf("note %d: the time is %v, want an hour after %v", i, at, sent)
		}
	}
}

func TestControlsNeedRoom(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.ok(w.Setsockopt(w.now, server, SOL_TCP, TCP_INQ, AppendInt(nil, 1)))
	w.must(w.wait(w.Write(w.now, client, Buffer([]byte("text")))))
	for _, test := range []struct{ room, controls, flags int }{{-1, 1, 0}, {20, 1, 0}, {19, 0, MSG_CTRUNC}, {0, 0, MSG_CTRUNC}} {
		m := Message{IOV: Buffer(make([]byte, 1)), ControlRoom: test.room}
		w.must(w.wait(w.Recvmsg(w.now, server, &m, 0)))
		if len(m.Control) != test.controls || m.Flags != test.flags {
			t.Errorf("room for %d bytes: got %d messages and flags %#x, want %d and %#x", test.room, len(m.Control), m.Flags, test.controls, test.flags)
		}
	}
}

// TestNobodyHearsOfTextThatWasGivenUp disconnects before anything is acknowledged.
func TestNobodyHearsOfTextThatWasGivenUp(t *testing.T) {
	w := newWorld(t)
	_, client, _ := w.pair()
	w.ok(w.Setsockopt(w.now, client, SOL_SOCKET, SO_ZEROCOPY, AppendInt(nil, 1)))
	w.Send(w.now, client, Buffer([]byte("text")), MSG_ZEROCOPY)
	w.must(w.wait(w.Connect(w.now, client, netip.AddrPort{})))
	if _, errno := w.note(client, -1); errno != syscall.EAGAIN || w.mustWait(client) {
		t.Errorf("got %v, want EAGAIN, and nothing to wait for", errno)
	}
}

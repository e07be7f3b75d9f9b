package sockets

import (
	"encoding/binary"
	"slices"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The error queue: notes about text that was sent (SO_TIMESTAMPING, MSG_ZEROCOPY).

// maxNotes bounds an error queue; Linux counts it against the receive buffer.
const maxNotes = 1024

// An errorQueue holds what recvmsg with MSG_ERRQUEUE gives.
type errorQueue []note

// A note is one message of the error queue.
type note struct {
	err ExtendedError
	at  int64 // when, in nanoseconds since 1970; -1: no time is told
}

// zerocopy adds the news that the memory of the sends from number id on is free. Numbers that follow those
// of the last note join it.
func (q *errorQueue) zerocopy(id uint32) {
	if n := len(*q); n > 0 {
		last := &(*q)[n-1].err
		if last.Origin == SO_EE_ORIGIN_ZEROCOPY && last.Data+1 == id {
			last.Data = id
			return
		}
	}
	// The text is always copied: it must outlive the call.
	q.add(note{at: -1, err: ExtendedError{Origin: SO_EE_ORIGIN_ZEROCOPY, Code: SO_EE_CODE_ZEROCOPY_COPIED, Info: id, Data: id}})
}

// timestamp adds the news of what has happened to the byte with a key.
func (q *errorQueue) timestamp(what, key uint32, at int64) {
	q.add(note{at: at, err: ExtendedError{Errno: uint32(syscall.ENOMSG), Origin: SO_EE_ORIGIN_TIMESTAMPING, Info: what, Data: key}})
}

func (q *errorQueue) add(n note) {
	if len(*q) < maxNotes {
		*q = append(*q, n)
	}
}

// receiveError takes the oldest note. Its text is not given back, so the length is 0.
func (s *socket) receiveError(m *Message) (int, syscall.Errno) {
	if len(s.errors) == 0 {
		return -1, syscall.EAGAIN
	}
	n := s.errors[0]
	s.errors = slices.Delete(s.errors, 0, 1)
	m.Flags |= MSG_ERRQUEUE
	if n.at >= 0 {
		if s.options.get(SOL_SOCKET, SO_TIMESTAMPING)&SOF_TIMESTAMPING_OPT_TSONLY == 0 {
			m.Flags |= MSG_TRUNC // what the note quotes has no room
		}
		m.add(Control{Level: SOL_SOCKET, Type: SCM_TIMESTAMPING, Data: appendTimestamping(nil, n.at)})
	}
	level, kind := SOL_IP, IP_RECVERR
	if s.family == AF_INET6 {
		level, kind = SOL_IPV6, IPV6_RECVERR
	}
	m.add(Control{Level: level, Type: kind, Data: n.err.AppendTo(nil, s.family)})
	return 0, 0
}

// appendTimestamping writes struct scm_timestamping: three times, of which software sets the first.
func appendTimestamping(b []byte, at int64) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(at/1e9))
	b = binary.LittleEndian.AppendUint64(b, uint64(at%1e9))
	return append(b, make([]byte, 32)...)
}

// ParseTimestamping reads the first time of struct scm_timestamping.
func ParseTimestamping(b []byte) (sec, nsec int64, ok bool) {
	if len(b) < 16 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:])), true
}

// marks are places in the stream that was written, which are waited for.
type marks struct {
	start    tcp.Seq // of the stream
	written  int64   // bytes, in all
	acked    int64
	sent     int64
	keyBase  int64  // the key of the byte at offset keyBase is 0
	nextID   uint32 // of a send with MSG_ZEROCOPY
	zerocopy []zerocopyMark
	stamps   []stampMark
}

// A zerocopyMark is a send whose memory is free when the peer has acknowledged the bytes up to end.
type zerocopyMark struct {
	end int64
	id  uint32
}

// A stampMark is a write of whose last byte the time is told.
type stampMark struct {
	last int64 // its offset
	what int   // flags of SO_TIMESTAMPING
	sent bool
}

// begin starts with a new connection.
func (m *marks) begin(c *tcp.Conn) { *m = marks{start: c.Vars().ISS.Add(1)} }

// wrote notes n bytes that one call has written.
func (s *socket) wrote(n int, flags int) {
	s.sent.written += int64(n)
	if n == 0 {
		return
	}
	if flags&MSG_ZEROCOPY != 0 && s.options.get(SOL_SOCKET, SO_ZEROCOPY) != 0 {
		s.sent.zerocopy = append(s.sent.zerocopy, zerocopyMark{s.sent.written, s.sent.nextID})
		s.sent.nextID++
	}
	const records = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK
	if what := s.options.get(SOL_SOCKET, SO_TIMESTAMPING); what&records != 0 {
		s.sent.stamps = append(s.sent.stamps, stampMark{last: s.sent.written - 1, what: what})
	}
	s.watch()
}

// watch has Progress look at the socket, if there is something to look for.
func (s *socket) watch() {
	if s.mustWatch() && !s.watched {
		s.watched = true
		s.table.watched = append(s.table.watched, s)
	}
}

// mustWatch reports whether something is waited for.
func (s *socket) mustWatch() bool {
	return len(s.sent.zerocopy) > 0 || len(s.sent.stamps) > 0 || s.wantsSoftErrors()
}

// wantsSoftErrors reports whether what routers say is an error at once, and not only the explanation of a timeout
// (IP_RECVERR).
func (s *socket) wantsSoftErrors() bool {
	on := s.options.get(SOL_IP, IP_RECVERR) != 0
	if s.family == AF_INET6 {
		on = on || s.options.get(SOL_IPV6, IPV6_RECVERR) != 0
	}
	return on && s.conn != nil && s.conn.Conn().State() != tcp.Closed
}

// noteSoftError makes a soft error that is new the pending one.
func (s *socket) noteSoftError() {
	soft := s.conn.Conn().SoftError()
	if soft != s.soft && soft != tcp.CauseTimeout && stack.CauseErrno(soft) != 0 && s.wantsSoftErrors() {
		s.err = stack.CauseErrno(soft)
		s.wake(POLLERR)
	}
	s.soft = soft
}

// progress looks at what has been sent and acknowledged, and adds notes.
func (s *socket) progress(now ip.Time) {
	if s.conn == nil {
		return
	}
	s.noteSoftError()
	m, v := &s.sent, s.conn.Conn().Vars()
	m.acked = max(m.acked, m.offset(v.SndUna, m.acked))
	m.sent = max(m.sent, m.acked, m.offset(v.SndNxt, m.sent))
	before := len(s.errors)
	for i := range m.stamps {
		s.stamp(&m.stamps[i], now)
	}
	m.stamps = slices.DeleteFunc(m.stamps, func(k stampMark) bool { return k.what == 0 })
	over := s.conn.Conn().State() == tcp.Closed
	done := false
	for len(m.zerocopy) > 0 && (m.zerocopy[0].end <= m.acked || over) {
		s.errors.zerocopy(m.zerocopy[0].id)
		m.zerocopy = m.zerocopy[1:]
		done = true
	}
	if over {
		m.stamps = nil
	}
	if done || len(s.errors) > before {
		s.wake(POLLERR)
	}
}

// offset turns a sequence number near a known offset into an offset of the stream. A FIN does not count.
func (m *marks) offset(seq tcp.Seq, near int64) int64 {
	off := near + int64(int32(uint32(seq)-uint32(m.start)-uint32(near)))
	return min(off, m.written)
}

// stamp tells of a write what is known by now.
func (s *socket) stamp(k *stampMark, now ip.Time) {
	key := uint32(0)
	if k.what&SOF_TIMESTAMPING_OPT_ID != 0 {
		key = uint32(k.last - s.sent.keyBase)
	}
	at := int64(-1)
	if k.what&SOF_TIMESTAMPING_SOFTWARE != 0 {
		at = s.table.Epoch + int64(now)
	}
	if !k.sent && s.sent.sent > k.last {
		k.sent = true
		if k.what&SOF_TIMESTAMPING_TX_SCHED != 0 {
			s.errors.timestamp(SCM_TSTAMP_SCHED, key, at)
		}
		if k.what&SOF_TIMESTAMPING_TX_SOFTWARE != 0 {
			s.errors.timestamp(SCM_TSTAMP_SND, key, at)
		}
	}
	acked := s.sent.acked > k.last
	if acked && k.what&SOF_TIMESTAMPING_TX_ACK != 0 {
		s.errors.timestamp(SCM_TSTAMP_ACK, key, at)
	}
	if acked || k.sent && k.what&SOF_TIMESTAMPING_TX_ACK == 0 {
		k.what = 0
	}
}

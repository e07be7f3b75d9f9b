package sockets

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP_INFO, in Linux's units: microseconds for rto, ato, rtt and rttvar, milliseconds for the times since
// something happened, segments for windows of congestion control.

// TCPInfo is struct tcp_info of Linux 6.18, 280 bytes.
type TCPInfo struct {
	State, CAState, Retransmits, Probes, Backoff, Options uint8

	SndWscale, RcvWscale   uint8
	AppLimited             bool  // tcpi_delivery_rate_app_limited
	FastOpenClientFail     uint8 // two bits
	RTO, ATO               uint32
	SndMSS, RcvMSS         uint32
	Unacked, Sacked, Lost  uint32
	Retrans, Fackets       uint32
	LastDataSent           uint32
	LastAckSent            uint32
	LastDataRecv           uint32
	LastAckRecv            uint32
	PMTU, RcvSsthresh      uint32
	RTT, RTTVar            uint32
	SndSsthresh, SndCwnd   uint32
	AdvMSS, Reordering     uint32
	RcvRTT, RcvSpace       uint32
	TotalRetrans           uint32
	PacingRate             uint64
	MaxPacingRate          uint64
	BytesAcked             uint64
	BytesReceived          uint64
	SegsOut, SegsIn        uint32
	NotsentBytes, MinRTT   uint32
	DataSegsIn             uint32
	DataSegsOut            uint32
	DeliveryRate           uint64
	BusyTime               uint64
	RwndLimited            uint64
	SndbufLimited          uint64
	Delivered, DeliveredCE uint32
	BytesSent              uint64
	BytesRetrans           uint64
	DsackDups, ReordSeen   uint32
	RcvOoopack             uint32
	SndWnd, RcvWnd         uint32
	Rehash                 uint32
	TotalRTO               uint16
	TotalRTORecoveries     uint16
	TotalRTOTime           uint32
	ReceivedCE             uint32
	DeliveredE1Bytes       uint32
	DeliveredE0Bytes       uint32
	DeliveredCEBytes       uint32
	ReceivedE1Bytes        uint32
	ReceivedE0Bytes        uint32
	ReceivedCEBytes        uint32
	AccECNFailMode         uint16
	AccECNOptSeen          uint16
}

// Bits of TCPInfo.Options, and values of TCPInfo.CAState.
const (
	TCPI_OPT_TIMESTAMPS = 1
	TCPI_OPT_SACK       = 2
	TCPI_OPT_WSCALE     = 4
	TCPI_OPT_ECN        = 8
	TCPI_OPT_ECN_SEEN   = 16
	TCPI_OPT_SYN_DATA   = 32
	TCP_CA_Open         = 0
	TCP_CA_Disorder     = 1
	TCP_CA_CWR          = 2
	TCP_CA_Recovery     = 3
	TCP_CA_Loss         = 4
)

// AppendTo appends the structure as C programs read it.
func (i *TCPInfo) AppendTo(b []byte) []byte {
	bits := i.FastOpenClientFail & 3 << 1
	if i.AppLimited {
		bits |= 1
	}
	b = append(b, i.State, i.CAState, i.Retransmits, i.Probes, i.Backoff, i.Options, i.SndWscale&15|i.RcvWscale<<4, bits)
	for _, n := range []uint32{
		i.RTO, i.ATO, i.SndMSS, i.RcvMSS, i.Unacked, i.Sacked, i.Lost, i.Retrans, i.Fackets,
		i.LastDataSent, i.LastAckSent, i.LastDataRecv, i.LastAckRecv,
		i.PMTU, i.RcvSsthresh, i.RTT, i.RTTVar, i.SndSsthresh, i.SndCwnd, i.AdvMSS, i.Reordering,
		i.RcvRTT, i.RcvSpace, i.TotalRetrans,
	} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, n := range []uint64{i.PacingRate, i.MaxPacingRate, i.BytesAcked, i.BytesReceived} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	for _, n := range []uint32{i.SegsOut, i.SegsIn, i.NotsentBytes, i.MinRTT, i.DataSegsIn, i.DataSegsOut} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, n := range []uint64{i.DeliveryRate, i.BusyTime, i.RwndLimited, i.SndbufLimited} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint32(b, i.Delivered)
	b = binary.LittleEndian.AppendUint32(b, i.DeliveredCE)
	b = binary.LittleEndian.AppendUint64(b, i.BytesSent)
	b = binary.LittleEndian.AppendUint64(b, i.BytesRetrans)
	for _, n := range []uint32{i.DsackDups, i.ReordSeen, i.RcvOoopack, i.SndWnd, i.RcvWnd, i.Rehash} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = binary.LittleEndian.AppendUint16(b, i.TotalRTO)
	b = binary.LittleEndian.AppendUint16(b, i.TotalRTORecoveries)
	for _, n := range []uint32{
		i.TotalRTOTime, i.ReceivedCE, i.DeliveredE1Bytes, i.DeliveredE0Bytes, i.DeliveredCEBytes,
		i.ReceivedE1Bytes, i.ReceivedE0Bytes, i.ReceivedCEBytes,
	} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = binary.LittleEndian.AppendUint16(b, i.AccECNFailMode)
	return binary.LittleEndian.AppendUint16(b, i.AccECNOptSeen)
}

// TCPInfo is getsockopt with TCP_INFO.
func (t *Table) TCPInfo(now ip.Time, fd int) (TCPInfo, syscall.Errno) {
	s, errno := t.socket(fd)
	if errno != 0 {
		return TCPInfo{}, errno
	}
	return s.info(now), 0
}

// states are the numbers of Linux for the states.
var states = map[tcp.State]uint8{
	tcp.Established: 1, tcp.SynSent: 2, tcp.SynReceived: 3, tcp.FinWait1: 4, tcp.FinWait2: 5, tcp.TimeWait: 6,
	tcp.Closed: 7, tcp.CloseWait: 8, tcp.LastAck: 9, tcp.Listen: 10, tcp.Closing: 11,
}

// infiniteSsthresh is Linux's slow start threshold before the first loss.
const infiniteSsthresh = 0x7fffffff

// info returns what Linux would tell of the socket.
func (s *socket) info(now ip.Time) TCPInfo {
	switch {
	case s.listener != nil:
		return TCPInfo{
			State: states[tcp.Listen], Unacked: uint32(s.listener.Pending()), Sacked: uint32(s.listener.Backlog() - 1),
			SndMSS: 536, SndCwnd: 10, SndSsthresh: infiniteSsthresh,
		}
	case s.conn == nil:
		return TCPInfo{State: states[tcp.Closed], SndMSS: 536, SndCwnd: 10, SndSsthresh: infiniteSsthresh, Reordering: 3}
	}
	i := InfoOf(s.conn.Conn().Info(), now)
	t := s.conn.Conn().SendTime(now)
	i.BusyTime, i.RwndLimited, i.SndbufLimited = uint64(micros(t.Busy)), uint64(micros(t.WindowLimited)), uint64(micros(t.BufferLimited))
	return i
}

// InfoOf writes what a connection says of itself at a time in Linux's units.
func InfoOf(c tcp.Info, now ip.Time) TCPInfo {
	mss := max(c.SendMSS, 1)
	segments := func(n int) uint32 { return uint32((n + mss - 1) / mss) }
	i := TCPInfo{
		State: states[c.State], CAState: uint8(c.CA), Options: infoOptions(&c),
		SndWscale: c.SendScale, RcvWscale: c.RecvScale,
		RTO: micros(c.RTO), RTT: micros(c.SRTT), RTTVar: micros(c.RTTVar), MinRTT: micros(c.MinRTT),
		SndMSS: uint32(c.SendMSS), RcvMSS: uint32(min(c.RecvMSS, 536)), AdvMSS: uint32(c.RecvMSS), PMTU: uint32(c.MTU),
		Unacked: segments(c.Unacked), SndCwnd: uint32(c.Cwnd / mss), SndSsthresh: uint32(c.Ssthresh / mss), Reordering: uint32(c.Reordering),
		Lost: segments(c.Lost), Sacked: segments(c.Sacked), Retrans: segments(c.Again),
		TotalRetrans: uint32(c.Stats.Retransmits), BytesRetrans: c.Stats.BytesRetransmitted,
		Delivered: uint32(c.Stats.Delivered), BytesAcked: c.Stats.BytesAcked, BytesReceived: c.Stats.BytesReceived,
		SegsOut: uint32(c.Stats.SegsOut), SegsIn: uint32(c.Stats.SegsIn), NotsentBytes: uint32(c.Unsent),
		SndWnd: uint32(c.SendWindow), RcvWnd: uint32(c.RecvWindow), RcvSsthresh: uint32(c.RecvWindow),
		FastOpenClientFail: uint8(c.FastOpenFail),
		DeliveryRate:       uint64(c.DeliveryRate), AppLimited: c.DeliveryLimited,
		PacingRate: infoRate(c.PacingRate), MaxPacingRate: infoRate(c.MaxPacingRate),
	}
	i.takeMarks(&c)
	i.LastDataSent, i.LastDataRecv = millisSince(c.LastDataSent, now), millisSince(c.LastDataReceived, now)
	if c.Ssthresh >= 1<<30 {
		i.SndSsthresh = infiniteSsthresh
	}
	return i
}

// takeMarks fills in what a connection says of congestion marks. Linux calls the packets with one "ce", and their text "ce_bytes".
func (i *TCPInfo) takeMarks(c *tcp.Info) {
	i.ReceivedCE, i.ReceivedCEBytes, i.ReceivedE0Bytes, i.ReceivedE1Bytes = c.Received.Packets, c.Received.CE, c.Received.ECT0, c.Received.ECT1
	i.DeliveredCE, i.DeliveredCEBytes, i.DeliveredE0Bytes, i.DeliveredE1Bytes = c.Told.Packets, c.Told.CE, c.Told.ECT0, c.Told.ECT1
	i.AccECNFailMode = uint16(c.AccECNFail)
	switch {
	case c.AccECNFail&tcp.AccECNFailOption != 0:
		i.AccECNOptSeen = 3
	case c.AccECNOption:
		i.AccECNOptSeen = 2
	}
}

// millisSince returns how long something is ago; Linux counts what never was from the start of its clock.
func millisSince(at, now ip.Time) uint32 { return uint32(now.Sub(at).Milliseconds()) }

// infoRate is a rate in Linux's form, in which the largest number is no bound.
func infoRate(n int64) uint64 {
	if n == 0 {
		return math.MaxUint64
	}
	return uint64(n)
}

func micros(d time.Duration) uint32 { return uint32(d.Microseconds()) }

func infoOptions(c *tcp.Info) uint8 {
	return uint8(boolInt(c.Timestamps) | boolInt(c.SACK)<<1 | boolInt(c.WindowScale)<<2 |
		boolInt(c.ECN)<<3 | boolInt(c.ECNSeen)<<4 | boolInt(c.SynData)<<5)
}

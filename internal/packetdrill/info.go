package packetdrill

import (
	"sort"
	"strings"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The names that code can use: Linux's tcp_info as far as the host knows it, in Linux's units. Times
// are in microseconds unless the name is that of one in milliseconds there; windows of congestion control are in segments.

// infoFields are the members of tcp_info that the host has.
var infoFields = map[string]func(r *runner, i *tcp.Info) int64{
	"tcpi_state":          func(_ *runner, i *tcp.Info) int64 { return linuxStates[i.State] },
	"tcpi_ca_state":       func(_ *runner, i *tcp.Info) int64 { return congestionState(i) },
	"tcpi_options":        func(_ *runner, i *tcp.Info) int64 { return infoOptions(i) },
	"tcpi_snd_wscale":     func(_ *runner, i *tcp.Info) int64 { return int64(i.SendScale) },
	"tcpi_rcv_wscale":     func(_ *runner, i *tcp.Info) int64 { return int64(i.RecvScale) },
	"tcpi_rto":            func(_ *runner, i *tcp.Info) int64 { return i.RTO.Microseconds() },
	"tcpi_rtt":            func(_ *runner, i *tcp.Info) int64 { return i.SRTT.Microseconds() },
	"tcpi_rttvar":         func(_ *runner, i *tcp.Info) int64 { return i.RTTVar.Microseconds() },
	"tcpi_min_rtt":        func(_ *runner, i *tcp.Info) int64 { return i.MinRTT.Microseconds() },
	"tcpi_snd_mss":        func(_ *runner, i *tcp.Info) int64 { return int64(i.SendMSS) },
	"tcpi_advmss":         func(_ *runner, i *tcp.Info) int64 { return int64(i.RecvMSS) },
	"tcpi_pmtu":           func(_ *runner, i *tcp.Info) int64 { return int64(i.MTU) },
	"tcpi_unacked":        func(_ *runner, i *tcp.Info) int64 { return segments(i.Unacked, i) },
	"tcpi_snd_cwnd":       func(_ *runner, i *tcp.Info) int64 { return int64(i.Cwnd / max(i.SendMSS, 1)) },
	"tcpi_snd_ssthresh":   func(_ *runner, i *tcp.Info) int64 { return threshold(i) },
	"tcpi_snd_wnd":        func(_ *runner, i *tcp.Info) int64 { return int64(i.SendWindow) },
	"tcpi_rcv_wnd":        func(_ *runner, i *tcp.Info) int64 { return int64(i.RecvWindow) },
	"tcpi_notsent_bytes":  func(_ *runner, i *tcp.Info) int64 { return int64(i.Unsent) },
	"tcpi_total_retrans":  func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.Retransmits) },
	"tcpi_bytes_retrans":  func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.BytesRetransmitted) },
	"tcpi_bytes_received": func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.BytesReceived) },
	"tcpi_bytes_acked":    func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.BytesAcked) },
	"tcpi_segs_in":        func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.SegsIn) },
	"tcpi_segs_out":       func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.SegsOut) },
	"tcpi_paws":           func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.PAWS) },
	"tcpi_challenge_acks": func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.Challenges) },
	"tcpi_unread_bytes":   func(_ *runner, i *tcp.Info) int64 { return int64(i.Unread) },
	"tcpi_elapsed_usecs":  func(r *runner, _ *tcp.Info) int64 { return r.now.Sub(start).Microseconds() },
}

// linuxStates are the numbers of Linux for the states.
var linuxStates = map[tcp.State]int64{
	tcp.Established: 1, tcp.SynSent: 2, tcp.SynReceived: 3, tcp.FinWait1: 4, tcp.FinWait2: 5, tcp.TimeWait: 6,
	tcp.Closed: 7, tcp.CloseWait: 8, tcp.LastAck: 9, tcp.Listen: 10, tcp.Closing: 11,
}

// codeConstants are the other names that code can use.
var codeConstants = map[string]int64{
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6,
	"TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
	"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
	"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8,
	"TCPI_OPT_ECN_SEEN": 16, "TCPI_OPT_SYN_DATA": 32,
}

// infiniteThreshold is Linux's slow start threshold before the first loss.
const infiniteThreshold = 0x7fffffff

// threshold returns the slow start threshold in segments.
func threshold(i *tcp.Info) int64 {
	if i.Ssthresh >= 1<<30 {
		return infiniteThreshold
	}
	return int64(i.Ssthresh / max(i.SendMSS, 1))
}

// segments returns how many segments bytes take.
func segments(bytes int, i *tcp.Info) int64 {
	mss := max(i.SendMSS, 1)
	return int64((bytes + mss - 1) / mss)
}

// congestionState tells Open, Disorder and Recovery apart; after a timeout it is Loss.
func congestionState(i *tcp.Info) int64 {
	switch {
	case i.InRecovery && i.Cwnd < i.Ssthresh:
		return codeConstants["TCP_CA_Loss"]
	case i.InRecovery:
		return codeConstants["TCP_CA_Recovery"]
	case i.DupAcks > 0:
		return codeConstants["TCP_CA_Disorder"]
	}
	return codeConstants["TCP_CA_Open"]
}

func infoOptions(i *tcp.Info) int64 {
	return asInt(i.Timestamps) | asInt(i.SACK)<<1 | asInt(i.WindowScale)<<2
}

// lookup returns what a name stands for.
func (e *evaluator) lookup(name string) value {
	if v, ok := e.r.names[name]; ok {
		return v
	}
	if n, ok := codeConstants[name]; ok {
		return n
	}
	field := infoFields[name]
	switch {
	case field == nil && strings.HasPrefix(name, "tcpi_"):
		e.fail("%s is not supported; the host knows %s", name, strings.Join(knownFields(), ", "))
	case field == nil:
		e.fail("the name %s is not known", name)
	case e.r.current == nil || e.r.current.sock == nil:
		e.fail("%s: no connection yet that a descriptor stands for", name)
	}
	info := e.r.current.sock.Conn().Info()
	return field(e.r, &info)
}

// knownFields lists the members of tcp_info that there are.
func knownFields() []string {
	var names []string
	for name := range infoFields {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

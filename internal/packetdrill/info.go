package packetdrill

import (
	"maps"
	"slices"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The names that code can use: Linux's tcp_info, in Linux's units, and a few of our own.

// infoFields are the members of tcp_info.
var infoFields = map[string]func(i *sockets.TCPInfo) int64{
	"tcpi_state":                     func(i *sockets.TCPInfo) int64 { return int64(i.State) },
	"tcpi_ca_state":                  func(i *sockets.TCPInfo) int64 { return int64(i.CAState) },
	"tcpi_retransmits":               func(i *sockets.TCPInfo) int64 { return int64(i.Retransmits) },
	"tcpi_probes":                    func(i *sockets.TCPInfo) int64 { return int64(i.Probes) },
	"tcpi_backoff":                   func(i *sockets.TCPInfo) int64 { return int64(i.Backoff) },
	"tcpi_options":                   func(i *sockets.TCPInfo) int64 { return int64(i.Options) },
	"tcpi_snd_wscale":                func(i *sockets.TCPInfo) int64 { return int64(i.SndWscale) },
	"tcpi_rcv_wscale":                func(i *sockets.TCPInfo) int64 { return int64(i.RcvWscale) },
	"tcpi_fastopen_client_fail":      func(i *sockets.TCPInfo) int64 { return int64(i.FastOpenClientFail) },
	"tcpi_rto":                       func(i *sockets.TCPInfo) int64 { return int64(i.RTO) },
	"tcpi_ato":                       func(i *sockets.TCPInfo) int64 { return int64(i.ATO) },
	"tcpi_snd_mss":                   func(i *sockets.TCPInfo) int64 { return int64(i.SndMSS) },
	"tcpi_rcv_mss":                   func(i *sockets.TCPInfo) int64 { return int64(i.RcvMSS) },
	"tcpi_unacked":                   func(i *sockets.TCPInfo) int64 { return int64(i.Unacked) },
	"tcpi_sacked":                    func(i *sockets.TCPInfo) int64 { return int64(i.Sacked) },
	"tcpi_lost":                      func(i *sockets.TCPInfo) int64 { return int64(i.Lost) },
	"tcpi_retrans":                   func(i *sockets.TCPInfo) int64 { return int64(i.Retrans) },
	"tcpi_fackets":                   func(i *sockets.TCPInfo) int64 { return int64(i.Fackets) },
	"tcpi_last_data_sent":            func(i *sockets.TCPInfo) int64 { return int64(i.LastDataSent) },
	"tcpi_last_ack_sent":             func(i *sockets.TCPInfo) int64 { return int64(i.LastAckSent) },
	"tcpi_last_data_recv":            func(i *sockets.TCPInfo) int64 { return int64(i.LastDataRecv) },
	"tcpi_last_ack_recv":             func(i *sockets.TCPInfo) int64 { return int64(i.LastAckRecv) },
	"tcpi_pmtu":                      func(i *sockets.TCPInfo) int64 { return int64(i.PMTU) },
	"tcpi_rcv_ssthresh":              func(i *sockets.TCPInfo) int64 { return int64(i.RcvSsthresh) },
	"tcpi_rtt":                       func(i *sockets.TCPInfo) int64 { return int64(i.RTT) },
	"tcpi_rttvar":                    func(i *sockets.TCPInfo) int64 { return int64(i.RTTVar) },
	"tcpi_snd_ssthresh":              func(i *sockets.TCPInfo) int64 { return int64(i.SndSsthresh) },
	"tcpi_snd_cwnd":                  func(i *sockets.TCPInfo) int64 { return int64(i.SndCwnd) },
	"tcpi_advmss":                    func(i *sockets.TCPInfo) int64 { return int64(i.AdvMSS) },
	"tcpi_reordering":                func(i *sockets.TCPInfo) int64 { return int64(i.Reordering) },
	"tcpi_rcv_rtt":                   func(i *sockets.TCPInfo) int64 { return int64(i.RcvRTT) },
	"tcpi_rcv_space":                 func(i *sockets.TCPInfo) int64 { return int64(i.RcvSpace) },
	"tcpi_total_retrans":             func(i *sockets.TCPInfo) int64 { return int64(i.TotalRetrans) },
	"tcpi_pacing_rate":               func(i *sockets.TCPInfo) int64 { return int64(i.PacingRate) },
	"tcpi_max_pacing_rate":           func(i *sockets.TCPInfo) int64 { return int64(i.MaxPacingRate) },
	"tcpi_bytes_acked":               func(i *sockets.TCPInfo) int64 { return int64(i.BytesAcked) },
	"tcpi_bytes_received":            func(i *sockets.TCPInfo) int64 { return int64(i.BytesReceived) },
	"tcpi_segs_out":                  func(i *sockets.TCPInfo) int64 { return int64(i.SegsOut) },
	"tcpi_segs_in":                   func(i *sockets.TCPInfo) int64 { return int64(i.SegsIn) },
	"tcpi_notsent_bytes":             func(i *sockets.TCPInfo) int64 { return int64(i.NotsentBytes) },
	"tcpi_min_rtt":                   func(i *sockets.TCPInfo) int64 { return int64(i.MinRTT) },
	"tcpi_data_segs_in":              func(i *sockets.TCPInfo) int64 { return int64(i.DataSegsIn) },
	"tcpi_data_segs_out":             func(i *sockets.TCPInfo) int64 { return int64(i.DataSegsOut) },
	"tcpi_delivery_rate":             func(i *sockets.TCPInfo) int64 { return int64(i.DeliveryRate) },
	"tcpi_busy_time":                 func(i *sockets.TCPInfo) int64 { return int64(i.BusyTime) },
	"tcpi_rwnd_limited":              func(i *sockets.TCPInfo) int64 { return int64(i.RwndLimited) },
	"tcpi_sndbuf_limited":            func(i *sockets.TCPInfo) int64 { return int64(i.SndbufLimited) },
	"tcpi_delivered":                 func(i *sockets.TCPInfo) int64 { return int64(i.Delivered) },
	"tcpi_delivered_ce":              func(i *sockets.TCPInfo) int64 { return int64(i.DeliveredCE) },
	"tcpi_bytes_sent":                func(i *sockets.TCPInfo) int64 { return int64(i.BytesSent) },
	"tcpi_bytes_retrans":             func(i *sockets.TCPInfo) int64 { return int64(i.BytesRetrans) },
	"tcpi_dsack_dups":                func(i *sockets.TCPInfo) int64 { return int64(i.DsackDups) },
	"tcpi_reord_seen":                func(i *sockets.TCPInfo) int64 { return int64(i.ReordSeen) },
	"tcpi_rcv_ooopack":               func(i *sockets.TCPInfo) int64 { return int64(i.RcvOoopack) },
	"tcpi_snd_wnd":                   func(i *sockets.TCPInfo) int64 { return int64(i.SndWnd) },
	"tcpi_rcv_wnd":                   func(i *sockets.TCPInfo) int64 { return int64(i.RcvWnd) },
	"tcpi_rehash":                    func(i *sockets.TCPInfo) int64 { return int64(i.Rehash) },
	"tcpi_total_rto":                 func(i *sockets.TCPInfo) int64 { return int64(i.TotalRTO) },
	"tcpi_total_rto_recoveries":      func(i *sockets.TCPInfo) int64 { return int64(i.TotalRTORecoveries) },
	"tcpi_total_rto_time":            func(i *sockets.TCPInfo) int64 { return int64(i.TotalRTOTime) },
	"tcpi_received_ce":               func(i *sockets.TCPInfo) int64 { return int64(i.ReceivedCE) },
	"tcpi_delivered_e1_bytes":        func(i *sockets.TCPInfo) int64 { return int64(i.DeliveredE1Bytes) },
	"tcpi_delivered_e0_bytes":        func(i *sockets.TCPInfo) int64 { return int64(i.DeliveredE0Bytes) },
	"tcpi_delivered_ce_bytes":        func(i *sockets.TCPInfo) int64 { return int64(i.DeliveredCEBytes) },
	"tcpi_received_e1_bytes":         func(i *sockets.TCPInfo) int64 { return int64(i.ReceivedE1Bytes) },
	"tcpi_received_e0_bytes":         func(i *sockets.TCPInfo) int64 { return int64(i.ReceivedE0Bytes) },
	"tcpi_received_ce_bytes":         func(i *sockets.TCPInfo) int64 { return int64(i.ReceivedCEBytes) },
	"tcpi_accecn_fail_mode":          func(i *sockets.TCPInfo) int64 { return int64(i.AccECNFailMode) },
	"tcpi_accecn_opt_seen":           func(i *sockets.TCPInfo) int64 { return int64(i.AccECNOptSeen) },
	"tcpi_delivery_rate_app_limited": func(i *sockets.TCPInfo) int64 { return asInt(i.AppLimited) },
}

// ownFields are what the host tells beyond Linux.
var ownFields = map[string]func(r *runner, i *tcp.Info) int64{
	"tcpi_paws":           func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.PAWS) },
	"tcpi_challenge_acks": func(_ *runner, i *tcp.Info) int64 { return int64(i.Stats.Challenges) },
	"tcpi_unread_bytes":   func(_ *runner, i *tcp.Info) int64 { return int64(i.Unread) },
	"tcpi_elapsed_usecs":  func(r *runner, _ *tcp.Info) int64 { return r.now.Sub(start).Microseconds() },
}

// codeConstants are the other names that code can use.
var codeConstants = map[string]int64{
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6,
	"TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11, "TCP_NEW_SYN_RECV": 12,
	"TCP_CA_Open": sockets.TCP_CA_Open, "TCP_CA_Disorder": sockets.TCP_CA_Disorder, "TCP_CA_CWR": sockets.TCP_CA_CWR,
	"TCP_CA_Recovery": sockets.TCP_CA_Recovery, "TCP_CA_Loss": sockets.TCP_CA_Loss,
	"TCPI_OPT_TIMESTAMPS": sockets.TCPI_OPT_TIMESTAMPS, "TCPI_OPT_SACK": sockets.TCPI_OPT_SACK,
	"TCPI_OPT_WSCALE": sockets.TCPI_OPT_WSCALE, "TCPI_OPT_ECN": sockets.TCPI_OPT_ECN,
	"TCPI_OPT_ECN_SEEN": sockets.TCPI_OPT_ECN_SEEN, "TCPI_OPT_SYN_DATA": sockets.TCPI_OPT_SYN_DATA,
}

// lookup returns what a name stands for.
func (e *evaluator) lookup(name string) value {
	if v, ok := e.r.names[name]; ok {
		return v
	}
	if n, ok := codeConstants[name]; ok {
		return n
	}
	field, own := infoFields[name], ownFields[name]
	switch {
	case field == nil && own == nil && strings.HasPrefix(name, "tcpi_"):
		e.fail("%s is not supported; the host knows %s", name, strings.Join(slices.Sorted(maps.Keys(infoFields)), ", "))
	case field == nil && own == nil:
		e.fail("the name %s is not known", name)
	case e.r.current == nil || e.r.current.sock == nil:
		e.fail("%s: no connection yet that a descriptor stands for", name)
	}
	info := e.r.current.sock.Conn().Info()
	if own != nil {
		return own(e.r, &info)
	}
	linux := sockets.InfoOf(info, e.r.now)
	return field(&linux)
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

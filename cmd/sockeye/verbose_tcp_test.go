package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestTCPNarrator(t *testing.T) {
	const t0 = ip.Time(time.Second)
	local, remote := netip.MustParseAddrPort("192.0.2.2:49152"), netip.MustParseAddrPort("192.0.2.1:80")
	full := tcp.Options{HasMSS: true, MSS: 1460, HasWS: true, WS: 7, SACKPermitted: true, HasTS: true}
	header := func(f tcp.Flags, o tcp.Options) tcp.Header { return tcp.Header{Flags: f, Seq: 1101, Options: o} }
	vars := tcp.Vars{ISS: 100}
	for _, tt := range []struct {
		name  string
		event tcp.Event
		want  string
	}{
		{"SYN", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhySyn, Header: header(tcp.SYN, full)}, "SYN sent to 192.0.2.1:80, mss 1460 wscale 7 sack ts"},
		{"SYN without options", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhySyn, Header: header(tcp.SYN, tcp.Options{})}, "SYN sent to 192.0.2.1:80"},
		{"SYN again", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhyRTO, Nth: 1, Header: header(tcp.SYN, full)}, "SYN sent again, 2nd time"},
		{"SYN,ACK", tcp.Event{Kind: tcp.EventArrive, State: tcp.SynSent, Header: header(tcp.SYN|tcp.ACK, full)}, "SYN,ACK after 0.42 ms, mss 1460 wscale 7 sack ts"},
		{"RST in the handshake", tcp.Event{Kind: tcp.EventArrive, State: tcp.SynSent, Header: header(tcp.RST|tcp.ACK, tcp.Options{})}, "RST received after 0.42 ms"},
		{"RST later", tcp.Event{Kind: tcp.EventArrive, State: tcp.Established, Header: header(tcp.RST, tcp.Options{})}, "RST received"},
		{"data", tcp.Event{Kind: tcp.EventArrive, State: tcp.Established, Header: header(tcp.ACK, tcp.Options{}), Len: 1448}, ""},
		{"data sent", tcp.Event{Kind: tcp.EventSend, State: tcp.Established, Why: tcp.WhyData, Header: header(tcp.ACK, tcp.Options{}), Len: 1448}, ""},
		{"retransmission", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhyRTO, Nth: 2, Header: header(tcp.ACK, tcp.Options{}), Len: 1448, Vars: vars}, "retransmit (RTO): bytes 1001 to 2448, 3rd time"},
		{"FIN again", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhyRTO, Nth: 1, Header: header(tcp.FIN|tcp.ACK, tcp.Options{}), Vars: vars}, "retransmit (RTO): FIN, 2nd time"},
		{"probe", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhyProbe, Header: header(tcp.ACK, tcp.Options{})}, "zero-window probe sent"},
		{"peer's FIN first", tcp.Event{Kind: tcp.EventArrive, State: tcp.Established, Header: header(tcp.FIN|tcp.ACK, tcp.Options{})}, "closed by peer (FIN)"},
		{"peer's FIN second", tcp.Event{Kind: tcp.EventArrive, State: tcp.FinWait2, Header: header(tcp.FIN|tcp.ACK, tcp.Options{})}, "FIN received"},
		{"our FIN", tcp.Event{Kind: tcp.EventSend, State: tcp.FinWait1, Why: tcp.WhyFin, Header: header(tcp.FIN|tcp.ACK, tcp.Options{})}, "FIN sent"},
		{"our FIN with data", tcp.Event{Kind: tcp.EventSend, State: tcp.FinWait1, Why: tcp.WhyData, Header: header(tcp.FIN|tcp.ACK, tcp.Options{}), Len: 5}, "FIN sent"},
		{"our RST", tcp.Event{Kind: tcp.EventSend, Why: tcp.WhyReset, Header: header(tcp.RST|tcp.ACK, tcp.Options{})}, "RST sent"},
		{"established", tcp.Event{Kind: tcp.EventState, From: tcp.SynSent, State: tcp.Established}, ""},
		{"TIME-WAIT", tcp.Event{Kind: tcp.EventState, From: tcp.FinWait2, State: tcp.TimeWait}, "TIME-WAIT"},
		{"drop", tcp.Event{Kind: tcp.EventDrop, Header: header(tcp.ACK, tcp.Options{}), Len: 10, Drop: ip.DropOutOfWindow, Rule: "RFC 9293 §3.10.7.4, first"}, "dropped ACK with 10 bytes from 192.0.2.1:80: outside the receive window (RFC 9293 §3.10.7.4, first)"},
		{"ICMP", tcp.Event{Kind: tcp.EventICMP, Cause: tcp.CauseHostUnreachable}, "ICMP: host unreachable"},
		{"too big", tcp.Event{Kind: tcp.EventICMP, Bytes: 1300}, "ICMP: packet too big, MTU 1300"},
		{"path MTU", tcp.Event{Kind: tcp.EventMTU, Why: tcp.WhyBlackHole, Bytes: 1076}, "packets of 1076 bytes: path MTU black hole"},
		{"loss", tcp.Event{Kind: tcp.EventRecovery, Why: tcp.WhyFastRetransmit}, "loss: retransmit (3 duplicate ACKs)"},
		{"recovered", tcp.Event{Kind: tcp.EventRecovery, Why: tcp.WhyRecovered}, "recovered from the loss"},
		{"spurious", tcp.Event{Kind: tcp.EventRecovery, Why: tcp.WhyUndo}, "nothing was lost: undone"},
		{"call", tcp.Event{Kind: tcp.EventCall, Call: tcp.CallSend}, ""},
		{"end in order", tcp.Event{Kind: tcp.EventState, From: tcp.LastAck, State: tcp.Closed, Cause: tcp.CauseDone}, "CLOSED"},
		{"end by time-out", tcp.Event{Kind: tcp.EventState, From: tcp.Established, State: tcp.Closed, Cause: tcp.CauseTimeout}, "connection ended: timed out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tcpNarrator{opened: map[endpoints]ip.Time{{local, remote}: t0}}
			tt.event.Time, tt.event.Local, tt.event.Remote = t0.Add(420*time.Microsecond), local, remote
			if got := n.line(&tt.event); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTCPNarratorForgetsConnections(t *testing.T) {
	var n tcpNarrator
	e := tcp.Event{Time: 1, Kind: tcp.EventSend, Why: tcp.WhySyn, Header: tcp.Header{Flags: tcp.SYN}}
	n.line(&e)
	if len(n.opened) != 1 {
		t.Fatalf("%d connections remembered, want 1", len(n.opened))
	}
	n.line(&tcp.Event{Kind: tcp.EventState, From: tcp.SynSent, State: tcp.Closed})
	if len(n.opened) != 0 {
		t.Errorf("%d connections remembered, want none", len(n.opened))
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 112: "112th"} {
		if got := ordinal(n); got != want {
			t.Errorf("ordinal(%d) = %s, want %s", n, got, want)
		}
	}
}

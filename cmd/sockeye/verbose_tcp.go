package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP's part of -v: what happens on a connection apart from data that flows.

// A tcpNarrator turns events into lines. It remembers when each open
// connection sent its SYN. The zero value is ready to use.
type tcpNarrator struct {
	opened map[endpoints]ip.Time
}

type endpoints struct{ local, remote netip.AddrPort }

// line says in one line what happened, or "" when it is not worth one.
func (n *tcpNarrator) line(e *tcp.Event) string {
	switch e.Kind {
	case tcp.EventSend:
		return n.sent(e)
	case tcp.EventArrive:
		return n.arrived(e)
	case tcp.EventState:
		return n.moved(e)
	case tcp.EventDrop:
		return dropped(e)
	case tcp.EventICMP:
		if e.Bytes > 0 {
			return fmt.Sprintf("ICMP: packet too big, MTU %d", e.Bytes)
		}
		return "ICMP: " + e.Cause.String()
	case tcp.EventMTU:
		return fmt.Sprintf("packets of %d bytes: %s", e.Bytes, e.Why)
	case tcp.EventRecovery:
		return recovery(e)
	}
	return ""
}

func (n *tcpNarrator) sent(e *tcp.Event) string {
	h := &e.Header
	switch {
	case e.Why == tcp.WhySyn && e.Nth == 0:
		if n.opened == nil {
			n.opened = map[endpoints]ip.Time{}
		}
		n.opened[endpoints{e.Local, e.Remote}] = e.Time
		return fmt.Sprintf("SYN sent to %s%s", e.Remote, options(h))
	case h.Flags.Has(tcp.SYN) && e.Nth > 0:
		return fmt.Sprintf("SYN sent again, %s time", ordinal(e.Nth+1))
	case h.Flags.Has(tcp.RST):
		return "RST sent"
	case e.Why.Retransmission():
		return fmt.Sprintf("%s: %s, %s time", e.Why, extent(e), ordinal(e.Nth+1))
	case h.Flags.Has(tcp.FIN) && e.Nth == 0:
		return "FIN sent"
	case e.Why == tcp.WhyProbe, e.Why == tcp.WhyKeepAlive, e.Why == tcp.WhyChallengeAck:
		return e.Why.String() + " sent"
	}
	return ""
}

// extent says which bytes a segment carries, counted from the start of what we send.
func extent(e *tcp.Event) string {
	first := e.Header.Seq.Sub(e.Vars.ISS)
	if e.Len == 0 && e.Header.Flags.Has(tcp.FIN) {
		return "FIN"
	}
	return fmt.Sprintf("bytes %d to %d", first, first+tcp.Size(e.Len)-1)
}

func (n *tcpNarrator) arrived(e *tcp.Event) string {
	h := &e.Header
	switch {
	case h.Flags.Has(tcp.RST):
		return "RST received" + n.since(e)
	case h.Flags.Has(tcp.SYN | tcp.ACK):
		return "SYN,ACK" + n.since(e) + options(h)
	case h.Flags.Has(tcp.FIN) && e.State == tcp.Established:
		return "closed by peer (FIN)"
	case h.Flags.Has(tcp.FIN):
		return "FIN received"
	}
	return ""
}

// since says how long after the SYN something came, while the connection is not open.
func (n *tcpNarrator) since(e *tcp.Event) string {
	at, ok := n.opened[endpoints{e.Local, e.Remote}]
	if !ok || e.State != tcp.SynSent {
		return ""
	}
	return " after " + milliseconds(e.Time.Sub(at))
}

func (n *tcpNarrator) moved(e *tcp.Event) string {
	switch e.State {
	case tcp.TimeWait:
		return "TIME-WAIT"
	case tcp.Closed:
		delete(n.opened, endpoints{e.Local, e.Remote})
		if e.Cause != tcp.CauseNone && e.Cause != tcp.CauseDone {
			return "connection ended: " + e.Cause.String()
		}
		return "CLOSED"
	}
	return ""
}

func dropped(e *tcp.Event) string {
	line := fmt.Sprintf("dropped %s from %s: %s", segmentName(e), e.Remote, e.Drop)
	if e.Rule != "" {
		line += " (" + e.Rule + ")"
	}
	return line
}

func segmentName(e *tcp.Event) string {
	name := e.Header.Flags.Names()
	if e.Len > 0 {
		name = strings.TrimPrefix(fmt.Sprintf("%s with %d bytes", name, e.Len), " ")
	}
	return name
}

func recovery(e *tcp.Event) string {
	switch e.Why {
	case tcp.WhyRecovered:
		return "recovered from the loss"
	case tcp.WhyUndo:
		return "nothing was lost: undone"
	}
	return "loss: " + e.Why.String()
}

// options lists what a SYN offers, in the words of the tools people know.
func options(h *tcp.Header) string {
	o := &h.Options
	var list []string
	if o.HasMSS {
		list = append(list, fmt.Sprintf("mss %d", o.MSS))
	}
	if o.HasWS {
		list = append(list, fmt.Sprintf("wscale %d", o.WS))
	}
	if o.SACKPermitted {
		list = append(list, "sack")
	}
	if o.HasTS {
		list = append(list, "ts")
	}
	if w := o.FastOpenWords(); w != "" {
		list = append(list, w)
	}
	if list == nil {
		return ""
	}
	return ", " + strings.Join(list, " ")
}

// milliseconds writes a time with two decimals.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

// ordinal writes 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The event record.

// of returns the events of a kind, and forgets all.
func (p *connTest) eventsOf(kind tcp.EventKind) (found []tcp.Event) {
	for _, e := range p.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	p.events = nil
	return found
}

// one wants exactly one event of a kind since the last look.
func (p *connTest) wantEvent(kind tcp.EventKind) tcp.Event {
	p.t.Helper()
	found := p.eventsOf(kind)
	if len(found) != 1 {
		p.t.Fatalf("got %d events %v, want one", len(found), kind)
	}
	if e := found[0]; e.Time != p.now || e.Local != addrA || e.Remote != p.remote || e.State != p.c.State() {
		p.t.Fatalf("got %+v, from another connection or time", e)
	}
	return found[0]
}

func TestEvents(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.events = nil

	p.send(10)
	if e := p.wantEvent(tcp.EventSend); e.Len != 10 || e.Header.Seq != p.ourSeq(1) || e.Why != tcp.WhyData || e.Nth != 0 || e.Vars.Flight != 10 {
		t.Errorf("send: got %+v", e)
	}
	p.send(10)
	if e := p.wantEvent(tcp.EventCall); e.Call != tcp.CallSend || e.Bytes != 10 || e.Vars.SndBuf != 20 {
		t.Errorf("call: got %+v", e)
	}
	p.skip(1)

	p.expire()
	again := p.events
	if e := p.wantEvent(tcp.EventTimer); e.Timer.String() != "retransmission" || e.Nth != 1 {
		t.Errorf("timer: got %+v", e)
	}
	p.events = again
	if e := p.wantEvent(tcp.EventRecovery); e.Why != tcp.WhyRTO || !e.Vars.Recovery {
		t.Errorf("recovery: got %+v", e)
	}
	p.events = again
	if e := p.eventsOf(tcp.EventSend); e[0].Why != tcp.WhyRTO || e[0].Nth != 1 {
		t.Errorf("retransmission: got %+v", e)
	}
	p.skip(len(p.out))

	p.icmp(tcp.ICMPError{Cause: tcp.CauseHostUnreachable, Seq: p.ourSeq(1), MTU: 7})
	if e := p.wantEvent(tcp.EventICMP); e.Cause != tcp.CauseHostUnreachable || e.Bytes != 7 || e.Rule == "" {
		t.Errorf("ICMP: got %+v", e)
	}

	p.arrive(seg(A|U, 1, 1).bytes(5).urgent(5))
	again = p.events
	if e := p.wantEvent(tcp.EventArrive); e.Len != 5 || e.Header.Seq != p.theirSeq(1) || e.GSO != 0 {
		t.Errorf("arrive: got %+v", e)
	}
	p.events = again
	if e := p.wantEvent(tcp.EventUrgent); e.Rule == "" {
		t.Errorf("urgent: got %+v", e)
	}
	p.skip(1)
	p.receive(5)
	if e := p.wantEvent(tcp.EventCall); e.Call != tcp.CallReceive || e.Bytes != 5 {
		t.Errorf("call: got %+v", e)
	}

	p.arrive(seg(P, 6, 0).bytes(3))
	if e := p.wantEvent(tcp.EventDrop); e.Drop != ip.DropNoAck || e.Len != 3 || e.Rule == "" {
		t.Errorf("drop: got %+v", e)
	}

	p.arrive(seg(R, 6, 0))
	if e := p.wantEvent(tcp.EventState); e.From != tcp.Established || e.Cause != tcp.CauseReset || e.Why != tcp.WhyArrive || e.Rule == "" {
		t.Errorf("state: got %+v", e)
	}
}

// What a merged packet was made of shows.
func TestEventsOfMergedSegments(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetGSO(65_535)
	p.events = nil
	p.send(5000)
	if e := p.wantEvent(tcp.EventSend); e.GSO != 1000 || e.Len != 5000 {
		t.Errorf("got %+v", e)
	}
	p.skip(1)
	in := p.build(seg(A, 1, 1).bytes(3000))
	in.Buf.GSOSize = 1000
	p.c.Arrive(p.now, in)
	if e := p.wantEvent(tcp.EventArrive); e.GSO != 1000 {
		t.Errorf("got %+v", e)
	}
	p.drain()
	p.skip(1)
}

// Each timer that runs shows, and the earliest of them is the deadline.
func TestVarsShowEachTimer(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(10)
	p.skip(len(p.out))
	v, running := p.c.Vars(), 0
	earliest := ip.Time(0)
	for timer, at := range v.Timers {
		if at == 0 {
			continue
		}
		running++
		earliest = ip.Earliest(earliest, at)
		if name := tcp.Timer(timer).String(); name == "unknown" {
			t.Errorf("timer %d has no name", timer)
		}
	}
	if running == 0 || earliest != v.Deadline {
		t.Errorf("%d timers run, the earliest until %v; want some, until %v", running, earliest, v.Deadline)
	}
}

// The snapshot and the record tell the same.
func TestInfoAndVars(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps, sack, scaled(2))
	p.advance(time.Second)
	p.send(3000)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.skip(len(p.out))
	i, v := p.c.Info(), p.c.Vars()
	got := []int{i.Cwnd, i.Ssthresh, i.Flight, i.SendWindow, i.RecvWindow, i.Unread, int(i.RTO), int(i.SRTT), int(i.RTTVar), i.Unacked}
	want := []int{v.Cwnd, v.Ssthresh, v.Flight, int(v.SndWnd), int(v.RcvWnd), v.RcvBuf, int(v.RTO), int(v.SRTT), int(v.RTTVar), int(v.SndNxt - v.SndUna)}
	for k := range got {
		if got[k] != want[k] {
			t.Errorf("value %d: the snapshot says %d, the record %d", k, got[k], want[k])
		}
	}
	if i.State != tcp.Established || !i.Timestamps || !i.SACK || !i.WindowScale || i.SendScale != 2 || i.Created != start || i.Stats.Established != start {
		t.Errorf("got %+v", i)
	}
	if s := i.Stats; s.SegsIn != 2 || s.SegsOut != 7 || s.BytesReceived != 10 || s.BytesAcked != 1 || s.Retransmits != 0 {
		t.Errorf("got %+v", s)
	}
	if v.ISS != p.iss || v.IRS != p.irs || v.RcvNxt != p.theirSeq(11) || v.Deadline != p.c.Deadline() {
		t.Errorf("got %+v", v)
	}
}

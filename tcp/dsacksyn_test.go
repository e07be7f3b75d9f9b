package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// A SYN with text from behind the window is none of the connection's: it gets a challenge ACK (RFC 5961 §4.2), which tells of
// no duplicate (RFC 2883 §4: what was received twice).
func TestNoDuplicateSackForASyn(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 1, 1).bytes(100))
	p.want(seg(A, 1, 101), tcp.WhyAck)
	p.arrive(seg(S|A, 1, 1).bytes(50))
	p.want(seg(A, 1, 101).with(tcp.Options{}), tcp.WhyChallengeAck)
}

// Nor does the ACK for a SYN whose timestamp is too old (RFC 7323 §5.3): a late copy of a Fast Open.
func TestNoDuplicateSackForAnOldSyn(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack, timestamps)
	p.arrive(seg(A, 1, 1).bytes(100))
	sent := len(p.out)
	p.arrive(seg(S, 0, 0).bytes(50).with(tcp.Options{HasTS: true, TSVal: p.peerClock() - 5000}))
	if o := p.out[sent:]; len(o) != 1 || o[0].out.Options.NumSACK != 0 {
		t.Errorf("got %d segments, want one ACK without a block", len(o))
	}
	p.out = nil
}

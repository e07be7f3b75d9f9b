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

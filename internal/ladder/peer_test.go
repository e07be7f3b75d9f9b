package ladder

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// peerPath returns the peer's states in order, first one included.
func peerPath(r *record) string {
	l := Build(r.events, Options{})[0]
	path := []string{"unknown"}
	if l.Right.HasFirst {
		path[0] = l.Right.First.String()
	}
	for _, line := range l.Lines {
		for _, s := range line.Right {
			path = append(path, s.String())
		}
	}
	return strings.Join(path, " ")
}

func TestPeerStatesAreInferred(t *testing.T) {
	for _, test := range []struct {
		name string
		r    *record
		want string
	}{
		{"closed by us", exchange(), "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"},
		{"closed by the peer", closedByPeer(), "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"},
		{"closed by both at once", simultaneousClose(), "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"},
		{"opened by both at once", simultaneousOpen(), "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"},
		{"refused", refused(), "CLOSED"},
		{"reset by us", aborted(), "LISTEN SYN-RECEIVED ESTABLISHED CLOSED"},
		{"peer opens", served(), "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"},
		{"reset by the peer", newRecord().handshake().arrive(tcp.RST, 1, 0, 0), "LISTEN SYN-RECEIVED ESTABLISHED CLOSED"},
		{"forged reset", newRecord().handshake().arrive(tcp.RST, 9, 0, 0).drop(ip.DropResetSequence, ""), "LISTEN SYN-RECEIVED ESTABLISHED"},
		{"no answer to our SYN", newRecord().send(tcp.WhySyn, tcp.SYN, 0, 0, 0), "unknown"},
		{"our FIN never acknowledged", newRecord().handshake().send(tcp.WhyFin, tcp.FIN|tcp.ACK, 1, 0, 1), "LISTEN SYN-RECEIVED ESTABLISHED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := peerPath(test.r); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// whereEnters returns the text of the line on which the peer enters a state.
func whereEnters(r *record, s tcp.State) string {
	for _, line := range Build(r.events, Options{})[0].Lines {
		for _, entered := range line.Right {
			if entered == s {
				return fmt.Sprintf("%v %s", line.At, line.Segment.Words(false))
			}
		}
	}
	return "nowhere"
}

func TestPeerChangesStateWithTheCopyThatArrived(t *testing.T) {
	if got, want := whereEnters(retransmissions(), tcp.SynReceived), "1s SYN seq 0"; got != want {
		t.Errorf("SYN sent twice: peer enters SYN-RECEIVED at %q, want %q", got, want)
	}
	r := newRecord().handshake()
	r.after(time.Second).arrive(tcp.SYN|tcp.ACK, 0, 0, 1).drop(ip.DropDuplicate, "")
	r.after(time.Millisecond).send(tcp.WhyChallengeAck, tcp.ACK, 1, 0, 1)
	if got, want := whereEnters(r, tcp.Established), "1.0014s ACK seq 1 ack 1"; got != want {
		t.Errorf("SYN,ACK repeated: peer enters ESTABLISHED at %q, want %q", got, want)
	}
}

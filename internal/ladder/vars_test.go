package ladder

import (
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestChanges(t *testing.T) {
	base := tcp.Vars{ISS: iss, SndUna: iss, SndNxt: iss.Add(1), Cwnd: 14600, Ssthresh: unbounded}
	for _, test := range []struct {
		name   string
		change func(*tcp.Vars)
		want   string
	}{
		{"none", func(*tcp.Vars) {}, ""},
		{"sequence numbers across the wrap", func(v *tcp.Vars) { v.SndUna, v.SndNxt = iss.Add(100), iss.Add(300) }, "snd.una 100, snd.nxt 300"},
		{"first threshold", func(v *tcp.Vars) { v.Cwnd, v.Ssthresh = 1460, 7300 }, "cwnd 1460, ssthresh 7300"},
		{"buffers", func(v *tcp.Vars) { v.SndBuf, v.RcvBuf, v.Holes = 1, 2, 3 }, "sndbuf 1, rcvbuf 2, holes 3"},
		{"times", func(v *tcp.Vars) { v.SRTT, v.RTO = 12345*time.Microsecond, time.Second }, "srtt 12.3ms, rto 1s"},
		{"a timer set", func(v *tcp.Vars) { v.Timers[0] = ip.Time(2 * time.Second) }, "retransmission timer 1s"},
		{"a timer that should have expired", func(v *tcp.Vars) { v.Timers[0] = ip.Time(time.Millisecond) }, "retransmission timer 0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			to := base
			test.change(&to)
			if got := changeWords(changes(&base, &to, ip.Time(time.Second))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	set, cleared := base, base
	set.Timers[2] = 5
	if got, want := changeWords(changes(&set, &cleared, 1)), "delayed ack timer off"; got != want {
		t.Errorf("a timer cleared: got %q, want %q", got, want)
	}
}

// The lane of a real connection tells of the retransmission timer what there is to tell.
func TestLaneShowsTimersSetAndCleared(t *testing.T) {
	l := newLink(1, 0)
	l.closeAll(0, 4*oneWay)
	var b strings.Builder
	if err := Text(&b, Build(l.both, Options{Left: "client", Right: "server"}), TextOptions{Vars: true, Width: 160, Full: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"client: flight 1, retransmission timer 1s", "retransmission timer off", "2 MSL timer 1m0s", "server: "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, b.String())
		}
	}
}

// A line in which nothing happens at an end repeats no older variables of it.
func TestVariablesNeverGoBack(t *testing.T) {
	for seed := range uint64(10) {
		l := newLink(seed, 0.15)
		l.closeAll(0, time.Millisecond)
		var last [2]tcp.Seq
		for _, line := range Build(l.both, Options{})[0].Lines {
			for s := range last {
				v := line.Vars(Side(s))
				if v == nil || v.RcvNxt == 0 {
					continue
				}
				if last[s] != 0 && v.RcvNxt.Less(last[s]) {
					t.Fatalf("seed %d: rcv.nxt of the %v end goes back in %q", seed, Side(s), line.String())
				}
				last[s] = v.RcvNxt
			}
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 40 * time.Millisecond: "40ms", 1234567: "1.23ms", 999: "999ns", 12345678901: "12.3s", time.Hour: "1h0m0s", -1500: "-1.5µs",
	} {
		if got := span(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

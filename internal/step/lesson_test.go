package step

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// short are the states as tables write them.
var short = map[tcp.State]string{
	tcp.Closed: "closed", tcp.Listen: "listen", tcp.SynSent: "syn-sent", tcp.SynReceived: "syn-rcvd", tcp.Established: "estab",
	tcp.FinWait1: "fin-wait-1", tcp.FinWait2: "fin-wait-2", tcp.CloseWait: "close-wait", tcp.Closing: "closing",
	tcp.LastAck: "last-ack", tcp.TimeWait: "time-wait",
}

// TestStatesOfTheFigures compares the states of both ends after each step with the figures of RFC 9293. Figures draw a
// departure and its arrival as one line, and here they are two steps.
func TestStatesOfTheFigures(t *testing.T) {
	for _, test := range []struct {
		lesson string
		want   string // "A B" before the first step and after each
	}{
		{"handshake", "closed closed; closed listen; syn-sent listen; syn-sent syn-rcvd; estab syn-rcvd; estab estab; estab estab; estab estab"},
		{"simultaneous-open", "closed closed; syn-sent closed; syn-sent syn-sent; syn-sent syn-rcvd; syn-rcvd syn-rcvd; estab syn-rcvd; estab estab"},
		{"old-duplicate-syn", "closed listen; syn-sent listen; syn-sent listen; syn-sent syn-rcvd; syn-sent syn-rcvd; " +
			"syn-sent syn-rcvd; syn-sent syn-rcvd; syn-sent listen; syn-sent syn-rcvd; estab syn-rcvd; estab estab"},
		{"half-open", "closed estab; syn-sent estab; syn-sent estab; syn-sent estab; syn-sent estab; syn-sent listen; " +
			"syn-sent syn-rcvd; estab syn-rcvd; estab estab"},
		{"half-open-data", "closed estab; closed estab; closed estab; closed listen"},
		{"two-listeners", "listen listen; listen syn-rcvd; listen syn-rcvd; listen listen"},
		{"close", "estab estab; fin-wait-1 estab; fin-wait-1 close-wait; fin-wait-2 close-wait; fin-wait-2 last-ack; " +
			"time-wait last-ack; time-wait closed; closed closed"},
		{"simultaneous-close", "estab estab; fin-wait-1 estab; fin-wait-1 fin-wait-1; fin-wait-1 closing; closing closing; " +
			"time-wait closing; time-wait time-wait; closed time-wait; closed closed"},
		{"half-close", "estab estab; estab estab; fin-wait-1 estab; fin-wait-1 estab; fin-wait-1 close-wait; fin-wait-1 close-wait; " +
			"fin-wait-2 close-wait; fin-wait-2 close-wait; fin-wait-2 close-wait; fin-wait-2 close-wait; fin-wait-2 close-wait; " +
			"fin-wait-2 last-ack; fin-wait-2 last-ack; time-wait last-ack; time-wait closed"},
		{"time-wait", "estab estab; fin-wait-1 estab; fin-wait-1 close-wait; fin-wait-2 close-wait; fin-wait-2 last-ack; " +
			"time-wait last-ack; time-wait last-ack; time-wait last-ack; time-wait last-ack; time-wait closed; closed closed"},
		{"refused", "closed closed; syn-sent closed; syn-sent closed; closed closed"},
		{"reset-out-of-the-blue", "closed listen; closed syn-rcvd; closed syn-rcvd; closed listen; closed listen"},
	} {
		t.Run(test.lesson, func(t *testing.T) {
			var got []string
			play(t, Find(test.lesson), func(v *View) {
				got = append(got, short[v.Ends[A].State]+" "+short[v.Ends[B].State])
			})
			if got, want := got, strings.Split(test.want, "; "); !slices.Equal(got, want) {
				t.Errorf("states\n got %s\nwant %s", strings.Join(got, "; "), test.want)
			}
		})
	}
}

// TestSegmentsOfTheFigures compares the segments with the figures of RFC 9293, where these give numbers.
func TestSegmentsOfTheFigures(t *testing.T) {
	for _, test := range []struct {
		lesson string
		want   string // sender, <SEQ> <CTL> <ACK>, with the numbers of the figure
	}{
		{"handshake", "A 100 S; B 300 S. 101; A 101 . 301; A 101 P. 301"},
		{"simultaneous-open", "A 100 S; B 300 S; B 300 S. 101; A 100 S. 301"},
		{"old-duplicate-syn", "A 100 S; B 300 S. 91; A 91 R; A 100 S; B 300 S. 101; A 101 . 301"},
		{"half-open", "A 400 S; B 300 . 100; A 100 R; A 400 S"},
		{"half-open-data", "B 300 P. 100; A 100 R"},
		{"two-listeners", "B 300 S. 1101; A 1101 R"},
		{"close", "A 100 F. 300; B 300 . 101; B 300 F. 101; A 101 . 301"},
		{"simultaneous-close", "A 100 F. 300; B 300 F. 100; B 301 . 101; A 101 . 301"},
	} {
		t.Run(test.lesson, func(t *testing.T) {
			p := play(t, Find(test.lesson), nil)
			got := strings.Join(sent(p), "; ")
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("segments\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestWhatLessonsShow checks the point of the lessons that are no figures of the RFC.
func TestWhatLessonsShow(t *testing.T) {
	for _, test := range []struct {
		lesson string
		step   int
		what   string
		shows  func(v *View) bool
	}{
		{"lost-syn", 5, "the SYN is sent a third time after 1 s and 2 s", func(v *View) bool {
			return v.Elapsed().Seconds() == 3 && v.InFlight[0].Nth == 2
		}},
		{"fast-retransmit", 9, "the third duplicate ACK retransmits", func(v *View) bool {
			return slices.ContainsFunc(v.InFlight, func(f Flight) bool { return f.Why == tcp.WhyFastRetransmit })
		}},
		{"fast-retransmit", 12, "recovery is over", func(v *View) bool {
			return !v.Ends[A].Vars.Recovery && v.Ends[A].Info.Unacked == 0 && v.Ends[B].Readable == 7300
		}},
		{"two-losses", 11, "a partial ACK retransmits", func(v *View) bool {
			return v.InFlight[0].Why == tcp.WhyPartialAck && v.InFlight[0].Len == 1460
		}},
		{"two-losses", 13, "recovery is over", func(v *View) bool {
			return !v.Ends[A].Vars.Recovery && v.Ends[A].Info.Unacked == 0 && v.Ends[B].Readable == 7300
		}},
		{"slow-start", 1, "ten segments", func(v *View) bool { return len(v.InFlight) == 10 }},
		{"slow-start", 2, "twenty", func(v *View) bool { return v.Ends[A].Vars.Flight == 20*1460 }},
		{"slow-start", 3, "forty", func(v *View) bool { return v.Ends[A].Vars.Flight == 40*1460 }},
		{"time-wait-reuse", 2, "the old connection is forgotten", func(v *View) bool { return v.Ends[B].State == tcp.SynReceived }},
		{"time-wait-reuse", 4, "the new one is open", func(v *View) bool {
			return v.Ends[A].State == tcp.Established && v.Ends[B].State == tcp.Established
		}},
		{"old-text", 3, "nothing is taken", func(v *View) bool { return v.Ends[B].Readable == 100 }},
		{"old-text", 7, "what A wrote is there", func(v *View) bool { return v.Ends[B].Readable == 150 }},
		{"timeout", 7, "the fourth transmission", func(v *View) bool {
			return v.InFlight[0].Why == tcp.WhyRTO && v.InFlight[0].Nth == 3
		}},
		{"timeout", 9, "all is acknowledged", func(v *View) bool { return v.Ends[A].Info.Unacked == 0 }},
		{"reordering", 4, "a SACK block of two segments", func(v *View) bool {
			return strings.Contains(v.InFlight[2].Text, "ack 1 win") && strings.Contains(v.InFlight[2].Text, "sack 1461:4381")
		}},
		{"reordering", 5, "everything can be read", func(v *View) bool { return v.Ends[B].Readable == 4380 }},
		{"reordering", 12, "a DSACK", func(v *View) bool { return strings.Contains(v.InFlight[1].Text, "sack 4381:4481") }},
		{"path-mtu", 1, "two ICMP errors", func(v *View) bool {
			return len(v.InFlight) == 2 && v.InFlight[0].ICMP == "icmp unreachable frag_needed mtu 1000 [1:1461(1460)]"
		}},
		{"path-mtu", 2, "smaller segments", func(v *View) bool {
			return v.Ends[A].Info.SendMSS == 960 && v.InFlight[1].Why == tcp.WhyPathMTU
		}},
		{"zero-window", 5, "the persist timer runs", func(v *View) bool {
			return v.Ends[A].Vars.SndWnd == 0 && len(v.Ends[A].Timers) == 1 && v.Ends[A].Timers[0].Name == "persist"
		}},
		{"zero-window", 6, "a probe", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyProbe }},
		{"zero-window", 13, "the rest is sent", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyData }},
		{"nagle", 4, "an ACK with an answer", func(v *View) bool { return v.InFlight[0].Len == 5 }},
		{"nagle", 8, "two bytes wait", func(v *View) bool { return v.Ends[A].Info.Unsent == 2 && len(v.InFlight) == 1 }},
		{"nagle", 10, "a delayed ACK", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyDelayedAck }},
		{"nagle", 11, "both bytes in one segment", func(v *View) bool { return v.InFlight[0].Len == 2 }},
		{"silly-window", 2, "silence", func(v *View) bool { return len(v.InFlight) == 0 }},
		{"silly-window", 3, "a window update", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyWindowUpdate }},
		{"keep-alive", 2, "a probe after a minute", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyKeepAlive }},
		{"keep-alive", 12, "the end", func(v *View) bool { return v.Ends[A].Cause == tcp.CauseTimeout }},
		{"challenge-ack", 1, "no answer", func(v *View) bool { return len(v.InFlight) == 0 }},
		{"challenge-ack", 2, "a challenge ACK", func(v *View) bool { return v.InFlight[0].Why == tcp.WhyChallengeAck }},
		{"challenge-ack", 7, "the end", func(v *View) bool { return v.Ends[B].Cause == tcp.CauseReset }},
	} {
		t.Run(test.lesson+": "+test.what, func(t *testing.T) {
			seen := false
			play(t, Find(test.lesson), func(v *View) {
				if v.Step == test.step {
					seen = true
					if !test.shows(v) {
						t.Errorf("step %d shows something else: %v, in flight %v", v.Step, v.Note, v.InFlight)
					}
				}
			})
			if !seen {
				t.Errorf("there is no step %d", test.step)
			}
		})
	}
}

func TestEveryLessonGivesScriptsThatPass(t *testing.T) {
	for _, l := range Lessons() {
		t.Run(l.Name, func(t *testing.T) {
			p := play(t, l, nil)
			for end := range 2 {
				script, err := p.Script(end)
				if err != nil {
					if len(p.(*session).world.ends[end].log) > 0 && !crashedLast(p, end) {
						t.Errorf("end %s: %v", endName(end), err)
					}
					continue
				}
				if err := runScript(script); err != nil {
					t.Errorf("end %s: %v\n%s", endName(end), err, script)
				}
			}
		})
	}
}

// TestLadders checks that all of a lesson is drawn as one ladder, A on the left, even when an end begins anew, and
// that what is on its way is not drawn as lost.
func TestLadders(t *testing.T) {
	for _, l := range Lessons() {
		play(t, l, func(v *View) {
			if len(v.Ladder) == 0 {
				return
			}
			if len(v.Ladder) != 1 || v.Ladder[0].Left.Addr != addrA || v.Ladder[0].Left.Name != "A" {
				t.Errorf("lesson %s, step %d: %d ladders, the first with %v on the left", l.Name, v.Step, len(v.Ladder), v.Ladder[0].Left)
				return
			}
			flying := 0
			for _, line := range v.Ladder[0].Lines {
				if line.Flying {
					flying++
				}
			}
			want := 0
			for _, f := range v.InFlight {
				if f.Copy == 0 && f.ICMP == "" {
					want++
				}
			}
			if flying != want {
				t.Errorf("lesson %s, step %d: %d segments are drawn as on their way, want %d", l.Name, v.Step, flying, want)
			}
		})
	}
}

// crashedLast reports whether nothing has happened at an end since it crashed.
func crashedLast(p Player, end int) bool {
	log := p.(*session).world.ends[end].log
	return log[len(log)-1].kind == entryCrash
}

func TestLessonsAreComplete(t *testing.T) {
	names := map[string]bool{}
	for _, l := range Lessons() {
		if l.Name == "" || l.Title == "" || l.About == "" || l.Rule == "" || names[l.Name] {
			t.Errorf("lesson %q lacks something, or has its name twice", l.Name)
		}
		names[l.Name] = true
		for i, s := range l.Steps {
			if s.Note == "" {
				t.Errorf("lesson %s: step %d has no note", l.Name, i+1)
			}
		}
	}
	if len(names) < 20 {
		t.Errorf("there are %d lessons, want at least 20", len(names))
	}
}

// play plays a lesson to its end and shows each view.
func play(t *testing.T, l *Lesson, see func(*View)) Player {
	t.Helper()
	if l == nil {
		t.Fatal("there is no such lesson")
	}
	p, err := l.Play(1)
	if err != nil {
		t.Fatal(err)
	}
	for step := 0; ; step++ {
		if see != nil {
			see(p.View())
		}
		if step == len(l.Steps) {
			return p
		}
		if !p.Next() {
			m, _ := p.(*session).planned()
			t.Fatalf("step %d: %v", step+1, p.Do(m))
		}
	}
}

// sent lists the segments that were sent after the setup of a lesson.
func sent(p Player) []string {
	s := p.(*session)
	var list []string
	for end, e := range s.world.ends {
		for _, n := range e.log {
			if n.kind == entryOut && n.step > s.base {
				list = append(list, segmentOf(n, end))
			}
		}
	}
	slices.Sort(list)
	for i := range list {
		_, list[i], _ = strings.Cut(list[i], "|")
	}
	return list
}

// segmentOf writes a segment that was sent as the figures do, behind its place in the order.
func segmentOf(n entry, end int) string {
	g, _ := readSegment(n.data)
	text := fmt.Sprintf("%06d %d|%s %d %s", n.step, end, endName(end), g.seq, g.flags)
	if g.flags.Has(tcp.ACK) {
		text += fmt.Sprintf(" %d", g.ack)
	}
	return text
}

package step

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// opened returns a player in a world with a connection.
func opened(t *testing.T, cfg Config) Player {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	must(t, p, open...)
	return p
}

// must makes moves.
func must(t *testing.T, p Player, moves ...Move) {
	t.Helper()
	for _, m := range moves {
		if err := p.Do(m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackAndForward(t *testing.T) {
	t.Run("back to the start and no further", func(t *testing.T) {
		p := opened(t, Config{})
		for range open {
			if !p.Back() {
				t.Fatal("no way back")
			}
		}
		if p.Back() || p.View().Step != 0 || len(p.Events()) != 0 {
			t.Errorf("step %d with %d events after going back to the start", p.View().Step, len(p.Events()))
		}
	})
	t.Run("back in a lesson keeps its setup", func(t *testing.T) {
		p := play(t, Find("close"), nil)
		for p.Back() {
		}
		if v := p.View(); v.Step != 0 || v.Ends[A].State != tcp.Established {
			t.Errorf("step %d, A is %v, want 0 and ESTABLISHED", v.Step, v.Ends[A].State)
		}
	})
	t.Run("another move forgets what was undone", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Go})
		p.Back()
		p.Back()
		must(t, p, Move{Kind: Write, End: B, N: 20})
		if v := p.View(); v.Steps != v.Step || v.Did != "B: write 20" {
			t.Errorf("%d steps of %d, the last %q", v.Step, v.Steps, v.Did)
		}
	})
	t.Run("the same move does not", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Go})
		p.Back()
		p.Back()
		must(t, p, Move{Kind: Write, End: A, N: 10})
		if v := p.View(); v.Steps != v.Step+1 || v.Ahead == "" {
			t.Errorf("%d steps of %d, ahead %q", v.Step, v.Steps, v.Ahead)
		}
	})
	t.Run("a lesson that was left goes on by itself", func(t *testing.T) {
		p, err := Find("handshake").Play(1)
		if err != nil {
			t.Fatal(err)
		}
		p.Next()
		p.Next()
		must(t, p, Move{Kind: Drop, Packet: 1})
		if v := p.View(); v.Note != "" || v.Steps != 3 {
			t.Errorf("note %q at %d of %d, want none", v.Note, v.Step, v.Steps)
		}
		if err := p.RunToState(B, tcp.Established); err != nil || p.View().Elapsed() < time.Second {
			t.Errorf("%v after %v, want a retransmitted SYN", err, p.View().Elapsed())
		}
		for p.View().Step > 2 {
			p.Back()
		}
		if v := p.View(); v.Note == "" {
			t.Error("the lesson is not there again after going back")
		}
	})
}

func TestRefusedMovesChangeNothing(t *testing.T) {
	p := opened(t, Config{})
	for _, m := range []Move{
		{Kind: Deliver, Packet: 99}, {Kind: Drop}, {Kind: Delay, Packet: 1, D: -1}, {Kind: Wait}, {Kind: Wait, D: -time.Second},
		{Kind: Listen, End: B}, {Kind: Connect, End: A}, {Kind: Connect, End: 7}, {Kind: Read, End: A, N: 1}, {Kind: Write, End: A},
		{Kind: Write, End: A, N: maxTransfer + 1}, {Kind: Inject, End: A, Text: "nonsense"}, {Kind: Inject, End: A, Text: ". 1:1(0) ack 1"},
		{Kind: Inject, End: A, Text: ". 1:1(0) ack 1 win 5\n+0 < . 1:1(0) ack 1 win 5"}, {Kind: Fire}, {Kind: Go}, {Kind: 200},
	} {
		before := p.View()
		if err := p.Do(m); err == nil {
			t.Errorf("%v was made", m)
		} else if err.Error() == "" {
			t.Errorf("%v: no word about why", m)
		}
		if !reflect.DeepEqual(before, p.View()) {
			t.Errorf("%v was refused, and has changed something", m)
		}
	}
}

// TestMovesArePossible makes each move that is offered, on the way through a lesson.
func TestMovesArePossible(t *testing.T) {
	for _, name := range []string{"zero-window", "close", "half-open", "path-mtu"} {
		play(t, Find(name), func(v *View) {
			p := playTo(t, Find(name), v.Step)
			for _, m := range p.Moves() {
				if err := p.Do(m); err != nil {
					t.Errorf("%s, step %d: %v", name, v.Step, err)
					continue
				}
				p.Back()
			}
		})
	}
}

// playTo plays the first steps of a lesson.
func playTo(t *testing.T, l *Lesson, steps int) Player {
	t.Helper()
	p, err := l.Play(1)
	if err != nil {
		t.Fatal(err)
	}
	for range steps {
		p.Next()
	}
	return p
}

func TestRunToState(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.RunToState(A, tcp.Established); !errors.Is(err, ErrBound) || !strings.Contains(err.Error(), "A is in CLOSED") {
		t.Errorf("in a world in which nothing happens: %v", err)
	}
	must(t, p, open[:2]...)
	if err := p.RunToState(B, tcp.Established); err != nil {
		t.Error(err)
	}
	if got := p.View(); got.Step != 5 || got.Elapsed() != 150*time.Millisecond {
		t.Errorf("ESTABLISHED in step %d after %v, want 5 and 150ms", got.Step, got.Elapsed())
	}
	must(t, p, Move{Kind: Close, End: A})
	if err := p.RunToState(A, tcp.TimeWait); !errors.Is(err, ErrBound) {
		t.Errorf("TIME-WAIT without a FIN from B: %v", err)
	}
	if err := p.RunToState(2, tcp.Closed); err == nil {
		t.Error("ran to a state of an end that there is not")
	}
}

func TestRunUntil(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	must(t, p, open[:2]...)
	if err := p.RunUntil(start.Add(120 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	v := p.View()
	if v.Elapsed() != 120*time.Millisecond || v.Ends[A].State != tcp.Established || v.Ends[B].State != tcp.SynReceived {
		t.Errorf("after %v: %v and %v", v.Elapsed(), v.Ends[A].State, v.Ends[B].State)
	}
	p.Back()
	if got := p.View().Elapsed(); got != 100*time.Millisecond {
		t.Errorf("back to %v, want 100ms", got)
	}
}

func TestDamageDelayAndCopies(t *testing.T) {
	t.Run("a damaged packet is dropped", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Corrupt, Packet: 4}, Move{Kind: Go})
		if v := p.View(); v.Ends[B].Readable != 0 {
			t.Error("B has taken a damaged segment")
		}
		if err := p.RunUntil(start.Add(time.Second)); err != nil || p.View().Ends[B].Readable != 10 {
			t.Errorf("B has %d bytes after a second, want 10 (%v)", p.View().Ends[B].Readable, err)
		}
	})
	t.Run("a delayed packet arrives later", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Delay, Packet: 4, D: 7 * time.Millisecond}, Move{Kind: Go})
		if v := p.View(); v.Elapsed() != 207*time.Millisecond {
			t.Errorf("it arrives after %v, want 207ms", v.Elapsed())
		}
	})
	t.Run("a copy comes behind", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Duplicate, Packet: 4})
		v := p.View()
		if len(v.InFlight) != 2 || v.InFlight[1].Copy != 4 || v.InFlight[0].Copy != 0 {
			t.Fatalf("in flight: %v", v.InFlight)
		}
		must(t, p, Move{Kind: Deliver, Packet: v.InFlight[1].ID})
		if v := p.View(); v.Ends[B].Readable != 10 || v.Elapsed() != 150*time.Millisecond {
			t.Errorf("delivered: B has %d bytes after %v", v.Ends[B].Readable, v.Elapsed())
		}
	})
	t.Run("a timer that is fired holds packets back", func(t *testing.T) {
		p := opened(t, Config{})
		must(t, p, Move{Kind: Write, End: A, N: 10}, Move{Kind: Fire})
		v := p.View()
		if len(v.InFlight) != 2 || v.InFlight[1].Why != tcp.WhyLossProbe || !v.InFlight[0].Delayed || v.InFlight[0].Arrives != v.Now {
			t.Errorf("in flight: %+v", v.InFlight)
		}
	})
}

// TestTextArrives moves text both ways through a bad network and compares it.
func TestTextArrives(t *testing.T) {
	p := opened(t, Config{})
	w := p.(*session).world
	must(t, p, Move{Kind: Write, End: A, N: 20000}, Move{Kind: Write, End: B, N: 30000})
	for i := 0; p.Next() && i < 1000; i++ {
		for n, f := range p.View().InFlight {
			switch {
			case (f.ID+n)%7 == 0:
				must(t, p, Move{Kind: Drop, Packet: f.ID})
			case (f.ID+n)%5 == 0:
				must(t, p, Move{Kind: Delay, Packet: f.ID, D: 30 * time.Millisecond})
			}
		}
		if w.ends[A].last.Conn().Readable() == 30000 && w.ends[B].last.Conn().Readable() == 20000 {
			break
		}
	}
	for end, n := range []int{30000, 20000} {
		b := make([]byte, 40000)
		got := b[:w.ends[end].sock.Conn().Receive(w.now, b)]
		if want := textFrom(1-end, 0, n); string(got) != string(want) {
			t.Errorf("%s has read %d bytes, want %d and the same", endName(end), len(got), n)
		}
	}
}

func TestMoveWords(t *testing.T) {
	for _, test := range []struct {
		m    Move
		want string
	}{
		{Move{Kind: Go}, "go on"},
		{Move{Kind: Drop, Packet: 3}, "drop #3"},
		{Move{Kind: Delay, Packet: 3, D: time.Second}, "delay #3 by 1s"},
		{Move{Kind: Wait, D: time.Second}, "wait 1s"},
		{Move{Kind: Write, End: B, N: 1000}, "B: write 1000"},
		{Move{Kind: KeepAlive, End: A, N: 1}, "A: keep-alive on"},
		{Move{Kind: NoDelay, End: A}, "A: no-delay off"},
		{Move{Kind: Inject, End: B, Text: "R 1:1(0) win 0"}, "inject to B: R 1:1(0) win 0"},
		{Move{Kind: Crash, End: A}, "A: crash"},
		{Move{Kind: Fire}, "fire the next timer"},
		{Move{Kind: 99}, "unknown"},
	} {
		if got := test.m.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

package step

import (
	"errors"
	"slices"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestRecordOfBothEnds(t *testing.T) {
	lesson := play(t, Find("close"), nil)
	want := lesson.View()
	r := Record("close", lesson.Events())
	crossed := map[int]bool{}
	for r.Next() {
		for _, f := range r.View().InFlight {
			crossed[f.ID] = true
			if f.Arrives.Sub(f.Sent) != defaultDelay {
				t.Errorf("%v is on its way for %v", f, f.Arrives.Sub(f.Sent))
			}
		}
	}
	v := r.View()
	if v.Step != len(lesson.Events()) || v.Steps != v.Step || v.Now != lesson.Events()[v.Step-1].Time {
		t.Errorf("step %d of %d at %v", v.Step, v.Steps, v.Now)
	}
	if len(crossed) != 7 {
		t.Errorf("%d segments crossed, want 7", len(crossed))
	}
	for _, end := range v.Ends {
		i := slices.IndexFunc(want.Ends[:], func(e EndView) bool { return e.Addr == end.Addr })
		if i < 0 || end.Inferred || end.State != want.Ends[i].State || end.Vars != want.Ends[i].Vars {
			t.Errorf("%v is in %v, inferred: %v; want as in the lesson", end.Addr, end.State, end.Inferred)
		}
	}
	for r.Back() {
	}
	if v := r.View(); v.Step != 0 || v.Ahead == "" || len(r.Events()) != 0 {
		t.Errorf("back at step %d, ahead %q", v.Step, v.Ahead)
	}
}

func TestRecordOfOneEnd(t *testing.T) {
	events := slices.DeleteFunc(slices.Clone(play(t, Find("handshake"), nil).Events()), func(e tcp.Event) bool { return e.Local == addrB })
	r := Record("one end", events)
	if err := r.RunToState(A, tcp.Established); err != nil {
		t.Fatal(err)
	}
	if err := r.RunUntil(events[len(events)-1].Time); err != nil {
		t.Fatal(err)
	}
	v := r.View()
	if a := v.Ends[A]; a.Inferred || a.Addr != addrA || a.State != tcp.Established {
		t.Errorf("A is %v in %v, inferred: %v", a.Addr, a.State, a.Inferred)
	}
	if b := v.Ends[B]; !b.Inferred || b.Addr != addrB || b.State != tcp.Established {
		t.Errorf("B is %v in %v, inferred: %v", b.Addr, b.State, b.Inferred)
	}
	if err := r.RunToState(A, tcp.TimeWait); !errors.Is(err, ErrBound) {
		t.Errorf("ran to TIME-WAIT: %v", err)
	}
}

func TestRecordCannotBeChanged(t *testing.T) {
	r := Record("empty", nil)
	if r.Next() || r.Back() || r.Moves() != nil || r.View().Steps != 0 {
		t.Error("an empty record can be stepped through")
	}
	if err := r.Do(Move{Kind: Go}); err != ErrRecording {
		t.Error(err)
	}
	if err := r.Inject(A, "R 1:1(0) win 0"); err != ErrRecording {
		t.Error(err)
	}
	var noScript *ScriptError
	if _, err := r.Script(A); !errors.As(err, &noScript) {
		t.Error(err)
	}
}

package step

import "testing"

// FuzzWalk makes random moves: nothing panics, the moves that are offered are possible, and the scripts of
// both ends pass.
func FuzzWalk(f *testing.F) {
	f.Add(uint64(1), uint8(40))
	f.Add(uint64(2), uint8(100))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		p := walk(t, seed, int(steps))
		for end := range 2 {
			script, err := p.Script(end)
			if err != nil {
				continue
			}
			if err := runScript(script); err != nil {
				t.Errorf("end %s: %v\n%s\nmoves:\n%s", endName(end), err, script, movesOf(p))
			}
		}
	})
}

// FuzzInject lets anything that parses arrive at both ends.
func FuzzInject(f *testing.F) {
	for _, text := range injected {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range open {
			if err := p.Do(m); err != nil {
				t.Fatal(err)
			}
			for end := range 2 {
				if p.Inject(end, text) == nil {
					p.View()
					p.Back()
				}
			}
		}
	})
}

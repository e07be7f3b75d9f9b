package step

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
)

// randomConfigs are the worlds of random walks.
var randomConfigs = []Config{
	{},
	{Ends: [2]EndConfig{{NoTimestamps: true, NoSACK: true}, {}}},
	{Ends: [2]EndConfig{{RecvBuffer: 4000, SendBuffer: 5000}, {RecvBuffer: 3000, NoWindowScale: true}}},
	{PathMTU: 1000, Delay: 3 * time.Millisecond},
}

// injected are segments for random walks.
var injected = []string{
	"S 0:0(0) win 1000", "S. 0:0(0) ack 1 win 1000", "R 1:1(0) win 0", "R. 0:0(0) ack 1 win 0", "R 5000:5000(0) win 0",
	". 1:1(0) ack 1 win 500", ". 1:101(100) ack 1 win 1000", "F. 1:1(0) ack 1 win 1000", "P. 500:1500(1000) ack 1 win 0",
	". 1:1(0) ack 4294960000 win 100", "- 1:1(0) win 5", "SF 9:9(0) win 5", ". 1:1(0) ack 1 win 1000 <nop,nop,TS val 7 ecr 1200>",
	"S 77:77(0) win 1000 <mss 1000,sackOK,TS val 100 ecr 0,nop,wscale 2>", ". 1:1(0) ack 1 win 700 <nop,nop,sack 500:1000>",
}

// randomMove chooses a move. Calls and time are more likely than damage, so that something comes of it.
func randomMove(r *rand.Rand, p Player) Move {
	moves := p.Moves()
	for range 20 {
		if r.IntN(40) == 0 {
			return Move{Kind: Inject, End: r.IntN(2), Text: injected[r.IntN(len(injected))]}
		}
		m := moves[r.IntN(len(moves))]
		if r.IntN(3) == 0 {
			m = moves[0]
		}
		switch {
		case m.Kind == Crash && r.IntN(10) > 0, (m.Kind == Close || m.Kind == Abort || m.Kind == Shutdown) && r.IntN(3) > 0:
			continue
		case m.Kind == Wait:
			m.D = time.Duration(r.Int64N(int64(3 * time.Second)))
		case m.Kind == Delay:
			m.D = time.Duration(1 + r.Int64N(int64(300*time.Millisecond)))
		case m.Kind == Read || m.Kind == Write:
			m.N = 1 + r.IntN(4000)
		}
		return m
	}
	return moves[0]
}

// walk makes random moves and returns the player.
func walk(t testing.TB, seed uint64, steps int) Player {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	cfg := randomConfigs[r.IntN(len(randomConfigs))]
	cfg.Seed = seed
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r.IntN(4) > 0 { // most walks begin with a connection
		p.Do(Move{Kind: Listen, End: B})
		p.Do(Move{Kind: Connect, End: A})
		if r.IntN(2) > 0 {
			p.Next()
			p.Next()
			p.Next()
		}
	}
	for range steps {
		m := randomMove(r, p)
		if err := p.Do(m); err != nil && m.Kind != Write {
			t.Fatalf("seed %d: %v: %v", seed, m, err)
		}
	}
	return p
}

func TestRandomWalksGiveScriptsThatPass(t *testing.T) {
	walks := 1000
	if testing.Short() {
		walks = 50
	}
	passed := 0
	for seed := range walks {
		p := walk(t, uint64(seed), 60)
		for end := range 2 {
			script, err := p.Script(end)
			if err != nil {
				continue
			}
			if err := runScript(script); err != nil {
				t.Fatalf("seed %d, end %s: %v\n%s\nmoves:\n%s", seed, endName(end), err, script, movesOf(p))
			}
			passed++
		}
	}
	if passed < walks {
		t.Errorf("%d scripts passed, want at least %d", passed, walks)
	}
}

// runScript runs a script and returns what is wrong with it.
func runScript(script []byte) error {
	s, err := packetdrill.Parse("walk.pkt", script)
	if err != nil {
		return err
	}
	return s.Run(packetdrill.Options{})
}

// movesOf lists the moves made.
func movesOf(p Player) string {
	var b bytes.Buffer
	s := p.(*session)
	for i, m := range s.made[:s.pos] {
		fmt.Fprintf(&b, "%3d %v\n", i+1, m.Move)
	}
	return b.String()
}

func TestBackIsExact(t *testing.T) {
	for seed := range uint64(20) {
		p := walk(t, seed, 30)
		var views []*View
		for {
			views = append(views, p.View())
			if !p.Back() {
				break
			}
		}
		for i := len(views) - 1; i >= 0; i-- {
			if got := p.View(); !reflect.DeepEqual(got, views[i]) {
				t.Fatalf("seed %d: step %d is not what it was", seed, got.Step)
			}
			if i > 0 && !p.Next() {
				t.Fatalf("seed %d: no way forward to step %d", seed, len(views)-i)
			}
		}
	}
}

func TestSameMovesGiveSameEvents(t *testing.T) {
	for seed := range uint64(20) {
		p, q := walk(t, seed, 50), walk(t, seed, 50)
		if !reflect.DeepEqual(p.Events(), q.Events()) {
			t.Errorf("seed %d: the record differs", seed)
		}
	}
}

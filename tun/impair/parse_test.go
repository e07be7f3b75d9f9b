package impair

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	every := Fault{
		Loss: 0.05, Reorder: 0.1, Duplicate: 0.02, Corrupt: 0.01,
		Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Rate: 10_000_000, Queue: 100,
	}
	tests := []struct {
		in, out string
		want    Config
	}{
		{"", "none", Config{}},
		{"none", "none", Config{}},
		{
			"loss=5%,reorder=10%,duplicate=2%,corrupt=1%,delay=20ms,jitter=5ms,rate=10Mbit,queue=100,seed=7",
			"loss=5%,duplicate=2%,corrupt=1%,reorder=10%,delay=20ms,jitter=5ms,rate=10Mbit,queue=100,seed=7",
			Config{In: every, Out: every, Seed: 7},
		},
		{"in.loss=1%", "in.loss=1%", Config{In: Fault{Loss: 0.01}}},
		{" loss = 0.5 , out.loss = 0 ", "in.loss=50%", Config{In: Fault{Loss: 0.5}}},
		{"loss=1%,in.loss=2%", "in.loss=2%,out.loss=1%", Config{In: Fault{Loss: 0.02}, Out: Fault{Loss: 0.01}}},
		{"out.rate=1.5gbit", "out.rate=1500Mbit", Config{Out: Fault{Rate: 1_500_000_000}}},
		{"rate=64KBIT", "rate=64kbit", Config{In: Fault{Rate: 64000}, Out: Fault{Rate: 64000}}},
		{"loss=7%", "loss=7%", Config{In: Fault{Loss: 0.07}, Out: Fault{Loss: 0.07}}},
		{"seed=0x10", "seed=16", Config{Seed: 16}},
		{"loss=2%,burst=4.5", "loss=2%,burst=4.5", Config{In: Fault{Loss: 0.02, Burst: 4.5}, Out: Fault{Loss: 0.02, Burst: 4.5}}},
		{"out.rate=1Mbit,out.aqm=CoDel", "out.rate=1Mbit,out.aqm=codel", Config{Out: Fault{Rate: 1e6, AQM: CoDel}}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("got %+v, %v, want %+v", got, err, tt.want)
			}
			if s := got.String(); s != tt.out {
				t.Errorf("String is %q, want %q", s, tt.out)
			}
		})
	}
}

func TestParseNamesTheBadPart(t *testing.T) {
	tests := []struct{ in, part, allowed string }{
		{"loss", `"loss"`, "key=value"},
		{"loss=5%,lag=3ms", `"lag=3ms"`, "delay=20ms"},
		{"up.loss=5%", `"up.loss"`, `"in."`},
		{"loss=150%", `"loss=150%"`, "0% to 100%"},
		{"loss=-1%", `"loss=-1%"`, "0% to 100%"},
		{"loss=NaN", `"loss=NaN"`, "0% to 100%"},
		{"delay=20", `"delay=20"`, "its unit"},
		{"delay=-1ms", `"delay=-1ms"`, "its unit"},
		{"delay=2m", "delay 2m0s", "0s to 1m0s"},
		{"jitter=5ms", "jitter 5ms", "to the delay"},
		{"delay=20ms,in.jitter=21ms", "in: jitter 21ms", "to the delay"},
		{"rate=10", `"rate=10"`, "10Mbit"},
		{"rate=bit", `"rate=bit"`, "10Mbit"},
		{"rate=9999Gbit", `"rate=9999Gbit"`, "10Mbit"},
		{"rate=1bit", "rate 1bit", "1kbit to 1000Gbit"},
		{"queue=0,rate=1Mbit", `"queue=0"`, "1 to 16384"},
		{"queue=5", "queue", "without a rate"},
		{"burst=0.5", `"burst=0.5"`, "1 to 10000"},
		{"loss=90%,burst=2", "loss 90%", "bursts of 2"},
		{"rate=1Mbit,aqm=blue", `"aqm=blue"`, "droptail, red, codel"},
		{"aqm=red", "aqm", "without a rate"},
		{"seed=x", `"seed=x"`, "2^64-1"},
		{"in.seed=1", `"in.seed=1"`, "allowed are"},
		{"loss=5%,", `""`, "key=value"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err == nil {
				t.Fatalf("it was taken for %+v", got)
			}
			if s := err.Error(); !strings.Contains(s, tt.part) || !strings.Contains(s, tt.allowed) {
				t.Errorf("got %q, want it to name %s and say %s", s, tt.part, tt.allowed)
			}
		})
	}
}

func TestStringReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fault := func() Fault {
		f := Fault{
			Loss: rng.Float64() / 2, Duplicate: float64(rng.IntN(1000)) / 1000, Corrupt: float64(rng.IntN(100)) / 100,
			Delay: time.Duration(rng.Int64N(int64(MaxDelay))), Rate: MinRate + rng.Int64N(MaxRate-MinRate),
			Queue: 1 + rng.IntN(MaxQueue), AQM: AQM(rng.IntN(len(aqmNames))), Burst: 1 + 1e-3*float64(rng.IntN(1000)),
		}
		f.Jitter = time.Duration(rng.Int64N(int64(f.Delay) + 1))
		return f
	}
	for range 2000 {
		want := Config{In: fault(), Out: fault(), Seed: rng.Uint64()}
		if got, err := Parse(want.String()); err != nil || got != want {
			t.Fatalf("%s read back as %+v, %v, want %+v", want, got, err, want)
		}
	}
}

// FuzzParse reads anything. What is accepted must say itself again when it is printed.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "loss=5%", "in.loss=1%,out.delay=20ms", "rate=10Mbit,queue=100,seed=7", "jitter=5ms,reorder=10%", "loss=", "loss=5%%", "x=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("an error without a text")
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil {
			t.Fatalf("Parse(%q) printed %q, which is refused: %v", s, c, err)
		}
		if again != c {
			t.Fatalf("Parse(%q) printed %q, which is something else: %+v, not %+v", s, c, again, c)
		}
	})
}

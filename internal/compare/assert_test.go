package compare

import (
	"strings"
	"testing"
)

// twice is a report in which user takes twice as long as kernel, and so do twin and control.
func twice() *Report {
	r := &Report{Workloads: []Workload{Fetch}, Cells: []Cell{{Size: 1024, Link: "none"}}}
	for i := range 12 {
		base := 1e-3 * (1 + 0.01*float64(i%6))
		for _, s := range AllSeries() {
			v := base
			if s != Kernel {
				v *= 2
			}
			r.Samples = append(r.Samples, Sample{Workload: Fetch, Series: s, Run: i, Order: len(r.Samples), Values: Values{
				MetricTotal: v, "connect": v / 2, "first_byte": v / 4, "body": v / 4, "dns": 0, "tls": 0, MetricCPU: v / 3,
			}})
		}
	}
	r.Analyze()
	return r
}

func TestAssertions(t *testing.T) {
	for _, tt := range []struct {
		text, want string // want: part of the error; "" for none
	}{
		{"user/kernel < 2.5", ""},
		{"user/kernel<1.5", "user/kernel is 2.00"},
		{"user/kernel >= 1.9", ""},
		{"user/control <= 1.01", ""},
		{"fetch.connect user/kernel > 3", "fetch connect user/kernel is 2.00"},
		{"fetch user/kernel < 3", ""},
		{"download user/kernel < 3", "nothing was measured"},
		{"fetch.tls user/kernel < 3", "nothing was measured"},
	} {
		x, err := ParseAssertion(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		switch err := x.Check(twice()); {
		case err == nil && tt.want != "":
			t.Errorf("%s holds, want an error with %q", tt.text, tt.want)
		case err != nil && (tt.want == "" || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestParseAssertionSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"user/kernel":           "no <",
		"user/kernel < fast":    "no number",
		"user/kernel < -1":      "no number",
		"user < 1":              "two of user",
		"user/user < 1":         "two of user",
		"a b user/kernel < 1":   "no ratio",
		"swim user/kernel < 1":  `no workload "swim"`,
		"fetch.x user/user < 1": `no metric "x"`,
	} {
		if _, err := ParseAssertion(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	got := strings.Join(twice().Verdicts, "\n")
	want := "fetch: our TCP is 2.00 times slower than the kernel's TCP (95% interval 1.96 to 2.04), most of it in connect (+513 µs of +1.03 ms); " +
		"on one and the same path (twin, control), no difference shown between our TCP and the kernel's (ratio 1.00, 95% interval 0.98 to 1.02)."
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFormatValue(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		u    Unit
		want string
	}{
		{0.0012345, Seconds, "1.23 ms"}, {12.3e-6, Seconds, "12.3 µs"}, {0.9999, Seconds, "1.00 s"}, {0, Seconds, "0.00 ns"},
		{150 << 20, BytesPerSecond, "150 MiB/s"}, {31415, PerSecond, "31.4 k/s"}, {64, PerSecond, "64.0 /s"}, {3, Count, "3"},
	} {
		if got := FormatValue(tt.v, tt.u); got != tt.want {
			t.Errorf("%g %s: %q, want %q", tt.v, tt.u, got, tt.want)
		}
	}
}

func TestRemarks(t *testing.T) {
	steady := []float64{10, 10.1, 9.9, 10.2, 9.8, 10, 10.1, 9.9, 10.2, 9.8, 10.1, 9.9}
	with := func(i int, v float64) []float64 {
		out := append([]float64(nil), steady...)
		out[i] = v
		return out
	}
	for _, tt := range []struct {
		name   string
		values []float64
		want   string
	}{
		{"nothing odd", steady, ""},
		{"first run", with(0, 99), "first run"},
		{"outliers", with(5, 99), "outliers"},
		{"few", steady[:4], "too few"},
		{"drift", sequence(100, 140), "second half"},
	} {
		if got := remark(tt.values); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

package impair

// This file reads and writes configurations as text.

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Syntax describes what Parse takes, for help texts.
const Syntax = `comma-separated: loss=5%, duplicate=2%, corrupt=1%, reorder=10%, delay=20ms, jitter=5ms, rate=10Mbit, queue=100, burst=4, aqm=codel, seed=7; with "in." or "out." in front for one direction only`

// A field is one kind of fault that can be written as key=value.
type field struct {
	key   string
	parse func(f *Fault, value string) error
	print func(f *Fault) string // "" when it is not set
}

var fields = []field{
	share("loss", func(f *Fault) *float64 { return &f.Loss }),
	share("duplicate", func(f *Fault) *float64 { return &f.Duplicate }),
	share("corrupt", func(f *Fault) *float64 { return &f.Corrupt }),
	share("reorder", func(f *Fault) *float64 { return &f.Reorder }),
	duration("delay", func(f *Fault) *time.Duration { return &f.Delay }),
	duration("jitter", func(f *Fault) *time.Duration { return &f.Jitter }),
	{
		"rate",
		func(f *Fault, v string) (err error) { f.Rate, err = parseRate(v); return err },
		func(f *Fault) string { return orNothing(f.Rate != 0, formatRate(f.Rate)) },
	},
	{
		"queue",
		func(f *Fault, v string) (err error) { f.Queue, err = parseQueue(v); return err },
		func(f *Fault) string { return orNothing(f.Queue != 0, strconv.Itoa(f.Queue)) },
	},
	{
		"burst",
		func(f *Fault, v string) (err error) { f.Burst, err = parseBurst(v); return err },
		func(f *Fault) string { return orNothing(f.Burst != 0, strconv.FormatFloat(f.Burst, 'g', -1, 64)) },
	},
	{
		"aqm",
		func(f *Fault, v string) (err error) { f.AQM, err = parseAQM(v); return err },
		func(f *Fault) string { return orNothing(f.AQM != DropTail, f.AQM.String()) },
	},
}

func share(key string, at func(*Fault) *float64) field {
	return field{
		key,
		func(f *Fault, v string) (err error) { *at(f), err = parseShare(v); return err },
		func(f *Fault) string { return orNothing(*at(f) != 0, formatShare(*at(f))) },
	}
}

func duration(key string, at func(*Fault) *time.Duration) field {
	return field{
		key,
		func(f *Fault, v string) (err error) { *at(f), err = parseDuration(v); return err },
		func(f *Fault) string { return orNothing(*at(f) != 0, at(f).String()) },
	}
}

func orNothing(set bool, s string) string {
	if !set {
		return ""
	}
	return s
}

// Parse reads a configuration as Syntax says. A later part overrides an earlier
// one. The empty string and "none" are a perfect network. The error names the
// part that is wrong and what is allowed there.
func Parse(s string) (Config, error) {
	var c Config
	if s = strings.TrimSpace(s); s == "" || s == "none" {
		return c, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		if err := c.set(strings.TrimSpace(part)); err != nil {
			return Config{}, err
		}
	}
	if err := c.Check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// set applies one part.
func (c *Config) set(part string) error {
	key, value, ok := strings.Cut(part, "=")
	if !ok {
		return fmt.Errorf("%q is not of the form key=value; allowed are %s", part, Syntax)
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if key == "seed" {
		seed, err := strconv.ParseUint(value, 0, 64)
		if err != nil {
			return fmt.Errorf("%q: the seed is a number from 0 to 2^64-1", part)
		}
		c.Seed = seed
		return nil
	}
	faults := []*Fault{&c.In, &c.Out}
	name, isIn := strings.CutPrefix(key, "in.")
	if isIn {
		faults = faults[:1]
	} else if name, ok = strings.CutPrefix(key, "out."); ok {
		faults = faults[1:]
	}
	for _, f := range fields {
		if f.key != name {
			continue
		}
		for _, fault := range faults {
			if err := f.parse(fault, value); err != nil {
				return fmt.Errorf("%q: %w", part, err)
			}
		}
		return nil
	}
	return fmt.Errorf("%q: there is no %q; allowed are %s", part, key, Syntax)
}

// parseShare reads "5%" or "0.05".
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	p, err := strconv.ParseFloat(number, 64)
	if percent {
		p /= 100
	}
	if err != nil || !(p >= 0 && p <= 1) {
		return 0, errors.New("a probability goes from 0% to 100%, or from 0 to 1 without the sign")
	}
	return p, nil
}

// formatShare writes a percentage, or a fraction where that would lose digits.
func formatShare(p float64) string {
	s := strconv.FormatFloat(p*100, 'g', 12, 64)
	if back, err := strconv.ParseFloat(s, 64); err == nil && back/100 == p {
		return s + "%"
	}
	return strconv.FormatFloat(p, 'g', -1, 64)
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("a time is a number with its unit, such as 20ms or 1.5s")
	}
	return d, nil
}

// The units of a rate, the largest first.
var rateUnits = []struct {
	name string
	bits int64
}{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}

// parseRate reads "10Mbit" in any case.
func parseRate(s string) (int64, error) {
	for _, u := range rateUnits {
		if len(s) <= len(u.name) || !strings.EqualFold(s[len(s)-len(u.name):], u.name) {
			continue
		}
		x, err := strconv.ParseFloat(s[:len(s)-len(u.name)], 64)
		if x *= float64(u.bits); err == nil && x >= 0 && x <= MaxRate {
			return int64(math.Round(x)), nil
		}
		break
	}
	return 0, errors.New("a rate is a number of bits a second with its unit, such as 10Mbit, 500kbit or 1Gbit")
}

// formatRate writes a rate in the largest unit of which it is a multiple.
func formatRate(rate int64) string {
	for _, u := range rateUnits {
		if rate%u.bits == 0 {
			return strconv.FormatInt(rate/u.bits, 10) + u.name
		}
	}
	panic("BUG: every rate is a multiple of 1 bit")
}

func parseQueue(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MaxQueue {
		return 0, fmt.Errorf("the queue is a number of packets from 1 to %d", MaxQueue)
	}
	return n, nil
}

func parseBurst(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 1 && x <= MaxBurst) {
		return 0, fmt.Errorf("a burst is a mean number of packets from 1 to %d", MaxBurst)
	}
	return x, nil
}

func parseAQM(s string) (AQM, error) {
	i := slices.Index(aqmNames[:], strings.ToLower(s))
	if i < 0 {
		return 0, fmt.Errorf("the kinds of queue are %s", strings.Join(aqmNames[:], ", "))
	}
	return AQM(i), nil
}

// String writes the configuration so that Parse reads it back, "none" for a
// perfect network.
func (c Config) String() string {
	var parts []string
	for _, f := range fields {
		in, out := f.print(&c.In), f.print(&c.Out)
		if in == out {
			if in != "" {
				parts = append(parts, f.key+"="+in)
			}
			continue
		}
		if in != "" {
			parts = append(parts, "in."+f.key+"="+in)
		}
		if out != "" {
			parts = append(parts, "out."+f.key+"="+out)
		}
	}
	if c.Seed != 0 {
		parts = append(parts, "seed="+strconv.FormatUint(c.Seed, 10))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ",")
}

package main

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestSplitShorts(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&getFlags{set: flags, o: &getOptions{}}).register()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to split", "-s --silent u", "-s --silent u"},
		{"group", "-sSL u", "-s -S -L u"},
		{"value in the group", "-sSLoout u", "-s -S -L -o out u"},
		{"value after the group", "-sSLo out u", "-s -S -L -o out u"},
		{"value with an equals sign", "-d=x u", "-d =x u"},
		{"value that looks like flags", "-o -sS u", "-o -sS u"},
		{"value that looks like a long flag", "-X --head u", "-X --head u"},
		{"long flag's value that looks like flags", "--data -sS u", "--data -sS u"},
		{"long flag with its value", "--data=-sS u", "--data=-sS u"},
		{"long flag without a value", "--ladder -sS u", "--ladder -s -S u"},
		{"digits and signs", "-4#6 u", "-4 -# -6 u"},
		{"unknown letter", "-s,S u", "-s -,S u"},
		{"a dash alone", "-o - -", "-o - -"},
		{"after two dashes", "-sS -- -sS", "-s -S -- -sS"},
		{"value missing", "u -so", "u -s -o"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := splitShorts(flags, strings.Fields(tt.in))
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestParseSeconds(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"1": time.Second, "0.25": 250 * time.Millisecond, "0": 0, "1.5e1": 15 * time.Second,
		"200ms": 200 * time.Millisecond, "2m": 2 * time.Minute,
	} {
		if got, err := parseSeconds(in); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "-1", "-1s", "1 s", "1e30", "NaN", "Inf"} {
		if got, err := parseSeconds(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "200": 200, "10k": 10 << 10, "10K": 10 << 10, "64KiB": 64 << 10, "1.5M": 3 << 19, "1MB": 1 << 20, "2G": 2 << 30, "7B": 7, "1T": 1 << 40,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "K", "-1", "1X", "1KM", "10 K", "9999999P", "NaN"} {
		if got, err := parseSize(in); err == nil || got == math.MaxInt64 {
			t.Errorf("%q: got %d, want an error", in, got)
		}
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "2001:db8::1": "[2001:db8::1]:53",
		"[2001:db8::1]": "[2001:db8::1]:53", "[2001:db8::1]:5353": "[2001:db8::1]:5353",
	} {
		if got, err := parseServer(in); err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v, want %s", in, got, err, want)
		}
	}
}

func TestEveryFlagIsInAHelpGroup(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&getFlags{set: flags, o: &getOptions{}}).register()
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Annotations[inGroup] == nil {
			t.Errorf("--%s has none", f.Name)
		}
	})
}

func TestRemoteName(t *testing.T) {
	for in, want := range map[string]string{
		"http://h/a/b.txt": "b.txt", "h/b?x=/c": "b", "http://h/b#/c": "b", "http://h/": "", "http://h": "", "h": "", "http://h/a/": "",
		"http://h/..": "", "http://h/a/..": "", "http://h/%2e%2e": "", "http://h/a%2fb": "", "http://h/a%20b": "a%20b",
	} {
		if got := remoteName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

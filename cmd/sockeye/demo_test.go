package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestDemoInMemory(t *testing.T) {
	var out, diag bytes.Buffer
	code := run(t.Context(), []string{"demo", "--memory", "--runs", "1", "--color", "never", "--ascii"}, nil, &out, &diag)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, diag.String())
	}
	for _, want := range []string{"It swims upstream.", "SYN seq 0", "TIME-WAIT", "(LAST-ACK)", "first byte", "Nothing on the host has changed."} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
	for row := range strings.Lines(out.String()) {
		if len(row) > 81 {
			t.Errorf("a row of more than 80 columns: %q", row)
		}
	}
}

func TestDemoJSON(t *testing.T) {
	var out, diag bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--memory", "--runs", "2", "--json"}, nil, &out, &diag); code != 0 {
		t.Fatalf("exit code %d: %s", code, diag.String())
	}
	var got struct {
		Schema, Status, Runs int
		Phases               []struct{ Name string }
		Ladders              []struct{ Lines []struct{ Left []string } }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.Status != 200 || got.Runs != 2 || len(got.Phases) != 4 || len(got.Ladders) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestDemoRefusesNonsense(t *testing.T) {
	for _, args := range [][]string{{"--runs", "0"}, {"--memory", "--runs", "1", "--color", "purple"}, {"surplus"}} {
		var out, diag bytes.Buffer
		if code := run(t.Context(), append([]string{"demo"}, args...), nil, &out, &diag); code != 2 {
			t.Errorf("demo %v: exit code %d, want 2 (%s)", args, code, diag.String())
		}
	}
}

func TestColorFollowsFlagAndEnvironment(t *testing.T) {
	for _, test := range []struct {
		name, flag, noColor, force, term string
		want                             bool
	}{
		{"always", "always", "1", "", "", true},
		{"never", "never", "", "1", "", false},
		{"a pipe", "auto", "", "", "xterm", false},
		{"forced", "auto", "", "1", "xterm", true},
		{"NO_COLOR beats force", "auto", "1", "1", "xterm", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", test.noColor)
			t.Setenv("CLICOLOR_FORCE", test.force)
			t.Setenv("TERM", test.term)
			got, err := useColor(test.flag, new(bytes.Buffer))
			if err != nil || got != test.want {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

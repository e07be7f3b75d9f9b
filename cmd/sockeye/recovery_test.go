package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
)

func TestRecoveryTable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "some.jsonl")
	var lines string
	for _, stack := range []string{"ours", "kernel"} {
		lines += `{"loss":0.01,"delay_ms":50,"mbit":10,"role":"sender","congestion":"cubic","stack":"` + stack + `","goodput":4e6}` + "\n"
	}
	if err := os.WriteFile(name, []byte(lines), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, diag bytes.Buffer
	if code := run(t.Context(), []string{"recovery", "--table", name}, nil, &out, &diag); code != 0 {
		t.Fatalf("exit code %d: %s", code, diag.String())
	}
	if want := "| 1% | 50 ms | 0% | 1.00 (4 / 4; 0 / 0) |"; !strings.Contains(out.String(), want) {
		t.Errorf("the table lacks %q:\n%s", want, out.String())
	}
}

func TestRecoveryChoosesCases(t *testing.T) {
	f := recoveryFlags{roles: []string{"sender", "receiver"}}
	if err := appendNumbers(&f.loss, "1,3%"); err != nil {
		t.Fatal(err)
	}
	f.delay, f.rate, f.congestion = []float64{50}, []float64{10}, []string{"cubic"}
	cases, err := f.cases()
	if err != nil || len(cases) != 2*3*2 || cases[0].Loss != 0.01 {
		t.Errorf("got %d cases, %v, want 12 from 1%% on", len(cases), err)
	}
	for what, bad := range map[string]recoveryFlags{
		"role": {roles: []string{"both"}}, "stack": {roles: []string{"sender"}, stacks: []string{"lwip"}},
		"loss": {roles: []string{"sender"}, loss: []float64{150}, congestion: []string{"cubic"}},
		"rate": {roles: []string{"sender"}, rate: []float64{0}, congestion: []string{"cubic"}},
	} {
		if cases, err := bad.cases(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %d cases, %v", what, len(cases), err)
		}
	}
	if err := appendNumbers(&f.loss, "1,x"); err == nil {
		t.Error("x was taken for a number")
	}
}

// What was cut off in the middle of a line is taken away, so that more can follow.
func TestOpenCampaignCarriesOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "some.jsonl")
	if err := os.WriteFile(name, []byte("{\"run\":3}\n{\"ru"), 0o666); err != nil {
		t.Fatal(err)
	}
	have, file, err := openCampaign(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("{\"run\":4}\n"); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(name)
	if err != nil || string(content) != "{\"run\":3}\n{\"run\":4}\n" || len(have) != 1 || have[0] != (campaign.Sample{Run: 3}) {
		t.Errorf("got %+v, and then %q, %v", have, content, err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tun"
)

// testApp returns an app whose output is kept.
func testApp() (*app, *bytes.Buffer) {
	var out bytes.Buffer
	return &app{stdout: &out, stderr: &out}, &out
}

var someChecks = []tun.Check{
	{Name: "TUN device", OK: true, Found: "/dev/net/tun can be opened"},
	{Name: "privilege", Found: "no CAP_NET_ADMIN", Fix: "setcap cap_net_admin+ep sockeye"},
}

func TestDoctorSaysWhatIsMissing(t *testing.T) {
	a, out := testApp()
	err := a.diagnose(false, someChecks)
	if got := a.report(err); got != 1 {
		t.Errorf("exit code: got %d, want 1", got)
	}
	for _, want := range []string{"ok       TUN device", "missing  privilege", "setcap cap_net_admin+ep sockeye", "1 of 2 checks"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
}

func TestDoctorWhenAllIsWell(t *testing.T) {
	a, out := testApp()
	if got := a.report(a.diagnose(false, someChecks[:1])); got != 0 {
		t.Errorf("exit code: got %d, want 0", got)
	}
	if !strings.HasSuffix(out.String(), "All is well.\n") {
		t.Errorf("got %q", out)
	}
}

func TestDoctorJSON(t *testing.T) {
	a, out := testApp()
	if got := a.report(a.diagnose(true, someChecks)); got != 1 {
		t.Errorf("exit code: got %d, want 1", got)
	}
	var got struct {
		Schema int
		OK     bool
		Checks []tun.Check
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.OK || len(got.Checks) != 2 || got.Checks[1] != someChecks[1] {
		t.Errorf("got %+v", got)
	}
}

func TestDoctorClean(t *testing.T) {
	denied := fmt.Errorf("delete table: %w", fs.ErrPermission)
	for _, test := range []struct {
		name   string
		json   bool
		done   []string
		err    error
		code   int
		output string
	}{
		{"something", false, []string{"removed table sockeye_7"}, nil, 0, "removed table sockeye_7\n"},
		{"nothing", false, nil, nil, 0, "Nothing was left behind.\n"},
		{"as JSON", true, nil, nil, 0, `{"schema":1,"cleaned":[]}` + "\n"},
		{"without privilege", false, nil, denied, 126, "sockeye: (126) delete table: permission denied\n  hint: run it as root\n"},
		{"half of it", false, []string{"removed table a"}, errors.New("table b: busy"), 1, "removed table a\nsockeye: (1) table b: busy\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, out := testApp()
			code := a.report(a.clean(test.json, func() ([]string, error) { return test.done, test.err }))
			if code != test.code || out.String() != test.output {
				t.Errorf("got code %d and %q, want %d and %q", code, out, test.code, test.output)
			}
		})
	}
}

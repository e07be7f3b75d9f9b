package requirements

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the top of the module, seen from this package.
const root = "../.."

// Every requirement is accounted for.
func TestRequirements(t *testing.T) {
	all, remarks := tables(t)
	found, err := Scan(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range Check(all, remarks, found) {
		t.Error(w)
	}
	for _, r := range all {
		p := found[r.ID]
		switch s := status(remarks[r.ID]); {
		case p == nil || s != "done":
			t.Logf("%s: %s: %s", r.ID, s, remarks[r.ID].Reason)
		default:
			t.Logf("%s: %s: %v, %v", r.ID, s, p.Code, p.Tests)
		}
	}
}

// What shows on the wire is proven by a script, or it is said why that cannot be.
func TestScriptsProveWhatShowsOnTheWire(t *testing.T) {
	all, remarks := tables(t)
	noScript, err := NoScript()
	if err != nil {
		t.Fatal(err)
	}
	found, err := Scan(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range CheckScripts(all, remarks, found, noScript) {
		t.Error(w)
	}
}

func TestPageIsFresh(t *testing.T) {
	want, err := Generate(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, Page))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) == want {
		return
	}
	have := strings.Split(string(got), "\n")
	for line := range strings.Lines(want) {
		if line = strings.TrimSuffix(line, "\n"); !slices.Contains(have, line) {
			t.Errorf("%s is stale: run \"make docs\". It lacks\n%s", Page, line)
			return
		}
	}
	t.Errorf("%s is stale: run \"make docs\"", Page)
}

// Appendix B of the RFC has 69 MUST, 31 SHLD, 18 MAY and one REC, without gaps.
func TestTablesAreComplete(t *testing.T) {
	all, _ := tables(t)
	count := map[string]int{}
	seen := map[string]bool{}
	wire := 0
	for _, r := range all {
		if r.Wire {
			wire++
		}
		kind, _, _ := strings.Cut(r.ID, "-")
		count[kind]++
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
	}
	for kind, want := range map[string]int{"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1} {
		if count[kind] != want {
			t.Errorf("%s: got %d, want %d", kind, count[kind], want)
		}
	}
	if wire != 101 {
		t.Errorf("%d show on the wire, want 101", wire)
	}
}

func tables(t *testing.T) ([]Requirement, map[string]Remark) {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	remarks, err := Remarks()
	if err != nil {
		t.Fatal(err)
	}
	return all, remarks
}

func TestScanNamesDeclarations(t *testing.T) {
	const code = `package p

// Outside of everything: MUST-1.

// F does MUST-2.
func F() { _ = "MUST-3" }

// M is a method, MUST-4.
func (t *T[int]) M() {}

// A T is MUST-5.
type T struct {
	a int // MUST-6
	// MUST-7
	b int
}

const (
	c = 1 // MUST-8
	d = 2 // MUST-9
)
`
	const test = `package p

// MUST-1: on no test.

// MUST-2.
func TestF(t *testing.T) {}

// MUST-3.
func helper() {}
`
	found, err := Scan(fstest.MapFS{
		"p/p.go":                       {Data: []byte(code)},
		"p/p_test.go":                  {Data: []byte(test)},
		"p/testdata/a.pkt":             {Data: []byte("// MUST-10\n# MUST-11\n0 nothing // MUST-12\n")},
		"p/testdata/x.go":              {Data: []byte("// MUST-13")},
		".hidden/x.go":                 {Data: []byte("// MUST-13")},
		"internal/requirements/own.go": {Data: []byte("// MUST-13")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]Places{
		"MUST-1":  {Code: []Place{{"p/p.go", ""}}},
		"MUST-2":  {Code: []Place{{"p/p.go", "F"}}, Tests: []Place{{"p/p_test.go", "TestF"}}},
		"MUST-3":  {Code: []Place{{"p/p.go", "F"}}},
		"MUST-4":  {Code: []Place{{"p/p.go", "T.M"}}},
		"MUST-5":  {Code: []Place{{"p/p.go", "T"}}},
		"MUST-6":  {Code: []Place{{"p/p.go", "T.a"}}},
		"MUST-7":  {Code: []Place{{"p/p.go", "T.b"}}},
		"MUST-8":  {Code: []Place{{"p/p.go", "c"}}},
		"MUST-9":  {Code: []Place{{"p/p.go", "d"}}},
		"MUST-10": {Tests: []Place{{"p/testdata/a.pkt", ""}}},
		"MUST-11": {Tests: []Place{{"p/testdata/a.pkt", ""}}},
		"MUST-12": {},
		"MUST-13": {},
	} {
		got := Places{}
		if p := found[id]; p != nil {
			got = *p
		}
		if !slices.Equal(got.Code, want.Code) || !slices.Equal(got.Tests, want.Tests) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	code, test := []Place{{"p.go", "F"}}, []Place{{"p_test.go", "TestF"}}
	both := &Places{Code: code, Tests: test}
	for _, c := range []struct {
		name  string
		kind  Kind
		found *Places
		ok    bool
	}{
		{"code and test", "", both, true},
		{"code and test, with a note", Note, both, true},
		{"nothing", "", nil, false},
		{"a note and nothing else", Note, nil, false},
		{"code alone", "", &Places{Code: code}, false},
		{"code alone, excused", Untested, &Places{Code: code}, true},
		{"excused in vain", Untested, both, false},
		{"test alone", "", &Places{Tests: test}, false},
		{"departed, unnamed", Departed, nil, true},
		{"departed, named", Departed, both, true},
		{"not done", NotDone, nil, true},
		{"not done, with a test that shows it", NotDone, &Places{Tests: test}, true},
		{"not done, but named by code", NotDone, both, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			remarks := map[string]Remark{}
			if c.kind != "" {
				remarks["MUST-1"] = Remark{c.kind, "why"}
			}
			found := map[string]*Places{}
			if c.found != nil {
				found["MUST-1"] = c.found
			}
			if wrong := Check([]Requirement{{ID: "MUST-1"}}, remarks, found); (len(wrong) == 0) != c.ok {
				t.Errorf("got %q, want it right: %v", wrong, c.ok)
			}
		})
	}
	wrong := Check(nil, map[string]Remark{"MUST-98": {Note, "why"}}, map[string]*Places{"MUST-99": both})
	if len(wrong) != 2 {
		t.Errorf("got %q, want two labels that do not exist", wrong)
	}
}

func TestCheckScriptsFindsWhatIsWrong(t *testing.T) {
	script := &Places{Tests: []Place{{Scripts + "a.pkt", ""}}}
	other := &Places{Tests: []Place{{"tcp/a_test.go", "TestA"}, {"step/testdata/a.pkt", ""}}}
	for _, c := range []struct {
		name    string
		wire    bool
		kind    Kind
		found   *Places
		excused bool
		ok      bool
	}{
		{"a script", true, "", script, false, true},
		{"a script, with a note", true, Note, script, false, true},
		{"nothing", true, "", nil, false, false},
		{"a test that is none", true, "", other, false, false},
		{"excused", true, "", other, true, true},
		{"excused in vain", true, "", script, true, false},
		{"not on the wire", false, "", other, false, true},
		{"not on the wire, and excused", false, "", other, true, false},
		{"departed", true, Departed, nil, false, true},
		{"departed, with a script", true, Departed, script, false, true},
		{"not done", true, NotDone, nil, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			remarks, found, noScript := map[string]Remark{}, map[string]*Places{}, map[string]string{}
			if c.kind != "" {
				remarks["MUST-1"] = Remark{c.kind, "why"}
			}
			if c.found != nil {
				found["MUST-1"] = c.found
			}
			if c.excused {
				noScript["MUST-1"] = "why"
			}
			all := []Requirement{{ID: "MUST-1", Wire: c.wire}}
			if wrong := CheckScripts(all, remarks, found, noScript); (len(wrong) == 0) != c.ok {
				t.Errorf("got %q, want it right: %v", wrong, c.ok)
			}
		})
	}
	if wrong := CheckScripts(nil, nil, nil, map[string]string{"MUST-98": "why"}); len(wrong) != 1 {
		t.Errorf("got %q, want a label that does not exist", wrong)
	}
}

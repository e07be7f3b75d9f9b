package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// listed finds the modules of docs/dependencies.md: the first column of its tables.
var listed = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// benchHead begins the part of the page that is about the module bench.
const benchHead = "\n## In bench\n"

func TestDependenciesAreListedWithTheirReasons(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	main, bench, ok := strings.Cut(string(page), benchHead)
	if !ok {
		t.Fatalf("docs/dependencies.md has no part %q", benchHead)
	}
	checkList(t, root, main)
	checkList(t, filepath.Join(root, "bench"), bench)
}

// checkList compares what a part of the page lists with the go.mod in a directory.
func checkList(t *testing.T, dir, part string) {
	t.Helper()
	var have []string
	for _, m := range listed.FindAllStringSubmatch(part, -1) {
		if slices.Contains(have, m[1]) {
			t.Errorf("docs/dependencies.md lists %s twice", m[1])
		}
		have = append(have, m[1])
	}
	want := directDependencies(t, dir)
	for _, m := range want {
		if !slices.Contains(have, m) {
			t.Errorf("%s/go.mod requires %s, which docs/dependencies.md does not explain", dir, m)
		}
	}
	for _, m := range have {
		if !slices.Contains(want, m) {
			t.Errorf("docs/dependencies.md lists %s, which %s/go.mod does not require directly", m, dir)
		}
	}
}

// directDependencies returns the modules that the go.mod in a directory requires for
// packages and tools of its module, not for those of others, and without sockeye itself.
func directDependencies(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Tool []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range mod.Require {
		isTool := slices.ContainsFunc(mod.Tool, func(tool struct{ Path string }) bool { return within(tool.Path, r.Path) })
		if (!r.Indirect || isTool) && r.Path != module {
			direct = append(direct, r.Path)
		}
	}
	return direct
}

package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// listed finds the modules of docs/dependencies.md: the first column of its tables.
var listed = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

func TestDependenciesAreListedWithTheirReasons(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, m := range listed.FindAllSubmatch(page, -1) {
		if slices.Contains(have, string(m[1])) {
			t.Errorf("docs/dependencies.md lists %s twice", m[1])
		}
		have = append(have, string(m[1]))
	}
	want := directDependencies(t)
	for _, m := range want {
		if !slices.Contains(have, m) {
			t.Errorf("go.mod requires %s, which docs/dependencies.md does not explain", m)
		}
	}
	for _, m := range have {
		if !slices.Contains(want, m) {
			t.Errorf("docs/dependencies.md lists %s, which go.mod does not require directly", m)
		}
	}
}

// directDependencies returns the modules that go.mod requires for packages and
// tools of this module, not for those of others.
func directDependencies(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = root
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
		if !r.Indirect || isTool {
			direct = append(direct, r.Path)
		}
	}
	return direct
}

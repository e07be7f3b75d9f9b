package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// scenarios is how many docs/scenarios.md lists: T1 to T43.
const scenarios = 43

// scenarioRow finds the rows of its table: the number, and the last column with the tests.
var scenarioRow = regexp.MustCompile(`(?m)^\| T(\d+) \|.*\| ([^|]*) \|$`)

// scenarioName finds the tests that a row names, by package and function.
var scenarioName = regexp.MustCompile("`([a-z/]+)`: ((?:`TestScenario\\w+`(?:, )?)+)")

// Every scenario has tests, each of them is in the table, and the table names no others.
func TestScenariosAreListedWithTheirTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed, next := []string{}, 1
	for _, row := range scenarioRow.FindAllStringSubmatch(string(page), -1) {
		if row[1] != fmt.Sprint(next) {
			t.Errorf("docs/scenarios.md lists T%s, want T%d", row[1], next)
		}
		tests := 0
		for _, in := range scenarioName.FindAllStringSubmatch(row[2], -1) {
			for _, name := range strings.Split(in[2], ", ") {
				name = strings.Trim(name, "`")
				if want := fmt.Sprintf("TestScenario%02d", next); !strings.HasPrefix(name, want) {
					t.Errorf("T%d names %s, want a test whose name begins with %s", next, name, want)
				}
				listed = append(listed, in[1]+"."+name)
				tests++
			}
		}
		if tests == 0 {
			t.Errorf("T%d names no test", next)
		}
		next++
	}
	if next != scenarios+1 {
		t.Errorf("docs/scenarios.md lists %d scenarios, want %d", next-1, scenarios)
	}
	have := scenarioTests(t)
	for _, name := range listed {
		if !slices.Contains(have, name) {
			t.Errorf("docs/scenarios.md names %s, which does not exist", name)
		}
	}
	for _, name := range have {
		if !slices.Contains(listed, name) {
			t.Errorf("docs/scenarios.md does not name %s", name)
		}
	}
}

// scenarioTests returns the tests of the module whose names begin with TestScenario, as directory and name.
func scenarioTests(t *testing.T) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "scenario_") || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "TestScenario") {
				found = append(found, filepath.ToSlash(dir)+"."+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

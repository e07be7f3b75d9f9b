package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// The bounds of CONTRIBUTING.md: what is longer holds more than one thing.
const (
	maxFileLines = 400
	maxFuncLines = 70
)

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	for name := range sources(t) {
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(src, []byte("\n")); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d", name, n, maxFileLines)
		}
		for f, n := range longFuncs(t, name, src) {
			t.Errorf("%s: %s has %d lines, more than %d", name, f, n, maxFuncLines)
		}
	}
}

// longFuncs returns the functions of a file that are too long, with their lengths in lines.
func longFuncs(t *testing.T, name string, src []byte) map[string]int {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	long := map[string]int{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > maxFuncLines {
			long[f.Name.Name] = n
		}
	}
	return long
}

func TestLongFuncsFindsThem(t *testing.T) {
	src := "package p\n\nfunc short() {}\n\nfunc long() {\n" + string(bytes.Repeat([]byte("\n"), maxFuncLines)) + "}\n"
	got := longFuncs(t, "p.go", []byte(src))
	if len(got) != 1 || got["long"] != maxFuncLines+2 {
		t.Errorf("got %v, want the long one with %d lines", got, maxFuncLines+2)
	}
}

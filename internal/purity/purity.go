// Package purity checks that a package is a machine: that it does no I/O,
// takes no lock, starts no goroutine, reads no clock, has no randomness of
// its own, and imports only what lies below it. Tests of such packages call Check.
package purity

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// direct lists packages that a machine may not import, with all below them.
// Only direct imports count: fmt and net/netip reach os and sync themselves.
var direct = []string{
	"context", "crypto/rand", "log", "math/rand", "os", "runtime", "sync", "syscall", "testing", "unsafe",
}

// anywhere lists packages that a machine may not even reach through others.
var anywhere = []string{"net", "net/http", "crypto/tls"}

// clock lists the functions of package time that read the clock or wait for it.
var clock = []string{
	"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until",
}

// Check reads the package in directory dir, tests excepted, and returns its
// violations, one line each, sorted; none means that the package is pure.
// Below names the packages outside the standard library that it may depend on.
// The error says that the check itself was not possible.
func Check(dir string, below ...string) ([]string, error) {
	found, err := checkDeps(dir, below)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		found = append(found, checkFile(fset, file)...)
	}
	slices.Sort(found)
	return found, nil
}

// checkDeps checks everything that the package reaches.
func checkDeps(dir string, below []string) ([]string, error) {
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w", dir, err)
	}
	deps := strings.Fields(string(out))
	deps = deps[:len(deps)-1] // the last is the package itself
	var found []string
	for _, dep := range deps {
		first, _, _ := strings.Cut(dep, "/")
		isForeign := strings.Contains(first, ".") && !slices.Contains(below, dep)
		if isForeign || slices.Contains(anywhere, dep) {
			found = append(found, "depends on "+dep)
		}
	}
	return found, nil
}

// checkFile checks the imports, calls and statements of one file.
func checkFile(fset *token.FileSet, file *ast.File) []string {
	var found []string
	report := func(n ast.Node, what string) {
		p := fset.Position(n.Pos())
		found = append(found, fmt.Sprintf("%s:%d: %s", filepath.Base(p.Filename), p.Line, what))
	}
	timeName := ""
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if isBelow(path, direct) {
			report(spec, "imports "+path)
		}
		if path == "time" {
			timeName = "time"
			if spec.Name != nil {
				timeName = spec.Name.Name
			}
			if timeName == "." {
				report(spec, "imports time with a dot, which hides its functions")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n, "starts a goroutine")
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && timeName != "" && x.Name == timeName && slices.Contains(clock, n.Sel.Name) {
				report(n, "uses time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

// isBelow reports whether path is one of the packages in list, or inside one.
func isBelow(path string, list []string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sockeye-tcp/sockeye"

// root is the top of the module, seen from this package.
const root = "../.."

// A layer says what the packages below a directory may import: other
// directories of the module, and modules from outside ("*": any).
type layer struct {
	dir     string
	own     []string
	outside []string
}

// layers are the rules of ARCHITECTURE.md, the most specific directory first.
// Tests may import anything: they look down from above.
var layers = []layer{
	{"ip", nil, nil},
	{"tcp/tcptest", []string{"tcp", "ip", "stack", "tun", "internal"}, nil},
	{"tcp", []string{"ip"}, nil},
	{"tun", []string{"ip"}, []string{"*"}},
	{"stack", []string{"tcp", "ip"}, []string{"golang.org/x/sys"}},
	{"httpget", nil, []string{"*"}},
	{"internal/ladder", []string{"tcp", "ip"}, nil},
	{"internal", []string{"internal", "httpget", "stack", "tcp", "tun", "ip"}, []string{"*"}},
	{"examples", []string{"httpget", "stack", "tcp", "tun", "ip"}, []string{"*"}},
	{"scripts", []string{"internal", "httpget", "stack", "tcp", "tun", "ip"}, []string{"*"}},
	{"cmd", []string{"internal", "httpget", "stack", "tcp", "tun", "ip"}, []string{"*"}},
}

func TestImportsPointDownOnly(t *testing.T) {
	files := 0
	for name, imports := range sources(t) {
		files++
		for _, p := range imports {
			if why := forbidden(filepath.ToSlash(filepath.Dir(name)), p); why != "" {
				t.Errorf("%s imports %s: %s", name, p, why)
			}
		}
	}
	if files == 0 {
		t.Fatal("found no source files")
	}
}

// sources returns the import paths of every Go file of the module that is not a
// test, by file name. Other modules below root are none of its business.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(name, path)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[name] = []string{}
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[name] = append(found[name], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// skipDir leaves out what the go command leaves out.
func skipDir(name, path string) error {
	base := filepath.Base(name)
	if name == "." {
		return nil
	}
	mods, _ := filepath.Glob(filepath.Join(path, "go.mod"))
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || len(mods) > 0 {
		return filepath.SkipDir
	}
	return nil
}

// forbidden says why a package in dir may not import path, or "" when it may.
func forbidden(dir, path string) string {
	i := slices.IndexFunc(layers, func(l layer) bool { return within(dir, l.dir) })
	if i < 0 {
		return "this directory has no layer: add it to the table in internal/house"
	}
	l := layers[i]
	first, _, _ := strings.Cut(path, "/")
	switch {
	case within(path, module):
		to := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
		if within(to, l.dir) || slices.ContainsFunc(l.own, func(d string) bool { return within(to, d) }) {
			return ""
		}
		return l.dir + " may import only " + list(l.own) + " of this module"
	case !strings.Contains(first, "."): // the standard library
		return ""
	case slices.ContainsFunc(l.outside, func(m string) bool { return m == "*" || within(path, m) }):
		return ""
	}
	return l.dir + " may import only " + list(l.outside) + " from outside the standard library"
}

// within reports whether a path is dir or lies below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func list(s []string) string {
	if len(s) == 0 {
		return "nothing"
	}
	return strings.Join(s, ", ")
}

func TestForbiddenTellsUpFromDown(t *testing.T) {
	for _, test := range []struct {
		dir, path string
		ok        bool
	}{
		{"tcp", module + "/ip", true},
		{"tcp", module + "/stack", false},
		{"tcp", "golang.org/x/sys/unix", false},
		{"ip", module + "/tcp", false},
		{"stack", module + "/tcp", true},
		{"stack", module + "/tun", false},
		{"stack", "golang.org/x/sys/unix", true},
		{"stack", "golang.org/x/net/ipv4", false},
		{"tun", "github.com/songgao/water", true},
		{"tun", module + "/tcp", false},
		{"httpget", module + "/stack", false},
		{"internal/lab", module + "/cmd/sockeye", false},
		{"cmd/sockeye", module + "/internal/ladder", true},
		{"examples/heartbeat", module + "/internal/ladder", false},
		{"somewhere", "fmt", false},
	} {
		if why := forbidden(test.dir, test.path); (why == "") != test.ok {
			t.Errorf("%s imports %s: got %q, want allowed %v", test.dir, test.path, why, test.ok)
		}
	}
}

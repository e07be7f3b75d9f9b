package requirements

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Finding the labels in the files of the module.

// A Place is a declaration that names a requirement: its file, from the top of the
// module, and its name, empty for a comment outside of all declarations and for a script.
type Place struct{ File, Name string }

// Places are the places of one requirement.
type Places struct {
	Code  []Place
	Tests []Place // test functions, fuzz targets and scripts; their helpers do not count
}

// own is the directory of this package, whose labels are examples.
const own = "internal/requirements"

// Scan looks through a module for labels. The places of each are in the order of files and declarations.
func Scan(module fs.FS) (map[string]*Places, error) {
	s := scan{module: module, found: map[string]*Places{}}
	if err := fs.WalkDir(module, ".", s.visit); err != nil {
		return nil, err
	}
	return s.found, nil
}

type scan struct {
	module fs.FS
	found  map[string]*Places
}

// visit looks at one file, if it is code, a test, or a script of one.
func (s *scan) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if d.IsDir() {
		if base := path.Base(name); name != "." && strings.HasPrefix(base, ".") || name == own {
			return fs.SkipDir
		}
		return nil
	}
	inTestdata := slices.Contains(strings.Split(name, "/"), "testdata")
	switch ext := path.Ext(name); {
	case ext == ".go" && !inTestdata:
		return s.goFile(name)
	case ext == ".pkt" && inTestdata:
		return s.script(name)
	}
	return nil
}

// add notes that a text at a place names requirements.
func (s *scan) add(text string, at Place) {
	isTest := strings.HasSuffix(at.File, "_test.go") || path.Ext(at.File) == ".pkt"
	if isTest && path.Ext(at.File) == ".go" && !strings.HasPrefix(at.Name, "Test") && !strings.HasPrefix(at.Name, "Fuzz") {
		at.Name = ""
	}
	for _, id := range label.FindAllString(text, -1) {
		p := s.found[id]
		if p == nil {
			p = &Places{}
			s.found[id] = p
		}
		list := &p.Code
		if isTest {
			list = &p.Tests
			if at.Name == "" && path.Ext(at.File) == ".go" {
				continue
			}
		}
		if !slices.Contains(*list, at) {
			*list = append(*list, at)
		}
	}
}

// script reads the comment at the top of a script: the lines up to the first that is none.
func (s *scan) script(name string) error {
	text, err := fs.ReadFile(s.module, name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "#") {
			break
		}
		s.add(line, Place{File: name})
	}
	return nil
}

// goFile reads the comments and strings of a Go file.
func (s *scan) goFile(name string) error {
	text, err := fs.ReadFile(s.module, name)
	if err != nil {
		return err
	}
	if !label.Match(text) {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	type remark struct {
		pos  token.Pos
		text string
	}
	var remarks []remark
	for _, c := range file.Comments {
		remarks = append(remarks, remark{c.Pos(), c.Text()})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			remarks = append(remarks, remark{lit.Pos(), lit.Value})
		}
		return true
	})
	slices.SortFunc(remarks, func(a, b remark) int { return int(a.pos - b.pos) })
	for _, r := range remarks {
		if label.MatchString(r.text) {
			s.add(r.text, Place{name, nameAt(file, r.pos)})
		}
	}
	return nil
}

// nameAt returns the name of the declaration at a position, its comments included, or "".
func nameAt(file *ast.File, pos token.Pos) string {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if covers(pos, d, d.Doc, nil) {
				return receiver(d) + d.Name.Name
			}
		case *ast.GenDecl:
			if !covers(pos, d, d.Doc, nil) && !trails(d, pos) {
				continue
			}
			for _, spec := range d.Specs {
				if name := nameInSpec(spec, pos, len(d.Specs) == 1); name != "" {
					return name
				}
			}
		}
	}
	return ""
}

// covers reports whether pos lies in a node, or in the comment before or behind it.
func covers(pos token.Pos, n ast.Node, doc, behind *ast.CommentGroup) bool {
	from, to := n.Pos(), n.End()
	if doc != nil {
		from = doc.Pos()
	}
	if behind != nil {
		to = behind.End()
	}
	return from <= pos && pos <= to
}

// trails reports whether pos lies in the comment behind the last thing declared.
func trails(d *ast.GenDecl, pos token.Pos) bool {
	switch spec := d.Specs[len(d.Specs)-1].(type) {
	case *ast.ValueSpec:
		return covers(pos, spec, spec.Doc, spec.Comment)
	case *ast.TypeSpec:
		return covers(pos, spec, spec.Doc, spec.Comment)
	}
	return false
}

// nameInSpec returns the name of what a specification declares at pos: a field where there is one. Alone, it
// also owns the comment of its declaration.
func nameInSpec(spec ast.Spec, pos token.Pos, alone bool) string {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		if alone || covers(pos, spec, spec.Doc, spec.Comment) {
			return spec.Names[0].Name
		}
	case *ast.TypeSpec:
		if !alone && !covers(pos, spec, spec.Doc, spec.Comment) {
			return ""
		}
		if t, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range t.Fields.List {
				if len(f.Names) > 0 && covers(pos, f, f.Doc, f.Comment) {
					return spec.Name.Name + "." + f.Names[0].Name
				}
			}
		}
		return spec.Name.Name
	}
	return ""
}

// receiver returns the type of a method with a dot behind it, or "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name + "."
	case *ast.IndexExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return id.Name + "."
		}
	}
	return ""
}

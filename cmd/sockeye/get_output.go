package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// Where bodies go: standard output, or files that come into being with their first byte.

// A sink takes one body. Its errors are *httpget.Error.
type sink struct {
	path    string // empty: standard output
	dirs    bool   // make missing directories
	file    *os.File
	out     io.Writer
	written int64
	wary    bool // standard output is a terminal and was not asked for by name
}

// outputFor returns the sink for the i-th URL.
func (g *getRun) outputFor(i int, url string) (*sink, *httpget.Error) {
	if i >= len(g.o.outputs) {
		return &sink{out: g.stdout, wary: onTerminal(g.stdout)}, nil
	}
	to := g.o.outputs[i]
	switch {
	case to.remote:
		to.file = remoteName(url)
		if to.file == "" {
			return nil, &httpget.Error{Code: httpget.WriteError, Msg: fmt.Sprintf("Remote file name has no length: %s ends without one", url), Hint: "-o FILE names the file"}
		}
	case to.file == "-":
		return &sink{out: g.stdout}, nil
	}
	s := &sink{path: to.file, dirs: g.o.createDirs}
	if g.o.outputDir != "" {
		s.path = filepath.Join(g.o.outputDir, to.file)
	}
	return s, nil
}

// remoteName returns the last part of a URL's path.
func remoteName(raw string) string {
	raw, _, _ = strings.Cut(raw, "#")
	raw, _, _ = strings.Cut(raw, "?")
	if _, rest, ok := strings.Cut(raw, "://"); ok {
		raw = rest
	}
	_, p, ok := strings.Cut(raw, "/")
	if !ok || strings.HasSuffix(p, "/") || p == "" {
		return ""
	}
	name := path.Base(p)
	if name == "." || name == ".." || strings.ContainsRune(name, os.PathSeparator) {
		return ""
	}
	if decoded, err := url.PathUnescape(name); err == nil && !strings.ContainsAny(decoded, "/\x00") && decoded != ".." {
		return name // curl, too, keeps the name as it stands in the URL
	}
	return ""
}

// binaryLook is how much of a body is searched for a NUL before it goes to a terminal; curl's.
const binaryLook = 2000

// Write takes a part of the body.
func (s *sink) Write(p []byte) (int, error) {
	if s.wary && s.written < binaryLook && bytes.IndexByte(p, 0) >= 0 {
		return 0, &httpget.Error{
			Code: httpget.WriteError,
			Msg:  "Binary output can mess up your terminal",
			Hint: "\"--output -\" sends it there all the same, \"--output FILE\" saves it",
		}
	}
	if err := s.open(); err != nil {
		return 0, err
	}
	n, err := s.out.Write(p)
	s.written += int64(n)
	if err != nil {
		return n, s.failure(err)
	}
	return n, nil
}

// open opens the file, if there is one and it is not open yet.
func (s *sink) open() error {
	if s.out != nil {
		return nil
	}
	if s.dirs {
		if err := os.MkdirAll(filepath.Dir(s.path), 0o777); err != nil {
			return s.failure(err)
		}
	}
	file, err := os.Create(s.path)
	if err != nil {
		return s.failure(err)
	}
	s.file, s.out = file, file
	return nil
}

// finish closes the file. An empty body that was received whole makes an empty file.
func (s *sink) finish(whole bool) *httpget.Error {
	if whole {
		if err := s.open(); err != nil {
			return err.(*httpget.Error)
		}
	}
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return s.failure(err)
	}
	return nil
}

func (s *sink) failure(err error) *httpget.Error {
	name := s.path
	if name == "" {
		name = "standard output"
	}
	var errno syscall.Errno
	why := err.Error()
	if errors.As(err, &errno) {
		why = errno.Error()
	}
	return &httpget.Error{Code: httpget.WriteError, Msg: fmt.Sprintf("Failure writing output to destination: %s: %s", name, why), Err: err}
}

// name returns the name of the file, if the body goes to one.
func (s *sink) name() string { return s.path }

// partial reports whether there is a file with something in it.
func (s *sink) partial() bool { return s.file != nil && s.written > 0 }

// toTerminal reports whether the body appears on a terminal.
func (s *sink) toTerminal() bool { return s.path == "" && onTerminal(s.out) }

// onTerminal reports whether a reader or writer is a terminal.
func onTerminal(rw any) bool {
	f, ok := rw.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

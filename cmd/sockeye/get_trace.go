package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// --trace and --trace-ascii: everything sent and received, in curl's form.

// openTrace opens what -v, --trace and --trace-ascii write to.
func (g *getRun) openTrace() error {
	g.trace = &tracer{}
	if g.o.verbose {
		v := &verboseWriter{out: g.stderr, onScreen: len(g.o.outputs) == 0 && onTerminal(g.stdout)}
		g.trace.sinks = append(g.trace.sinks, v.write)
	}
	for _, t := range []struct {
		name  string
		width int
		hex   bool
	}{{g.o.trace, 16, true}, {g.o.traceASCII, 64, false}} {
		if t.name == "" {
			continue
		}
		out, err := g.target(t.name)
		if err != nil {
			return err
		}
		d := &dumper{out: bufio.NewWriter(out), width: t.width, hex: t.hex}
		g.trace.sinks = append(g.trace.sinks, d.write)
	}
	if g.trace.listens() {
		g.request.Trace = g.trace.http
	}
	return nil
}

// target opens what a flag names: a file, "-" for standard output, "%" for standard error.
func (g *getRun) target(name string) (io.Writer, error) {
	switch name {
	case "-":
		return g.stdout, nil
	case "%":
		return g.stderr, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, &httpget.Error{Code: httpget.WriteError, Msg: fmt.Sprintf("Failed to open %s: %s", name, cause(err)), Err: err}
	}
	g.closers = append(g.closers, file)
	return file, nil
}

// A dumper writes trace events as curl's --trace does, with hex, or as
// --trace-ascii does, without.
type dumper struct {
	out   *bufio.Writer
	width int
	hex   bool
}

var dumpTitles = map[httpget.TraceKind]string{
	httpget.TraceHeaderIn:  "<= Recv header",
	httpget.TraceHeaderOut: "=> Send header",
	httpget.TraceDataIn:    "<= Recv data",
	httpget.TraceDataOut:   "=> Send data",
}

// write writes one event at once, so that a program that hangs leaves its trace.
func (d *dumper) write(e httpget.TraceEvent) {
	if e.Kind == httpget.TraceText {
		fmt.Fprintf(d.out, "== Info: %s\n", e.Data)
	} else {
		fmt.Fprintf(d.out, "%s, %d bytes (0x%x)\n", dumpTitles[e.Kind], len(e.Data), len(e.Data))
		d.dump(e.Data)
	}
	// A trace that cannot be written must not end the transfer that it is about.
	_ = d.out.Flush()
}

func (d *dumper) dump(p []byte) {
	for at := 0; at < len(p); {
		n := min(d.width, len(p)-at)
		next := at + n
		fmt.Fprintf(d.out, "%04x: ", at)
		if d.hex {
			for i := range d.width {
				if i < n {
					fmt.Fprintf(d.out, "%02x ", p[at+i])
				} else {
					d.out.WriteString("   ")
				}
			}
		} else if i := bytes.Index(p[at:], []byte("\r\n")); i >= 0 && i <= n {
			n, next = i, at+i+2 // a line of text ends the row
		}
		for _, c := range p[at : at+n] {
			d.out.WriteByte(printable(c))
		}
		d.out.WriteByte('\n')
		at = next
	}
}

func printable(c byte) byte {
	if c < 0x20 || c >= 0x7f {
		return '.'
	}
	return c
}

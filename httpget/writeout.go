package httpget

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Write-out: curl's -w, the format that is printed after a transfer.

// WriteOut writes a format with the values of a result in place of its
// variables, as curl's -w does: %{name}, %header{name}, %% and the escapes
// \n, \r and \t. Output goes to stdout, after %{stderr} to stderr. An unknown
// variable stands for nothing and is reported on stderr. It returns the
// first error of the writers.
func (r *Result) WriteOut(format string, stdout, stderr io.Writer) error {
	w := &writeOut{result: r, stdout: stdout, stderr: stderr, out: stdout}
	for format != "" && !w.stop {
		i := strings.IndexAny(format, "%\\")
		if i < 0 {
			i = len(format)
		}
		w.write(format[:i])
		format = w.special(format[i:])
	}
	return w.err
}

// A writeOut is one run of a format.
type writeOut struct {
	result         *Result
	stdout, stderr io.Writer
	out            io.Writer // one of them
	stop           bool      // %{onerror}, and there was none
	err            error
}

func (w *writeOut) write(s string) {
	if s == "" {
		return
	}
	if _, err := io.WriteString(w.out, s); err != nil && w.err == nil {
		w.err = err
	}
}

// special writes what a format that begins with a percent sign or a backslash
// starts with, and returns the rest.
func (w *writeOut) special(format string) string {
	switch {
	case format == "":
		return ""
	case format[0] == '\\':
		return w.escape(format)
	case strings.HasPrefix(format, "%%"):
		w.write("%")
		return format[2:]
	case strings.HasPrefix(format, "%{"):
		return w.braced(format, "%{", w.variable)
	case strings.HasPrefix(format, "%header{"):
		return w.braced(format, "%header{", w.header)
	}
	n := min(2, len(format)) // a percent sign and what follows mean themselves
	w.write(format[:n])
	return format[n:]
}

func (w *writeOut) escape(format string) string {
	if len(format) < 2 {
		w.write(format)
		return ""
	}
	switch format[1] {
	case 'n':
		w.write("\n")
	case 'r':
		w.write("\r")
	case 't':
		w.write("\t")
	default:
		w.write(format[:2])
	}
	return format[2:]
}

// braced hands the name in braces to f. Without a closing brace the prefix means itself.
func (w *writeOut) braced(format, prefix string, f func(name string)) string {
	name, rest, ok := strings.Cut(format[len(prefix):], "}")
	if !ok {
		w.write(prefix)
		return format[len(prefix):]
	}
	f(name)
	return rest
}

// variable writes the value of %{name}.
func (w *writeOut) variable(name string) {
	switch name {
	case "stdout":
		w.out = w.stdout
	case "stderr":
		w.out = w.stderr
	case "onerror":
		w.stop = w.result.Err == nil
	case "json":
		w.write(w.result.JSON())
	case "header_json":
		w.write(w.result.headerJSON())
	default:
		if v := lookup(name); v != nil {
			w.write(text(v.value(w.result)))
			return
		}
		fmt.Fprintf(w.stderr, "sockeye: unknown --write-out variable: '%s'\n", name)
	}
}

// header writes the value of a field of the last answer; the first, if there are several.
func (w *writeOut) header(name string) {
	for _, f := range w.result.fields {
		if strings.EqualFold(f.name, name) {
			w.write(f.value)
			return
		}
	}
}

// schema is the version of what JSON returns; it grows when a name changes its meaning or goes away.
const schema = 1

// JSON returns all variables as one JSON object, in curl's order and form:
// times in seconds as numbers, null for what is not there. The member
// "schema" numbers the form.
func (r *Result) JSON() string {
	var b strings.Builder
	b.WriteByte('{')
	for _, v := range variables {
		fmt.Fprintf(&b, "%s:%s,", quote(v.name), jsonValue(v.value(r)))
	}
	fmt.Fprintf(&b, "\"schema\":%d}", schema)
	return b.String()
}

func jsonValue(v any) string {
	switch v := v.(type) {
	case null:
		return "null"
	case string:
		return quote(v)
	case statusCode:
		return fmt.Sprint(int(v))
	}
	return text(v)
}

// headerJSON returns the header of the last answer as a JSON object: names in
// lower case in the order of their first appearance, each with an array of its values.
func (r *Result) headerJSON() string {
	var names []string
	values := make(map[string][]string)
	for _, f := range r.fields {
		name := strings.ToLower(f.name)
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], quote(f.value))
	}
	members := make([]string, len(names))
	for i, name := range names {
		members[i] = quote(name) + ":[" + strings.Join(values[name], ",") + "]"
	}
	return "{" + strings.Join(members, ",\n") + "\n}"
}

// quote writes a JSON string without the escapes that only HTML needs.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

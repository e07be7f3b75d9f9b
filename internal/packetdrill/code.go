package packetdrill

import (
	"fmt"
	"strings"
)

// Code between %{ and }%: statements in the small part of Python that scripts use. They
// run when their time comes, and their names live on in the snippets that follow.

// A value is an int64, a float64, a string, or a []value (a tuple).
type value any

// runCode runs the statements of a snippet.
func (r *runner) runCode(c *Code) error {
	for _, s := range statements(c) {
		e := &evaluator{r: r, src: s.text}
		if err := e.statement(); err != nil {
			return r.failAt(s.line, "%s", err)
		}
	}
	return nil
}

// A statement is one statement with its line.
type statement struct {
	line int
	text string
}

// statements splits code at line ends and semicolons. Comments go; a backslash, an open bracket or an open quote
// joins lines.
func statements(c *Code) []statement {
	var list []statement
	var b strings.Builder
	line, began, depth := c.Line, c.Line, 0
	var quote byte
	flush := func() {
		if text := strings.TrimSpace(b.String()); text != "" {
			list = append(list, statement{began, text})
		}
		b.Reset()
	}
	for i := 0; i < len(c.Text); i++ {
		ch := c.Text[i]
		switch {
		case ch == '\\' && quote == 0 && i+1 < len(c.Text) && c.Text[i+1] == '\n':
			i++
			line++
			ch = ' '
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
		case ch == '\'' || ch == '"':
			quote = ch
		case ch == '#':
			for i+1 < len(c.Text) && c.Text[i+1] != '\n' {
				i++
			}
			continue
		case ch == '(':
			depth++
		case ch == ')':
			depth--
		case (ch == '\n' || ch == ';') && depth <= 0:
			flush()
			ch = ' '
			if c.Text[i] == '\n' {
				line++
			}
			began = line
		case ch == '\n':
			line++
		}
		if strings.TrimSpace(b.String()) == "" {
			began = line
		}
		b.WriteByte(ch)
	}
	flush()
	return list
}

// An evaluator runs one statement.
type evaluator struct {
	r    *runner
	src  string
	at   int
	deep int
}

// A codeError is the panic of the evaluator.
type codeError struct{ error }

func (e *evaluator) fail(format string, args ...any) {
	panic(codeError{fmt.Errorf(format, args...)})
}

// statement runs the statement: assert, print, pass or an assignment.
func (e *evaluator) statement() (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case codeError:
			err = p.error
		default:
			panic(p)
		}
	}()
	switch {
	case e.keyword("assert"):
		e.assert()
	case e.keyword("print"):
		e.print()
	case e.keyword("pass"):
	default:
		name := e.name()
		if name == "" || !e.accept("=") {
			e.fail("%q is not supported: only assert, print and assignments are", e.src)
		}
		e.r.names[name] = e.expression()
	}
	if e.blank(); e.at < len(e.src) {
		e.fail("%q makes no sense behind %q", e.src[e.at:], e.src[:e.at])
	}
	return nil
}

// assert checks a condition. What it says on failure is evaluated only then.
func (e *evaluator) assert() {
	from := e.at
	v := e.expression()
	condition := strings.TrimSpace(e.src[from:e.at])
	message := ""
	if e.accept(",") {
		message = ": " + text(e.expression())
	}
	if !truth(v) {
		e.fail("assertion failed: %s%s", condition, message)
	}
}

// print writes values to the caller's writer.
func (e *evaluator) print() {
	v := e.expression()
	list, ok := v.([]value)
	if !ok {
		list = []value{v}
	}
	for e.accept(",") {
		list = append(list, e.expression())
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = text(v)
	}
	if e.r.output != nil {
		fmt.Fprintln(e.r.output, strings.Join(words, " "))
	}
}

// truth is Python's: zero and empty are false.
func truth(v value) bool {
	switch v := v.(type) {
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []value:
		return len(v) > 0
	}
	return false
}

// text writes a value as print does.
func text(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case []value:
		words := make([]string, len(v))
		for i := range v {
			words[i] = text(v[i])
		}
		return "(" + strings.Join(words, ", ") + ")"
	}
	return fmt.Sprint(v)
}

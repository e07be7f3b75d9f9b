package packetdrill

import (
	"strconv"
	"strings"
)

// The parser: system calls and expressions.

// maxNesting bounds how deep expressions nest: a script with more is a mistake, and the parser recurses.
const maxNesting = 32

// call reads name(args) = result [ERRNO] [(note)].
func (p *parser) call() *Call {
	c := &Call{Name: p.word()}
	p.expect("(")
	c.Args = p.list(")", 0)
	p.expect("=")
	c.Result = p.expr(0)
	if c.Result.Kind != ExprInt && c.Result.Kind != ExprEllipsis {
		p.fail("the result of %s must be a number", c.Name)
	}
	p.blanks()
	if isLetter(p.peek()) {
		c.Errno = p.word()
		if !strings.HasPrefix(c.Errno, "E") {
			p.fail("expected the name of an error, found %q", c.Errno)
		}
		p.blanks()
	}
	if p.peek() == '(' {
		n := strings.IndexAny(p.rest(), ")\n")
		if n < 0 || p.rest()[n] != ')' {
			p.fail("a note without its closing parenthesis")
		}
		p.step(n + 1)
	}
	return c
}

// blanks passes white space within the line.
func (p *parser) blanks() { p.while(func(b byte) bool { return b == ' ' || b == '\t' }) }

// list reads expressions up to and including the closing bracket.
func (p *parser) list(closing string, depth int) []Expr {
	var list []Expr
	if p.accept(closing) {
		return nil
	}
	for {
		list = append(list, p.expr(depth+1))
		if p.accept(closing) {
			return list
		}
		if !p.accept(",") {
			p.fail("expected \",\" or %q, found %s", closing, p.found())
		}
	}
}

// expr reads one expression: operands with | between them.
func (p *parser) expr(depth int) Expr {
	if depth > maxNesting {
		p.fail("expressions nest deeper than %d", maxNesting)
	}
	first := p.operand(depth)
	if !p.accept("|") {
		return first
	}
	or := Expr{Line: first.Line, Kind: ExprOr, List: []Expr{first}}
	for {
		or.List = append(or.List, p.operand(depth))
		if !p.accept("|") {
			return or
		}
	}
}

// operand reads an expression without an operator.
func (p *parser) operand(depth int) Expr {
	p.space()
	e := Expr{Line: p.line}
	switch c := p.peek(); {
	case p.accept("..."):
		e.Kind = ExprEllipsis
	case c == '-' || isDigit(c):
		e.Kind, e.Int = ExprInt, p.integer()
	case c == '"':
		e.Kind, e.Text = ExprString, p.quoted()
	case c == '[':
		p.step(1)
		e.Kind, e.List = ExprList, p.list("]", depth)
	case c == '{':
		p.step(1)
		p.fields(&e, depth)
	case isLetter(c):
		e.Kind, e.Text = ExprName, p.word()
		if strings.HasPrefix(p.rest(), "(") {
			p.step(1)
			e.Kind, e.List = ExprApply, p.list(")", depth)
		}
	default:
		p.fail("expected a value, found %s", p.found())
	}
	return e
}

// fields reads the inside of {name=value, ...}. A value without a name gets the key "".
func (p *parser) fields(e *Expr, depth int) {
	e.Kind = ExprStruct
	if p.accept("}") {
		return
	}
	for {
		v := p.expr(depth + 1)
		key := ""
		if (v.Kind == ExprName || v.Kind == ExprApply) && p.accept("=") {
			key = v.Text
			v = p.expr(depth + 1)
		}
		e.Keys, e.List = append(e.Keys, key), append(e.List, v)
		if p.accept("}") {
			return
		}
		p.expect(",")
	}
}

// integer reads a number, decimal or with 0x, with or without a sign.
func (p *parser) integer() int64 {
	text := ""
	if p.peek() == '-' {
		p.step(1)
		text = "-"
	}
	text += p.while(isWord)
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		p.fail("%q is not a number", text)
	}
	return n
}

// quoted reads a string in double quotes with C's escapes.
func (p *parser) quoted() string {
	n := 1
	for rest := p.rest(); n < len(rest) && rest[n] != '"' && rest[n] != '\n'; n++ {
		if rest[n] == '\\' {
			n++
		}
	}
	if n >= len(p.rest()) || p.rest()[n] != '"' {
		p.fail("a string without its closing quote")
	}
	text, ok := unescape(p.rest()[1:n])
	if !ok {
		p.fail("%s has an escape that C does not know", p.rest()[:n+1])
	}
	p.step(n + 1)
	return text
}

// unescape resolves C's escapes: \n and its like, \x and two hexadecimal digits, and up to three octal ones.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`abfnrtv\'"?`, s[i]); at >= 0 {
			b.WriteByte("\a\b\f\n\r\t\v\\'\"?"[at])
			continue
		}
		base, from, most := 8, i, 3
		if s[i] == 'x' {
			base, from, most = 16, i+1, 2
		}
		to := from
		for to < len(s) && to < from+most {
			if _, err := strconv.ParseUint(s[to:to+1], base, 8); err != nil {
				break
			}
			to++
		}
		n, err := strconv.ParseUint(s[from:to], base, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(n))
		i = to - 1
	}
	return b.String(), true
}

package packetdrill

import (
	"strconv"
	"strings"
)

// Expressions of the code between %{ and }%, from the weakest operator to the strongest.

// blank passes white space.
func (e *evaluator) blank() {
	for e.at < len(e.src) && strings.IndexByte(" \t\r\n", e.src[e.at]) >= 0 {
		e.at++
	}
}

// accept passes an operator, if it stands there and is not the start of a longer one.
func (e *evaluator) accept(op string) bool {
	e.blank()
	rest := e.src[e.at:]
	if !strings.HasPrefix(rest, op) {
		return false
	}
	if after := rest[len(op):]; after != "" {
		if joined := op + after[:1]; joined == "==" || joined == "<=" || joined == ">=" || joined == "//" || joined == "<<" || joined == ">>" || joined == "**" {
			return false
		}
	}
	e.at += len(op)
	return true
}

// keyword passes a word, if it stands there.
func (e *evaluator) keyword(word string) bool {
	at := e.at
	if e.name() == word {
		return true
	}
	e.at = at
	return false
}

// name reads a name; "" when there is none.
func (e *evaluator) name() string {
	e.blank()
	from := e.at
	if from < len(e.src) && isLetter(e.src[from]) {
		for e.at < len(e.src) && isWord(e.src[e.at]) {
			e.at++
		}
	}
	return e.src[from:e.at]
}

// expression is "or" over "and" over "not". Both sides are always evaluated: nothing has side effects.
func (e *evaluator) expression() value {
	if e.deep++; e.deep > maxNesting {
		e.fail("expressions nest deeper than %d", maxNesting)
	}
	defer func() { e.deep-- }()
	v := e.conjunction()
	for e.keyword("or") {
		if w := e.conjunction(); !truth(v) {
			v = w
		}
	}
	return v
}

func (e *evaluator) conjunction() value {
	v := e.negation()
	for e.keyword("and") {
		if w := e.negation(); truth(v) {
			v = w
		}
	}
	return v
}

func (e *evaluator) negation() value {
	nots := 0
	for e.keyword("not") {
		nots++
	}
	v := e.comparison()
	if nots == 0 {
		return v
	}
	return asInt(truth(v) == (nots%2 == 0))
}

// comparison may be chained: a <= b < c.
func (e *evaluator) comparison() value {
	v := e.binary(0)
	ok, chained := true, false
	for {
		op := ""
		for _, o := range []string{"==", "!=", "<=", ">=", "<", ">"} {
			if e.accept(o) {
				op = o
				break
			}
		}
		switch {
		case op == "" && chained:
			return asInt(ok)
		case op == "":
			return v
		}
		w := e.binary(0)
		ok, chained = ok && e.compare(op, v, w), true
		v = w
	}
}

func (e *evaluator) compare(op string, v, w value) bool {
	a, isText := v.(string)
	b, other := w.(string)
	if isText != other {
		return op == "!="
	}
	c := strings.Compare(a, b)
	if !isText {
		x, y := e.float(v), e.float(w)
		c = 0
		if x < y {
			c = -1
		} else if x > y {
			c = 1
		}
	}
	return map[string]bool{"==": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op]
}

// levels are the binary operators, the weakest first; within a level the longest first.
var levels = [][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"//", "*", "/", "%"}}

func (e *evaluator) binary(level int) value {
	if level == len(levels) {
		return e.unary()
	}
	v := e.binary(level + 1)
next:
	for _, op := range levels[level] {
		if e.accept(op) {
			v = e.apply(op, v, e.binary(level+1))
			goto next
		}
	}
	return v
}

// apply computes a binary operation. Division of integers is Python 3's: / gives a float, // rounds down.
func (e *evaluator) apply(op string, v, w value) value {
	if s, ok := v.(string); ok && op == "%" {
		return e.format(s, w)
	}
	a, isInt := v.(int64)
	b, both := w.(int64)
	if isInt && both && op != "/" {
		return e.integers(op, a, b)
	}
	x, y := e.float(v), e.float(w)
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		if y == 0 {
			e.fail("division by zero")
		}
		return x / y
	}
	e.fail("%s needs integers", op)
	return nil
}

func (e *evaluator) integers(op string, a, b int64) value {
	switch op {
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&":
		return a & b
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "<<", ">>":
		if b < 0 || b > 62 {
			e.fail("a shift by %d", b)
		}
		if op == "<<" {
			return a << b
		}
		return a >> b
	}
	if b == 0 {
		e.fail("division by zero")
	}
	q, m := a/b, a%b
	if m != 0 && (m < 0) != (b < 0) {
		q, m = q-1, m+b
	}
	if op == "//" {
		return q
	}
	return m
}

// format is the % of strings, with %d, %s and the like taken as they come.
func (e *evaluator) format(s string, w value) value {
	args, ok := w.([]value)
	if !ok {
		args = []value{w}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case s[i] == '%':
			b.WriteByte('%')
		case len(args) == 0:
			e.fail("the string %q needs more values", s)
		default:
			b.WriteString(text(args[0]))
			args = args[1:]
		}
	}
	return b.String()
}

func (e *evaluator) unary() value {
	if e.deep++; e.deep > maxNesting {
		e.fail("expressions nest deeper than %d", maxNesting)
	}
	defer func() { e.deep-- }()
	switch {
	case e.accept("-"):
		return e.apply("-", int64(0), e.unary())
	case e.accept("+"):
		return e.unary()
	}
	return e.primary()
}

// primary is a number, a string, a name, abs(x), or something in parentheses.
func (e *evaluator) primary() value {
	e.blank()
	if e.at == len(e.src) {
		e.fail("%q ends too early", e.src)
	}
	switch c := e.src[e.at]; {
	case isDigit(c) || c == '.':
		return e.number()
	case c == '\'' || c == '"':
		n := strings.IndexByte(e.src[e.at+1:], c)
		if n < 0 {
			e.fail("%q has a string without an end", e.src)
		}
		s := e.src[e.at+1 : e.at+1+n]
		e.at += n + 2
		return s
	case e.accept("("):
		return e.tuple()
	}
	name := e.name()
	switch name {
	case "":
		e.fail("%q makes no sense in %q", e.src[e.at:], e.src)
	case "True":
		return int64(1)
	case "False":
		return int64(0)
	case "abs":
		if e.accept("(") {
			v := e.tuple()
			if e.float(v) < 0 {
				return e.apply("-", int64(0), v)
			}
			return v
		}
	}
	return e.lookup(name)
}

// tuple reads what stands in parentheses.
func (e *evaluator) tuple() value {
	var list []value
	for !e.accept(")") {
		list = append(list, e.expression())
		if e.accept(",") {
			continue
		}
		if !e.accept(")") {
			e.fail("%q lacks a closing parenthesis", e.src)
		}
		if len(list) == 1 {
			return list[0]
		}
		break
	}
	return list
}

// number reads an integer, decimal or with 0x, or a decimal fraction.
func (e *evaluator) number() value {
	from := e.at
	for e.at < len(e.src) && (isWord(e.src[e.at]) || e.src[e.at] == '.') {
		e.at++
	}
	word := e.src[from:e.at]
	if n, err := strconv.ParseInt(word, 0, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		e.fail("%q is not a number", word)
	}
	return f
}

// float returns a number of either kind.
func (e *evaluator) float(v value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	e.fail("%q needs a number in place of %s", e.src, text(v))
	return 0
}

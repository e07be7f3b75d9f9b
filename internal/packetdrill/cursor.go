package packetdrill

import (
	"fmt"
	"strings"
)

// The lexer: a place in the text, and what can be read there. The tokens of the language
// depend on what is expected ("." is a flag, a digit or an ellipsis), so the parser asks.

// A SyntaxError is a fault in the text of a script.
type SyntaxError struct {
	File    string
	Line    int
	Column  int // in bytes, from 1; 0 when the fault is about the whole line
	Message string
}

// Error returns the place and the fault in one line, as compilers do.
func (e *SyntaxError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// A cursor is a place in a script.
type cursor struct {
	name string
	src  string
	at   int
	line int
}

// fail ends the parsing: Parse recovers it.
func (c *cursor) fail(format string, args ...any) {
	column := c.at - strings.LastIndexByte(c.src[:c.at], '\n')
	panic(&SyntaxError{File: c.name, Line: c.line, Column: column, Message: fmt.Sprintf(format, args...)})
}

// end reports whether nothing is left.
func (c *cursor) end() bool { return c.at >= len(c.src) }

// peek returns the next byte, 0 at the end.
func (c *cursor) peek() byte {
	if c.end() {
		return 0
	}
	return c.src[c.at]
}

// rest returns what is left.
func (c *cursor) rest() string { return c.src[c.at:] }

// step passes n bytes and counts lines.
func (c *cursor) step(n int) {
	c.line += strings.Count(c.src[c.at:c.at+n], "\n")
	c.at += n
}

// space passes white space and comments.
func (c *cursor) space() {
	for !c.end() {
		switch rest := c.rest(); {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			c.step(1)
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			c.step(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				c.fail("comment without an end")
			}
			c.step(n + 2)
		default:
			return
		}
	}
}

// accept passes white space and then s, if it stands there.
func (c *cursor) accept(s string) bool {
	c.space()
	if !strings.HasPrefix(c.rest(), s) {
		return false
	}
	c.step(len(s))
	return true
}

// expect is accept of what must stand there.
func (c *cursor) expect(s string) {
	if !c.accept(s) {
		c.fail("expected %q, found %s", s, c.found())
	}
}

// acceptWord is accept for a whole word.
func (c *cursor) acceptWord(s string) bool {
	c.space()
	if !strings.HasPrefix(c.rest(), s) {
		return false
	}
	if after := c.rest()[len(s):]; after != "" && isWord(after[0]) {
		return false
	}
	c.step(len(s))
	return true
}

// found describes what stands at the cursor.
func (c *cursor) found() string {
	if c.end() {
		return "the end of the script"
	}
	rest, _, _ := strings.Cut(c.rest(), "\n")
	if len(rest) > 24 {
		rest = rest[:24] + "..."
	}
	return fmt.Sprintf("%q", strings.TrimRight(rest, "\r"))
}

// while passes bytes that ok likes and returns them.
func (c *cursor) while(ok func(byte) bool) string {
	n := 0
	for n < len(c.rest()) && ok(c.rest()[n]) {
		n++
	}
	s := c.rest()[:n]
	c.step(n)
	return s
}

// word reads a name; "" when none stands there.
func (c *cursor) word() string {
	c.space()
	if !isLetter(c.peek()) {
		return ""
	}
	return c.while(isWord)
}

// unsigned reads a decimal number of at most limit.
func (c *cursor) unsigned(what string, limit uint64) uint64 {
	c.space()
	digits := c.while(isDigit)
	if digits == "" {
		c.fail("expected %s, found %s", what, c.found())
	}
	var n uint64
	for _, d := range digits {
		n = n*10 + uint64(d-'0')
		if n > limit {
			c.fail("%s: %s is more than %d", what, digits, limit)
		}
	}
	return n
}

func isDigit(b byte) bool  { return '0' <= b && b <= '9' }
func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' }
func isWord(b byte) bool   { return isLetter(b) || isDigit(b) }

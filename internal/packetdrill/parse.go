package packetdrill

import (
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// The parser: the frame of a script and the times of its events.

// Parse reads a script. The error is a *SyntaxError with the line. name is for messages.
func Parse(name string, src []byte) (s *Script, err error) {
	p := &parser{cursor{name: name, src: string(src), line: 1}}
	defer p.recovered(&err)
	return p.script(), nil
}

// recovered turns the panic of cursor.fail into an error.
func (c *cursor) recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case *SyntaxError:
		*err = r
	default:
		panic(r)
	}
}

// ParseFile reads a script from a file.
func ParseFile(path string) (*Script, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src)
}

type parser struct{ cursor }

// script reads all of it: options, commands, events.
func (p *parser) script() *Script {
	s := &Script{Name: p.name}
	for p.space(); strings.HasPrefix(p.rest(), "--"); p.space() {
		s.Options = append(s.Options, p.option())
	}
	for p.space(); p.peek() == '`'; p.space() {
		s.Commands = append(s.Commands, *p.command())
	}
	for p.space(); !p.end(); p.space() {
		s.Events = append(s.Events, p.event())
	}
	if len(s.Events) == 0 {
		p.fail("the script has no events")
	}
	return s
}

// option reads --name=value or --name.
func (p *parser) option() Option {
	o := Option{Line: p.line}
	p.expect("--")
	text := p.while(func(b byte) bool { return strings.IndexByte(" \t\r\n", b) < 0 })
	o.Name, o.Value, _ = strings.Cut(text, "=")
	if o.Name == "" {
		p.fail("an option without a name")
	}
	return o
}

// command reads text between backticks.
func (p *parser) command() *Command {
	p.expect("`")
	n := strings.IndexByte(p.rest(), '`')
	if n < 0 {
		p.fail("a command without its closing backtick")
	}
	c := &Command{Line: p.line, Text: p.rest()[:n]}
	p.step(n + 1)
	return c
}

// event reads one event. A command behind the last timed one needs no time.
func (p *parser) event() Event {
	e := Event{Line: p.line}
	if p.peek() == '`' {
		e.When.Relative = true
		e.Command = p.command()
		return e
	}
	e.When = p.when()
	p.space()
	e.Line = p.line
	switch c := p.peek(); {
	case c == '<' || c == '>':
		p.packet(&e)
	case c == '`':
		e.Command = p.command()
	case strings.HasPrefix(p.rest(), "%{"):
		e.Code = p.code()
	case isLetter(c):
		e.Call = p.call()
	default:
		p.fail("expected a call, a packet, a command or code, found %s", p.found())
	}
	p.checkWhen(&e)
	return e
}

// checkWhen refuses times that make no sense for what happens.
func (p *parser) checkWhen(e *Event) {
	out := e.Packet != nil && e.Packet.Out
	bad := ""
	switch w := e.When; {
	case (w.Any || w.HasUntil) && !out:
		bad = "only a packet that the host sends can have a window of time"
	case w.Blocks && e.Call == nil:
		bad = "only a call can block"
	case w.HasUntil && w.Until < w.At, w.Blocks && w.Returns < w.At:
		bad = "the time ends before it begins"
	}
	if bad != "" {
		panic(&SyntaxError{File: p.name, Line: e.Line, Message: bad})
	}
}

// when reads a time: *, 1.5, +.1, +.1~+.2, .1...0.2.
func (p *parser) when() When {
	var w When
	if p.accept("*") {
		w.Any = true
		return w
	}
	w.Relative = p.accept("+")
	w.At = p.seconds()
	p.blanks()
	switch {
	case strings.HasPrefix(p.rest(), "~"):
		p.step(1)
		w.HasUntil = true
		if p.accept("+") != w.Relative {
			p.fail("both ends of a window must be relative, or neither")
		}
		w.Until = p.seconds()
	case strings.HasPrefix(p.rest(), "..."):
		p.step(3)
		w.Blocks = true
		w.Returns = p.seconds()
	}
	return w
}

// seconds reads a number of seconds with up to nine decimals. Three dots end it.
func (p *parser) seconds() time.Duration {
	p.space()
	text := p.while(isDigit)
	if p.peek() == '.' && !strings.HasPrefix(p.rest(), "...") {
		p.step(1)
		text += "." + p.while(isDigit)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || text == "." {
		p.fail("expected a time in seconds, found %s", p.found())
	}
	if f > 1e6 {
		p.fail("%s s is too long for a script", text)
	}
	return time.Duration(math.Round(f * 1e9))
}

// code reads what stands between %{ and }%.
func (p *parser) code() *Code {
	p.expect("%{")
	n := strings.Index(p.rest(), "}%")
	if n < 0 {
		p.fail("code without its closing }%%")
	}
	text := p.rest()[:n]
	c := &Code{Line: p.line, Text: text}
	p.step(n + 2)
	return c
}

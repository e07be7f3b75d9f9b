package packetdrill

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/ip"
)

// What is told when a script fails.

// A Failure says where and how a host departed from its script.
type Failure struct {
	File     string
	Line     int
	Message  string
	Expected string // in the script's words; "" when the message says it
	Seen     string
	Ladder   string // what happened on the wire up to there; "" when nothing did
}

// Error returns all of it, over several lines.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s", f.File, f.Line, f.Message)
	if f.Expected != "" {
		fmt.Fprintf(&b, "\n  expected: %s", f.Expected)
	}
	if f.Seen != "" {
		fmt.Fprintf(&b, "\n  seen:     %s", f.Seen)
	}
	if f.Ladder != "" {
		fmt.Fprintf(&b, "\n\n%s", f.Ladder)
	}
	return b.String()
}

// fail makes a failure at the event that runs.
func (r *runner) fail(format string, args ...any) error {
	return r.failAt(r.line, format, args...)
}

// failAt makes a failure at a line.
func (r *runner) failAt(line int, format string, args ...any) error {
	return &Failure{File: r.script.Name, Line: line, Message: fmt.Sprintf(format, args...), Ladder: r.ladder()}
}

// failure makes a failure with both sides of a comparison.
func (r *runner) failure(message, expected, seen string) error {
	return &Failure{
		File: r.script.Name, Line: r.line, Message: message,
		Expected: expected, Seen: seen, Ladder: r.ladder(),
	}
}

// ladder draws what has happened.
func (r *runner) ladder() string {
	var b strings.Builder
	ladders := r.record.Ladders(ladder.Options{Left: "host", Right: "script"})
	if len(ladders) == 0 {
		return ""
	}
	if err := ladder.Text(&b, ladders, ladder.TextOptions{Full: true}); err != nil {
		return err.Error()
	}
	return b.String()
}

// clock writes a time as scripts do, in seconds from their start.
func (r *runner) clock(t ip.Time) string {
	return fmt.Sprintf("%.6f s", t.Sub(start).Seconds())
}

// optionNames are the words of the language for the options that it has.
var optionNames = map[uint8]string{
	kindEOL: "eol", kindNOP: "nop", kindMSS: "mss", kindWScale: "wscale",
	kindSACKOK: "sackOK", kindSACK: "sack", kindTimestamp: "TS", kindMD5: "md5", kindFastOpen: "FO", kindExp: "exp",
	kindAccECN0: "ECN0", kindAccECN1: "ECN1",
}

// optionName returns the word for a kind of option.
func optionName(kind uint8) string {
	if name := optionNames[kind]; name != "" {
		return name
	}
	return fmt.Sprintf("kind %d", kind)
}

// String writes the option as a script does.
func (o TCPOption) String() string {
	switch o.Kind {
	case kindMSS, kindWScale:
		return fmt.Sprintf("%s %d", optionName(o.Kind), o.Value)
	case kindTimestamp:
		return fmt.Sprintf("TS val %d ecr %d", o.Value, o.Ecr)
	case kindSACK:
		words := make([]string, len(o.SACK))
		for i, b := range o.SACK {
			words[i] = fmt.Sprintf("%d:%d", b[0], b[1])
		}
		return "sack " + strings.Join(words, " ")
	case kindEOL, kindNOP, kindSACKOK:
		return optionName(o.Kind)
	case kindAccECN0, kindAccECN1:
		return accECNWords(o.Kind, o.Data)
	}
	name, value := optionName(o.Kind), o.Data
	if cookie, ok := bytes.CutPrefix(value, fastOpenMagic); ok && o.Kind == kindExp {
		name, value = "FOEXP", cookie
	}
	return strings.TrimSpace(fmt.Sprintf("%s %x%s", name, value, o.Symbol))
}

package ladder

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Filters: which lines a reader wants to see.

// A Filter chooses lines. It is made by ParseFilter.
type Filter struct {
	any [][]term // a line is chosen when all the terms of one of these hold
}

// A term is one word of a filter.
type term struct {
	word string
	not  bool
}

// ParseFilter reads a filter: words with spaces between them must all hold, commas separate
// alternatives, and ! before a word turns it round. A word is one of those that Tags returns, or else a piece of what the
// line says. "syn, fin left" shows SYNs, and the FINs that go to the left.
func ParseFilter(s string) (*Filter, error) {
	f := &Filter{}
	for alternative := range strings.SplitSeq(strings.ToLower(s), ",") {
		var all []term
		for word := range strings.FieldsSeq(alternative) {
			t := term{word: strings.TrimPrefix(word, "!"), not: word[0] == '!'}
			if t.word == "" {
				return nil, fmt.Errorf("filter %q: ! needs a word after it", s)
			}
			all = append(all, t)
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("filter %q: an alternative is empty", s)
		}
		f.any = append(f.any, all)
	}
	return f, nil
}

// Match reports whether a line is chosen.
func (f *Filter) Match(l *Line) bool {
	tags, says := l.Tags(), strings.ToLower(l.String())
	for _, all := range f.any {
		if holds(all, tags, says) {
			return true
		}
	}
	return false
}

// holds reports whether all terms hold.
func holds(all []term, tags []string, says string) bool {
	for _, t := range all {
		found := slices.Contains(tags, t.word)
		if !slices.Contains(allTags, t.word) {
			found = strings.Contains(says, t.word)
		}
		if found == t.not {
			return false
		}
	}
	return true
}

// Filtered returns a copy of the ladder with the chosen lines. The states that the ends
// enter in between show in the next line that is left.
func (l *Ladder) Filtered(f *Filter) *Ladder {
	filtered := *l
	filtered.Lines = nil
	var left, right []tcp.State
	for _, line := range l.Lines {
		left, right = append(left, line.Left...), append(right, line.Right...)
		if !f.Match(&line) {
			continue
		}
		line.Left, line.Right = left, right
		left, right = nil, nil
		filtered.Lines = append(filtered.Lines, line)
	}
	return &filtered
}

// String says what a line is, in one line: for searching, and for notes.
func (l *Line) String() string {
	parts := []string{l.Note(), l.Reason(), l.Rule, l.RuleThere}
	if l.Kind == KindSegment {
		parts = append([]string{l.Segment.Words(false)}, parts...)
	}
	for _, s := range append(l.Left[:len(l.Left):len(l.Left)], l.Right...) {
		parts = append(parts, s.String())
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// allTags are the words that Tags may return.
var allTags = strings.Fields(`segment state call timer icmp recovery urgent fold gap discard drop left right at-left at-right
	fin syn rst psh ack urg ece cwr ae data departs arrives lost flying duplicate injected overtaken retransmit`)

// Tags returns the words that a filter knows a line by: its kind; of a segment its flags in small letters, data, the
// direction (left or right) and what happened to it; state where an end changes it.
func (l *Line) Tags() []string {
	tags := []string{l.Kind.String()}
	add := func(so bool, tag string) {
		if so {
			tags = append(tags, tag)
		}
	}
	add(l.Kind != KindState && len(l.Left)+len(l.Right) > 0, "state")
	add(l.Drop != ip.NoDrop, "drop")
	if l.Kind != KindSegment {
		return append(tags, "at-"+l.Side.String())
	}
	if flags := l.Segment.Header.Flags; flags != 0 {
		tags = append(tags, strings.Split(strings.ToLower(flags.Names()), ",")...)
	}
	add(l.Segment.Len > 0, "data")
	add(l.Part == Departs, "departs")
	add(l.Part == Arrives, "arrives")
	add(l.Lost || l.Missing > 0, "lost")
	add(l.Flying, "flying")
	add(l.Duplicate, "duplicate")
	add(l.Injected, "injected")
	add(l.Overtaken, "overtaken")
	add(l.Why.Retransmission() || l.Nth > 0 || l.Finding.retransmission(), "retransmit")
	return append(tags, l.Dir.String())
}

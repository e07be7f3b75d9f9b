package packetdrill

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// ruleForm is what a rule looks like: documents with their sections, and where a section has them, a step or requirement.
var ruleForm = regexp.MustCompile(`^RFC \d+ §[\d.A-Z()a-z]+(, (first|second|third|fourth|fifth|sixth|seventh|eighth|[A-Z]+-\d+))?(; RFC \d+ §[\d.]+)*$`)

// Whatever is sent, thrown away or changes the state has a reason and a rule that says so, in all the scripts.
func TestEveryEventHasItsRule(t *testing.T) {
	paths, err := filepath.Glob("../../tcp/testdata/*.pkt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[tcp.EventKind]int{}
	for _, path := range paths {
		s, err := ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check := func(e *tcp.Event) {
			switch e.Kind {
			case tcp.EventSend, tcp.EventDrop, tcp.EventState, tcp.EventRecovery, tcp.EventICMP, tcp.EventUrgent, tcp.EventMTU:
			default:
				return
			}
			kinds[e.Kind]++
			if !ruleForm.MatchString(e.Rule) {
				t.Errorf("%s: the rule of %v (%v, %v) is %q", filepath.Base(path), e.Kind, e.Why, e.Drop, e.Rule)
			}
			if e.Kind != tcp.EventDrop && e.Kind != tcp.EventICMP && e.Why == tcp.WhyNone {
				t.Errorf("%s: %v has no reason", filepath.Base(path), e.Kind)
			}
		}
		if err := s.Run(Options{Configure: func(c *stack.Config) {
			record := c.Trace
			c.Trace = func(e *tcp.Event) {
				check(e)
				if record != nil {
					record(e)
				}
			}
		}}); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range []tcp.EventKind{tcp.EventSend, tcp.EventDrop, tcp.EventState, tcp.EventRecovery, tcp.EventICMP, tcp.EventMTU} {
		if kinds[kind] == 0 {
			t.Errorf("no script has an event of kind %v", kind)
		}
	}
}

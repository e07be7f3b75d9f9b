package ladder

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func diagram(t *testing.T, ladders []*Ladder) string {
	t.Helper()
	var b strings.Builder
	if err := Mermaid(&b, ladders); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMermaidGolden(t *testing.T) {
	golden(t, "fates.mermaid", diagram(t, Build(allFates(), Options{Left: "A", Right: "B"})))
	golden(t, "retransmissions.mermaid", diagram(t, Build(retransmissions().events, Options{Left: "sockeye", Right: "kernel"})))
}

// statement is what the grammar of sequence diagrams lets a line be, as far as we use it. What follows a
// colon has no character that ends a statement (#, ;) but in entities, which are taken out before.
var statement = regexp.MustCompile(`^(sequenceDiagram|    participant [LR] as [^#;{}%<>]+(<br/>[^#;{}%<>]+)?|    [LR](->>|-x|-->>|-\))[LR]: [^#;{}%<>]+|    Note ((left|right) of [LR]|over L,R): [^#;{}%<>]+(<br/>[^#;{}%<>]+)*)$`)

var entity = regexp.MustCompile(`#\w+;`)

func TestMermaidIsInItsGrammar(t *testing.T) {
	for name, events := range map[string][]tcp.Event{
		"fates": allFates(), "download": download().events, "aborted": aborted().events, "simultaneous": simultaneousOpen().events,
	} {
		for line := range strings.Lines(diagram(t, Build(events, hostile))) {
			line = entity.ReplaceAllString(strings.TrimSuffix(line, "\n"), "_")
			if !statement.MatchString(line) {
				t.Errorf("%s: no statement: %q", name, line)
			}
		}
	}
}

func TestJSONHasASchema(t *testing.T) {
	for name, ladders := range map[string][]*Ladder{"none": nil, "one": Build(allFates(), Options{})} {
		var b strings.Builder
		if err := JSON(&b, ladders); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Schema  int
			Ladders []struct{ Lines []struct{ Kind string } }
		}
		if err := json.Unmarshal([]byte(b.String()), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Schema != Schema || doc.Ladders == nil || len(doc.Ladders) != len(ladders) {
			t.Errorf("%s: got schema %d and ladders %v", name, doc.Schema, doc.Ladders)
		}
	}
}

func TestJSONGoldenOfBothEnds(t *testing.T) {
	got, err := json.MarshalIndent(Build(fateOf("arrives twice"), Options{Left: "A", Right: "B"}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "twice.json", string(got)+"\n")
}

package ladder

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every field of the JSON document and every word of filters stands in docs/ladder.md.
func TestDocumentIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/ladder.md")
	if err != nil {
		t.Fatal(err)
	}
	words := append([]string{"schema", "ladders", "lines"}, allTags...)
	for _, v := range []any{jsonEnd{}, jsonLine{}, jsonChanges{}, jsonSegment{}} {
		for i := range reflect.TypeOf(v).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ",")
			words = append(words, name)
		}
	}
	for _, w := range words {
		if !strings.Contains(string(text), "`"+w+"`") && !strings.Contains(string(text), `"`+w+`"`) {
			t.Errorf("docs/ladder.md says nothing about %s", w)
		}
	}
}

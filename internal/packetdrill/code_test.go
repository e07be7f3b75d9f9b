package packetdrill

import (
	"bytes"
	"strings"
	"testing"
)

// evaluate runs code outside of a script and returns what it prints.
func evaluate(text string) (string, error) {
	var out bytes.Buffer
	r := newRunner(&Script{Name: "test.pkt"}, &settings{version: 4}, Options{Output: &out})
	err := r.runCode(&Code{Line: 1, Text: text})
	return strings.TrimSuffix(out.String(), "\n"), err
}

func TestCodeEvaluates(t *testing.T) {
	for _, test := range []struct{ code, want string }{
		{"print(1 + 2 * 3)", "7"},
		{"print((1 + 2) * 3)", "9"},
		{"print(7 // 2, 7 % 2, -7 // 2, -7 % 2)", "3 1 -4 1"},
		{"print(7 / 2)", "3.5"},
		{"print(2 - 3 - 4)", "-5"},
		{"print(0x10 | 1 ^ 3 & 2)", "19"},
		{"print(1 << 4 >> 2)", "4"},
		{"print(1 < 2 <= 2 < 3)", "1"},
		{"print(1 < 3 < 2)", "0"},
		{"print(1 == 1.0, 1 != 2)", "1 1"},
		{"print(not 1 or 2 and 3)", "3"},
		{"print(0 or 0)", "0"},
		{"print(not not 5)", "1"},
		{"print(abs(-3), abs(2.5))", "3 2.5"},
		{"print('a' == \"a\", 'a' == 1)", "1 0"},
		{"print('%d of %d, 100%%' % (1, 2))", "1 of 2, 100%"},
		{"print(True, False)", "1 0"},
		{"print 5", "5"},
		{"x = 5; x = x + 1 # six\nprint(x)", "6"},
		{"x = 1 + \\\n 2\nprint(x)", "3"},
		{"print(1,\n2)", "1 2"},
		{"pass", ""},
		{"assert 1 == 1, nothing", ""},
		{"print(TCP_ESTABLISHED, TCP_CA_Recovery)", "1 3"},
	} {
		if got, err := evaluate(test.code); err != nil && !strings.Contains(test.code, "nothing") || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.code, got, err, test.want)
		}
	}
}

func TestCodeFails(t *testing.T) {
	for _, test := range []struct{ code, want string }{
		{"\n\nassert 1 == 2", "test.pkt:3: assertion failed: 1 == 2"},
		{"\nx = 1; assert x > 1, 'x is %d' % x", "test.pkt:2: assertion failed: x > 1: x is 1"},
		{"print(y)", "the name y is not known"},
		{"print(1 // 0)", "division by zero"},
		{"print(1 / 0)", "division by zero"},
		{"print(1 << 99)", "a shift by 99"},
		{"print(1.5 | 1)", "needs integers"},
		{"print('a' + 1)", "needs a number"},
		{"print((1)", "closing parenthesis"},
		{"print('a)", "without an end"},
		{"x = ", "ends too early"},
		{"x = 1 2", "makes no sense"},
		{"x = )", "makes no sense"},
		{"x = 1abc", "is not a number"},
		{"for x in y: pass", "only assert, print and assignments"},
		{"assert tcpi_rtt > 0", "no connection yet"},
		{"x = " + strings.Repeat("(", 99), "nest deeper"},
		{"x = " + strings.Repeat("-", 99) + "1", "nest deeper"},
		{"print('%d %d' % 1)", "needs more values"},
	} {
		if _, err := evaluate(test.code); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.code, err, test.want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"sysctl -q a=1", "sysctl,-q,a=1"},
		{`  sysctl a="1 2	3" `, "sysctl,a=1 2	3"},
		{"x ''", "x,"},
		{"", ""},
	} {
		words, err := shellWords(test.line)
		if got := strings.Join(words, ","); err != nil || got != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.line, got, err, test.want)
		}
	}
	if _, err := shellWords(`x "y`); err == nil {
		t.Error("got no error for an open quote")
	}
}

// FuzzCode holds the evaluator to this: whatever stands in a script, it does not panic.
func FuzzCode(f *testing.F) {
	f.Add("assert 990 <= x & 3 <= 1010, 'x=%d' % x\nx = (1, 2); print(abs(-x))")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = evaluate(text)
	})
}

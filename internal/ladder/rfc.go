package ladder

import "regexp"

// Rules as links: "RFC 9293 §3.10.7.4, fifth" is a place on a page of the RFC Editor's.

// reference matches a place in an RFC: the document, then the section if there is one.
var reference = regexp.MustCompile(`RFC (\d{1,5})(?:,? (?:§|[Ss]ection )(\d+(?:\.\d+)*))?`)

// RuleURL returns the address of the first place in an RFC that a text names, or "" when it names none.
func RuleURL(text string) string {
	m := reference.FindStringSubmatch(text)
	switch {
	case m == nil:
		return ""
	case m[2] == "":
		return rfcEditor + m[1]
	}
	return rfcEditor + m[1] + "#section-" + m[2]
}

const rfcEditor = "https://www.rfc-editor.org/rfc/rfc"

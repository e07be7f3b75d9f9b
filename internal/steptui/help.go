package steptui

// The help overlay.

// helpRows lists the keys in two columns.
func (m *Model) helpRows(n int) []string {
	var lines []string
	for _, b := range bindings {
		if b.text != "" {
			lines = append(lines, keyStyle.Render(m.g.fit(m.g.text(b.show), 11))+" "+m.g.text(b.text))
		}
	}
	column := (m.width - 3) / 2
	half := (len(lines) + 1) / 2
	rows := []string{"", strongStyle.Render(" Keys"), ""}
	for i := range half {
		row := " " + m.g.fit(lines[i], column)
		if j := i + half; j < len(lines) {
			row += " " + m.g.fitPlain(lines[j], column)
		}
		rows = append(rows, row)
	}
	rows = append(rows, "")
	for _, row := range wrap(helpText, m.width-2) {
		rows = append(rows, " "+m.g.text(row))
	}
	return rows[:min(len(rows), n)]
}

const helpText = "A step is one thing that happens: a packet arrives, a timer expires, an application calls. " +
	"Between steps time stands still. What is undone can be done again, and another choice begins another story. " +
	"In the ladder x marks a segment that is lost; what stands in parentheses is inferred."

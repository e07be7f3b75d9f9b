package steptui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The panes: both ends, packets in flight, the note, the menu.

// endRows shows both ends beside each other: their states, and the variables, few or all.
func (m *Model) endRows(w int) []string {
	v := m.player.View()
	column := (w - 3) / 2
	a, b := m.endLines(&v.Ends[0], column, m.vars), m.endLines(&v.Ends[1], column, m.vars)
	heading := m.heading("ends", "", w)
	if !m.vars {
		heading = m.heading("ends", dimStyle.Render("v: all variables"), w)
	}
	rows := []string{heading}
	for i := range max(len(a), len(b)) {
		var l, r string
		if i < len(a) {
			l = a[i]
		}
		if i < len(b) {
			r = b[i]
		}
		rows = append(rows, m.g.fit(l, column)+" "+dimStyle.Render(m.g.bar)+" "+m.g.fitPlain(r, w-column-3))
	}
	return rows
}

// endLines describes one end.
func (m *Model) endLines(e *step.EndView, w int, all bool) []string {
	state := e.State.String()
	switch {
	case e.Inferred:
		state = "(" + state + ")"
	case !e.HasConn && e.Listening:
		state = tcp.Listen.String()
	case e.State == tcp.Closed && e.Cause != tcp.CauseNone && e.Cause != tcp.CauseDone:
		state += ": " + e.Cause.String()
	}
	addr := ""
	if e.Addr.IsValid() {
		addr = dimStyle.Render(e.Addr.String())
	}
	lines := []string{m.g.ends(strongStyle.Render(strings.TrimSpace(e.Name+" "+state)), addr, w)}
	switch {
	case e.Inferred:
		return append(lines, dimStyle.Render("inferred from the segments"))
	case !e.HasConn:
		return append(lines, dimStyle.Render("no connection"))
	case all:
		lines = append(lines, allVars(e)...)
	default:
		lines = append(lines, fewVars(e)...)
	}
	return append(lines, m.timerLines(e, w, all)...)
}

// fewVars are the variables that most steps are about.
func fewVars(e *step.EndView) []string {
	v := &e.Vars
	return []string{
		fmt.Sprintf("snd una %d nxt %d wnd %d", relative(v.SndUna, v.ISS), relative(v.SndNxt, v.ISS), v.SndWnd),
		fmt.Sprintf("rcv nxt %d wnd %d  cwnd %d", heard(v, v.RcvNxt), v.RcvWnd, v.Cwnd),
	}
}

// relative counts a number from an initial one.
func relative(s, initial tcp.Seq) uint32 { return s.Sub(initial) }

// heard is relative for numbers of the peer, 0 as long as nothing was heard of it.
func heard(v *tcp.Vars, s tcp.Seq) uint32 {
	if v.IRS == 0 && v.RcvNxt == 0 {
		return 0
	}
	return relative(s, v.IRS)
}

// allVars are all variables, under their names in the RFC.
func allVars(e *step.EndView) []string {
	v := &e.Vars
	thresh := fmt.Sprint(v.Ssthresh)
	if v.Ssthresh >= 1<<30 {
		thresh = "none"
	}
	lines := []string{
		fmt.Sprintf("snd.una %d  snd.nxt %d  snd.wnd %d", relative(v.SndUna, v.ISS), relative(v.SndNxt, v.ISS), v.SndWnd),
		fmt.Sprintf("rcv.nxt %d  rcv.wnd %d  holes %d", heard(v, v.RcvNxt), v.RcvWnd, v.Holes),
		fmt.Sprintf("iss %d  irs %d", v.ISS, v.IRS),
		fmt.Sprintf("cwnd %d  ssthresh %s  flight %d", v.Cwnd, thresh, v.Flight),
		fmt.Sprintf("srtt %s  rttvar %s  rto %s", short(v.SRTT), short(v.RTTVar), short(v.RTO)),
		fmt.Sprintf("buffers: send %d  receive %d", v.SndBuf, v.RcvBuf),
		fmt.Sprintf("application: wrote %d  read %d", e.Wrote, e.Read),
	}
	var set []string
	for _, option := range []struct {
		is   bool
		name string
	}{{v.Recovery, "in recovery"}, {e.NoDelay, "nodelay"}, {e.KeepAlive, "keep-alive"}} {
		if option.is {
			set = append(set, option.name)
		}
	}
	if len(set) > 0 {
		lines = append(lines, strings.Join(set, ", "))
	}
	return lines
}

// short writes a time in three or four digits.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < time.Millisecond:
		return d.String()
	case d < time.Second:
		return fmt.Sprintf("%.4gms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.4gs", d.Seconds())
}

// due says when something happens.
func due(d time.Duration) string {
	if d <= 0 {
		return "now"
	}
	return "in " + short(d)
}

// timerLines name the timers that run: on one line, or each on its own.
func (m *Model) timerLines(e *step.EndView, w int, all bool) []string {
	now := m.player.View().Now
	if len(e.Timers) == 0 {
		return []string{dimStyle.Render("no timer runs")}
	}
	words := make([]string, 0, len(e.Timers))
	for _, t := range e.Timers {
		words = append(words, t.Name+" "+due(t.At.Sub(now)))
	}
	if !all {
		return []string{m.g.fitPlain("timer: "+strings.Join(words, ", "), w)}
	}
	for i := range words {
		words[i] = "timer: " + words[i]
	}
	return words
}

// flightRows lists the packets in flight below a heading; at most n of them.
func (m *Model) flightRows(w, n int) []string {
	v := m.player.View()
	text := "nothing in flight"
	switch {
	case len(v.InFlight) > n:
		text = fmt.Sprintf("%d in flight, %d shown", len(v.InFlight), n)
	case len(v.InFlight) > 0:
		text = fmt.Sprintf("%d in flight", len(v.InFlight))
	case len(m.player.Moves()) == 0:
		text = "a recording"
	}
	right, below := "", ""
	if v.Ahead != "" {
		right = m.g.text("space: " + v.Ahead)
	}
	if width(right) > w-width(text)-10 && w < minWidth {
		right, below = "", right
	}
	if right != "" {
		right = dimStyle.Render(m.g.fitPlain(right, w-width(text)-9))
	}
	rows := []string{m.heading(text, right, w)}
	if below != "" {
		rows = append(rows, dimStyle.Render(m.g.fitPlain(below, w)))
	}
	from := 0
	if at := slices.IndexFunc(v.InFlight, func(f step.Flight) bool { return f.ID == m.selected }); at >= n {
		from = at - n + 1
	}
	for i := from; i < len(v.InFlight) && i < from+n; i++ {
		rows = append(rows, m.flightRow(&v.InFlight[i], w))
	}
	return rows
}

// flightRow is one packet: from where to where, what it is, why, by which rule, and when it arrives. What there is no room
// for goes in the order of its worth: options, the rule, the details of the reason, the reason.
func (m *Model) flightRow(f *step.Flight, w int) string {
	mark := "  "
	if f.ID == m.selected {
		mark = m.g.chosen + " "
	}
	what := f.Text + f.ICMP // one of them is ""
	segment, _, _ := strings.Cut(what, " <")
	way := fmt.Sprintf("%s#%-2d %s%s%s  ", mark, f.ID, m.endName(f.From), m.g.right, m.endName(f.To))
	reason, _, _ := strings.Cut(f.Why.String(), " (")
	fate, when := flightFate(f), due(f.Arrives.Sub(m.player.View().Now))
	left, right := way+segment, when
	for _, try := range [][2]string{
		{what, joined(f.Why.String(), fate, f.Rule, when)},
		{segment, joined(f.Why.String(), fate, f.Rule, when)},
		{segment, joined(f.Why.String(), fate, when)},
		{segment, joined(reason, fate, when)},
	} {
		if width(way)+width(try[0])+width(m.g.text(try[1]))+2 <= w {
			left, right = way+try[0], try[1]
			break
		}
	}
	row := m.g.fit(m.g.ends(left, m.g.text(right)+" ", w), w)
	if f.ID == m.selected {
		return chosenStyle.Render(row)
	}
	return row
}

// joined joins those of some words that are there.
func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// flightFate says what has been done to a packet.
func flightFate(f *step.Flight) string {
	var words []string
	if f.Copy != 0 {
		words = append(words, fmt.Sprintf("copy of #%d", f.Copy))
	}
	if f.Delayed {
		words = append(words, "delayed")
	}
	if f.Corrupt {
		words = append(words, "mangled")
	}
	return strings.Join(words, ", ")
}

// noteRows is the note of the step with its rule, at most n rows and the heading.
func (m *Model) noteRows(w, n int) []string {
	v := m.player.View()
	did := v.Did
	if did == "" {
		did = "before the first step"
	}
	rows := []string{m.heading(m.g.text(m.g.fitPlain(did, w-10)), "", w)}
	text := v.Note
	if v.Rule != "" && !strings.Contains(text, v.Rule) {
		text += " (" + v.Rule + ")"
	}
	note := wrap(m.g.text(text), w-2)
	if len(note) > n {
		note = note[:n]
		note[n-1] = m.g.fitPlain(note[n-1]+" "+m.g.more, w-2)
	}
	for _, row := range note {
		rows = append(rows, " "+row)
	}
	return rows
}

// menuRows is the menu of calls, nil when it is closed.
func (m *Model) menuRows(w int) []string {
	if m.menu == nil {
		return nil
	}
	rows := []string{m.heading("calls", "", w)}
	column := (w - 2) / 2
	half := (len(m.menu.moves) + 1) / 2
	for i := range half {
		row := m.menuItem(i, column)
		if j := i + half; j < len(m.menu.moves) {
			row += "  " + m.menuItem(j, column)
		}
		rows = append(rows, row)
	}
	return rows
}

// menuItem is one call in n columns.
func (m *Model) menuItem(i, n int) string {
	move := m.menu.moves[i]
	words := move.String()
	if hasCount(move) {
		words = strings.TrimSuffix(words, fmt.Sprint(move.N)) + "..."
	}
	if rest, ok := strings.CutPrefix(words, [...]string{"A", "B"}[max(move.End, 0)]+":"); ok {
		words = m.endName(move.End) + ":" + rest
	}
	key := " "
	if i < 9 {
		key = fmt.Sprint(i + 1)
	}
	text := m.g.fit(" "+key+"  "+words, n)
	if i == m.menu.at {
		return chosenStyle.Render(text)
	}
	return text
}

// sideRows are the panes beside the ladder in a wide window.
func (m *Model) sideRows(w, n int) []string {
	v := m.player.View()
	var rows []string
	for i := range v.Ends {
		rows = append(rows, m.heading("end "+m.endName(i), "", w))
		rows = append(rows, m.endLines(&v.Ends[i], w, true)...)
		rows = append(rows, "")
	}
	left := max(n-len(rows)-1, 1)
	rows = append(rows, m.flightRows(w, left/2)...)
	if f := m.flight(); f != nil {
		rows = append(rows, "")
		for _, line := range m.flightDetails(f, w) {
			rows = append(rows, dimStyle.Render(line))
		}
	}
	return rows
}

// flightDetails are what a row has no room for.
func (m *Model) flightDetails(f *step.Flight, w int) []string {
	lines := wrap(m.g.text(fmt.Sprintf("#%d: %s", f.ID, f.Text+f.ICMP)), w)
	return append(lines, wrap(m.g.text(joined(f.Why.String(), f.Rule)), w)...)
}

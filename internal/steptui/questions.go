package steptui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What prompts ask, and what they do with the answer.

// askState asks for a state to run to.
func (m *Model) askState() {
	words := m.stateWords()
	m.ask(&prompt{
		label: "Run until",
		hint:  words[0] + "   (Tab completes)",
		complete: func(typed string) []string {
			var found []string
			for _, w := range words {
				_, whole := cutFold(w, typed)
				_, state, _ := strings.Cut(w, " ")
				if _, part := cutFold(state, typed); whole || part {
					found = append(found, w)
				}
			}
			return found
		},
		accept: m.runToState,
	})
}

// states are those that can be run to.
var states = []tcp.State{
	tcp.Established, tcp.Listen, tcp.SynSent, tcp.SynReceived, tcp.FinWait1, tcp.FinWait2,
	tcp.CloseWait, tcp.Closing, tcp.LastAck, tcp.TimeWait, tcp.Closed,
}

// stateWords are the answers: "A ESTABLISHED".
func (m *Model) stateWords() []string {
	var words []string
	for end := range 2 {
		for _, s := range states {
			words = append(words, m.endName(end)+" "+s.String())
		}
	}
	return words
}

// runToState takes "A ESTABLISHED", in any letters; the end may be left out, and the state may be cut short.
func (m *Model) runToState(text string) error {
	if text == "" {
		return errors.New("which state? Tab shows them")
	}
	end, typed := step.A, text
	for e := range 2 {
		if rest, ok := cutFold(text, m.endName(e)+" "); ok {
			end, typed = e, rest
		}
	}
	typed = strings.ToUpper(strings.TrimSpace(typed))
	var fit []tcp.State
	for _, s := range states {
		if s.String() == typed {
			fit = []tcp.State{s}
			break
		}
		if strings.HasPrefix(s.String(), typed) {
			fit = append(fit, s)
		}
	}
	switch len(fit) {
	case 0:
		return fmt.Errorf("%q is no state; Tab shows them", typed)
	case 1:
	default:
		return fmt.Errorf("%q may be %v or %v", typed, fit[0], fit[1])
	}
	err := m.player.RunToState(end, fit[0])
	m.moved()
	if err != nil { // the steps stay, so the prompt goes
		m.message, m.failed = reason(err), true
	}
	return nil
}

// cutFold is strings.CutPrefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// askTime asks for a time to run to.
func (m *Model) askTime() {
	m.ask(&prompt{label: "Run until", hint: "1.5 (seconds), 200ms, or +3 from now", accept: func(text string) error {
		from, text := m.player.View().Start, strings.TrimSpace(text)
		if rest, ok := strings.CutPrefix(text, "+"); ok {
			from, text = m.player.View().Now, rest
		}
		d, err := duration(text)
		if err != nil {
			return err
		}
		return m.runUntil(from.Add(d))
	}})
}

// runUntil runs to a time, which must be ahead.
func (m *Model) runUntil(t ip.Time) error {
	if now := m.player.View().Now; t.Before(now) {
		return fmt.Errorf("that is past: it is %s now; p goes back", seconds(m.player.View().Elapsed()))
	}
	err := m.player.RunUntil(t)
	m.moved()
	return err
}

// duration reads seconds, or a number with a unit.
func duration(text string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && f < 1e6 {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time: 1.5, 200ms", text)
	}
	return d, nil
}

// askDelay asks by how much to delay the chosen packet.
func (m *Model) askDelay() {
	f := m.flight()
	if f == nil {
		m.onFlight(step.Delay) // says why not
		return
	}
	id := f.ID
	m.ask(&prompt{label: fmt.Sprintf("Delay #%d by", id), text: []rune("100ms"), accept: func(text string) error {
		d, err := duration(text)
		if err != nil {
			return err
		}
		err = m.player.Do(step.Move{Kind: step.Delay, Packet: id, D: d})
		m.moved()
		return err
	}})
}

// askInject asks for a segment.
func (m *Model) askInject() {
	p := &prompt{label: "Inject into %s:", hint: ". 1:1(0) ack 1 win 1000   (Tab: the other end)", ends: true, end: step.B}
	p.accept = func(text string) error {
		if text == "" {
			return errors.New("a segment in packetdrill's words is needed, such as: R 1:1(0)")
		}
		err := m.player.Inject(p.end, text)
		m.moved()
		return err
	}
	m.ask(p)
}

// askFilter asks what the ladder should show.
func (m *Model) askFilter() {
	m.ask(&prompt{label: "Show only", hint: "syn, fin   or: data right   or: !ack   (empty: everything)", text: []rune(m.filterText), accept: func(text string) error {
		if text == "" {
			m.filter, m.filterText = nil, ""
			return nil
		}
		f, err := ladder.ParseFilter(text)
		if err != nil {
			return err
		}
		m.filter, m.filterText, m.scroll = f, text, 0
		return nil
	}})
}

// askSave asks for the file to save a script to.
func (m *Model) askSave() {
	name := m.o.SaveAs
	if name == "" {
		name = "step.pkt"
	}
	p := &prompt{label: "Save what %s saw as", text: []rune(name), ends: true}
	p.accept = func(text string) error { return m.save(p.end, text, false) }
	m.ask(p)
}

// save writes the script. A file that exists is overwritten after a yes only.
func (m *Model) save(end int, name string, overwrite bool) error {
	if name == "" {
		return errors.New("a file name is needed")
	}
	script, err := m.player.Script(end)
	if err != nil {
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(name, flags, 0o666)
	if errors.Is(err, os.ErrExist) {
		m.ask(&prompt{label: filepath.Base(name) + " exists. Overwrite it?", hint: "y or n", accept: func(text string) error {
			switch strings.ToLower(text) {
			case "y", "yes":
				return m.save(end, name, true)
			case "n", "no":
				m.say("Not saved.")
				return nil
			}
			return errors.New("y or n")
		}})
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	_, err = file.Write(script)
	if err = errors.Join(err, file.Close()); err == nil {
		m.say("Saved as %s. Run it with: sockeye step %s", name, name)
	}
	return err
}

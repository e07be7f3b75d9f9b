package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
)

// Lessons: listed, found, and completed by the shell.

// listLessons prints the lessons, each with what it shows.
func (a *app) listLessons(f *stepFlags) error {
	lessons := step.Lessons()
	if f.format == "json" {
		type entry struct {
			Name  string `json:"name"`
			Title string `json:"title"`
			About string `json:"about"`
			Rule  string `json:"rule,omitempty"`
		}
		list := make([]entry, 0, len(lessons))
		for _, l := range lessons {
			list = append(list, entry{l.Name, l.Title, l.About, l.Rule})
		}
		return json.NewEncoder(a.stdout).Encode(struct {
			Schema  int     `json:"schema"`
			Lessons []entry `json:"lessons"`
		}{1, list})
	}
	width := 0
	for _, l := range lessons {
		width = max(width, len(l.Name))
	}
	var b strings.Builder
	for _, l := range lessons {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, l.Name, l.Title)
	}
	_, err := fmt.Fprintf(a.stdout, "Lessons:\n%s\nStep through one with: sockeye step %s\n", b.String(), "NAME")
	return err
}

// completeStep offers lessons beside the files that the shell knows.
func completeStep(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || strings.ContainsAny(typed, "/.") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, l := range step.Lessons() {
		if strings.HasPrefix(l.Name, typed) {
			names = append(names, l.Name+"\t"+l.Title)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// completeStepFlags offers values of flags.
func completeStepFlags(c *cobra.Command) {
	if err := c.MarkFlagFilename("read", "pcap", "pcapng", "cap", "gz"); err != nil {
		panic("BUG: " + err.Error())
	}
	for flag, values := range map[string][]string{"format": stepFormats, "color": {"auto", "always", "never"}, "end": {"1", "2"}} {
		// The only error is a flag that does not exist.
		if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic("BUG: " + err.Error())
		}
	}
}

// nearLesson names the lesson that was perhaps meant.
func nearLesson(typed string) string {
	best, distance := "", 3
	for _, l := range step.Lessons() {
		if d := edits(typed, l.Name); d < distance {
			best, distance = l.Name, d
		} else if best == "" && strings.HasPrefix(l.Name, typed) {
			best = l.Name
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits counts the letters to add, remove or change on the way from one word to another.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// stepLesson plays a lesson: on a terminal from its start, else to its end.
func (a *app) stepLesson(ctx context.Context, f *stepFlags, l *step.Lesson) error {
	play := *l
	if names := f.ends(); names != nil {
		play.Config.Ends[0].Name, play.Config.Ends[1].Name = names[0], names[1]
	}
	p, err := play.Play(f.seed)
	if err != nil {
		return err
	}
	if a.interactive(f) {
		f.saveAs = l.Name + ".pkt"
		return a.stepThrough(ctx, f, p)
	}
	s := tell(l, p)
	v := p.View()
	d := &drawing{
		title: l.Title, about: l.About, remarks: s.remarks(), events: p.Events(), ladders: v.Ladder,
		script: func() ([]byte, error) { return p.Script(f.end - 1) },
		text:   func(w io.Writer, o ladder.TextOptions) error { return s.write(w, o) },
	}
	if c, ok := p.(step.Capturer); ok {
		for _, packet := range c.Packets(f.end - 1) {
			d.packets = append(d.packets, timedPacket{epoch.Add(packet.At.Sub(v.Start)), packet.Data})
		}
	}
	return a.show(ctx, f, d)
}

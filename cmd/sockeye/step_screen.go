package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/pcap"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/internal/steptui"
)

// The full screen.

// interactive reports whether to step on the full screen.
func (a *app) interactive(f *stepFlags) bool {
	return !f.formatGiven && !f.outputGiven && !f.list && onTerminal(a.stdin) && onTerminal(a.stdout) && os.Getenv("TERM") != "dumb"
}

// screenOptions say how the full screen looks, and where it is.
func (a *app) screenOptions(f *stepFlags) (steptui.Options, steptui.Terminal, error) {
	color, err := useColor(f.color, a.stdout)
	env := os.Environ()
	if !color {
		env = append(env, "NO_COLOR=1")
	}
	o := steptui.Options{ASCII: f.ascii || !utf8Locale(), Color: color, Absolute: f.absolute, Rules: f.rules, Vars: f.lane, SaveAs: f.saveAs}
	return o, steptui.Terminal{In: a.stdin, Out: a.stdout, Env: env, Preserve: f.preserve}, err
}

// stepThrough steps through something.
func (a *app) stepThrough(ctx context.Context, f *stepFlags, p step.Player) error {
	o, t, err := a.screenOptions(f)
	if err != nil {
		return err
	}
	return steptui.Run(ctx, p, o, t)
}

// choose lets the user choose again and again, and shows what was chosen.
func (a *app) choose(ctx context.Context, f *stepFlags, title string, items []steptui.Item, show func(int) error) error {
	for at := 0; ; {
		o, t, err := a.screenOptions(f)
		if err != nil {
			return err
		}
		at, err = steptui.Pick(ctx, title, items, at, o, t)
		if err != nil || at < 0 {
			return err
		}
		if err := show(at); err != nil {
			return err
		}
	}
}

// chooseLesson steps through lessons from a list.
func (a *app) chooseLesson(ctx context.Context, f *stepFlags) error {
	lessons := step.Lessons()
	items := make([]steptui.Item, len(lessons))
	for i, l := range lessons {
		items[i] = steptui.Item{Name: l.Name, Title: l.Title, About: l.About + " (" + l.Rule + ")"}
	}
	return a.choose(ctx, f, "Lessons: step through TCP", items, func(i int) error { return a.stepLesson(ctx, f, lessons[i]) })
}

// chooseConnection steps through the connections of a capture.
func (a *app) chooseConnection(ctx context.Context, f *stepFlags, name string, list []*pcap.Connection, ladders []*ladder.Ladder) error {
	items := make([]steptui.Item, len(list))
	for i, c := range list {
		items[i] = steptui.Item{
			Name: fmt.Sprint(c.Number), Title: fmt.Sprintf("%v to %v", c.A, c.B),
			About: fmt.Sprintf("%d packets with %d bytes of text in %.3f s, from %s on.",
				c.Packets, c.Bytes, c.Last.Sub(c.First).Seconds(), c.First.Format("2006-01-02 15:04:05.000 MST")),
		}
	}
	return a.choose(ctx, f, "Connections in "+name, items, func(i int) error {
		title := fmt.Sprintf("%s, connection %d", name, list[i].Number)
		return a.stepThrough(ctx, f, steptui.Observed(title, ladders[i:i+1], ""))
	})
}

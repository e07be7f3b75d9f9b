package main

import (
	"context"
	"os"

	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/internal/steptui"
)

// The full screen.

// interactive reports whether to step on the full screen.
func (a *app) interactive(f *stepFlags) bool {
	return !f.formatGiven && !f.outputGiven && !f.list && onTerminal(a.stdin) && onTerminal(a.stdout) && os.Getenv("TERM") != "dumb"
}

// stepThrough steps through something on the full screen.
func (a *app) stepThrough(ctx context.Context, f *stepFlags, p step.Player) error {
	color, err := useColor(f.color, a.stdout)
	if err != nil {
		return err
	}
	o := steptui.Options{ASCII: f.ascii || !utf8Locale(), Color: color, Absolute: f.absolute, Rules: f.rules, Vars: f.lane, SaveAs: f.saveAs}
	env := os.Environ()
	if !color {
		env = append(env, "NO_COLOR=1")
	}
	return steptui.Run(ctx, p, o, steptui.Terminal{In: a.stdin, Out: a.stdout, Env: env, Preserve: f.preserve})
}

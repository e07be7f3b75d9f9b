package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// Progress of a long job: one line on standard error.

// A shareBar shows which share of a job is done. The zero bar shows nothing.
type shareBar struct {
	out io.Writer
	bar *progressbar.ProgressBar
}

// barSteps is how finely a shareBar is divided.
const barSteps = 1000

// newBar returns a bar on standard error, if that is a terminal and unless it is not wanted.
func (a *app) newBar(quiet bool) *shareBar {
	if quiet || !onTerminal(a.stderr) {
		return &shareBar{}
	}
	return &shareBar{out: a.stderr}
}

// set shows a share from 0 to 1 and what is being done.
func (b *shareBar) set(share float64, what string) {
	if b.out == nil {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(barSteps,
			progressbar.OptionSetWriter(b.out),
			progressbar.OptionThrottle(redraw),
			progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}))
	}
	b.bar.Describe(what)
	// Drawing fails when the terminal is gone, which is no reason to stop.
	_ = b.bar.Set(min(int(share*barSteps), barSteps-1))
}

// done takes the bar away.
func (b *shareBar) done() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// The progress meter: one line on standard error while a body arrives.

// A meter shows progress. The zero meter shows nothing.
type meter struct {
	run   *getRun
	plain bool // -#
	bar   *progressbar.ProgressBar
}

// newMeter returns the meter for a transfer: on standard error when that is a
// terminal, and not beside a body on the terminal (curl's rule).
func (g *getRun) newMeter(out *sink) *meter {
	o := g.o
	if o.silent || o.noMeter || o.verbose || out.toTerminal() || !onTerminal(g.stderr) {
		return &meter{}
	}
	return &meter{run: g, plain: o.progressBar}
}

// redraw is how often the meter is drawn: often enough to look alive.
const redraw = 100 * time.Millisecond

// update shows how much there is; it makes the meter with the first bytes.
func (m *meter) update(received, total int64) {
	if m.run == nil || received == 0 {
		return
	}
	if m.bar == nil {
		m.bar = progressbar.NewOptions64(total, m.options()...)
	}
	// Drawing fails when the terminal is gone, which is no reason to stop.
	_ = m.bar.Set64(received)
}

func (m *meter) options() []progressbar.Option {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(m.run.stderr),
		progressbar.OptionThrottle(redraw),
		progressbar.OptionFullWidth(),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "#", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
	}
	if m.plain {
		return append(options, progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
	}
	return append(options, progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true))
}

// done ends the meter's line.
func (m *meter) done() {
	if m.bar != nil {
		_ = m.bar.Exit()
		fmt.Fprintln(m.run.stderr)
	}
}

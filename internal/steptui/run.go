package steptui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// A Terminal is where a screen is shown.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	Env []string // TERM and NO_COLOR decide about colours
	// Preserve leaves the last screen behind.
	Preserve bool
}

// Run shows a player until the user quits or ctx ends.
func Run(ctx context.Context, p step.Player, o Options, t Terminal) error {
	m := New(p, o)
	if err := run(ctx, m, t); err != nil || !t.Preserve {
		return err
	}
	_, err := lipgloss.Fprintln(t.Out, m.Screen())
	return err
}

// run puts a model on the terminal until it ends.
func run(ctx context.Context, m tea.Model, t Terminal) error {
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(t.In), tea.WithOutput(t.Out), tea.WithEnvironment(t.Env), tea.WithoutSignalHandler())
	_, err := program.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("the terminal: %w", err)
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/pcap"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What step shows, in each of the formats.

// A drawing is something to be shown.
type drawing struct {
	title   string
	about   string // a paragraph, where there is more to say
	footer  string // a line below the text
	events  []tcp.Event
	ladders []*ladder.Ladder
	remarks []ladder.Remark // on the lines of the first
	packets []timedPacket
	// player steps through it, when that is wanted.
	player func() step.Player
	// text writes it as text in a way of its own; script as a script, where there is one.
	text   func(io.Writer, ladder.TextOptions) error
	script func() ([]byte, error)
}

// show steps through the drawing on a terminal, or writes it.
func (a *app) show(ctx context.Context, f *stepFlags, d *drawing) error {
	f.nameEnds(d.ladders)
	if a.interactive(f) && d.player != nil {
		return a.stepThrough(ctx, f, d.player())
	}
	if f.format == "pcapng" && !f.toFile() && onTerminal(a.stdout) {
		return &exitError{
			code: exitUsage, err: errors.New("a capture is no text: the terminal is not the place for it"),
			hint: "name a file with -o, or pipe it: -o - | tshark -r -",
		}
	}
	var out bytes.Buffer // whole before anything is written: a file that was there survives a failure
	if err := a.drawTo(&out, f, d); err != nil {
		return err
	}
	if !f.toFile() {
		_, err := a.stdout.Write(out.Bytes())
		return err
	}
	if err := os.WriteFile(f.output, out.Bytes(), 0o666); err != nil {
		return fmt.Errorf("%s cannot be written: %s", f.output, cause(err))
	}
	return nil
}

// toFile reports whether -o names a file.
func (f *stepFlags) toFile() bool { return f.output != "" && f.output != "-" }

// drawTo writes a drawing in the format that was chosen.
func (a *app) drawTo(w io.Writer, f *stepFlags, d *drawing) error {
	switch f.format {
	case "json":
		return ladder.JSON(w, d.ladders)
	case "pcapng":
		return d.writePackets(w)
	case "script":
		return d.writeScript(w)
	case "svg":
		return ladder.SVG(w, d.ladders, ladder.SVGOptions{Absolute: f.absolute, Full: f.full, Vars: f.lane})
	case "html":
		return ladder.HTML(w, d.ladders, ladder.HTMLOptions{Title: d.title, Note: d.about, Remarks: d.remarks, Absolute: f.absolute, Full: f.full})
	case "mermaid":
		return ladder.Mermaid(w, d.ladders)
	}
	if err := a.drawText(w, f, d); err != nil {
		return err
	}
	if d.footer == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s\n", d.footer)
	return err
}

// drawText draws with the flags that say how.
func (a *app) drawText(w io.Writer, f *stepFlags, d *drawing) error {
	o, err := a.textOptions(f)
	if err != nil {
		return err
	}
	if d.text != nil {
		return d.text(w, o)
	}
	return ladder.Text(w, d.ladders, o)
}

// textOptions are the flags for text.
func (a *app) textOptions(f *stepFlags) (ladder.TextOptions, error) {
	color, err := useColor(f.color, a.stdout)
	if err != nil {
		return ladder.TextOptions{}, err
	}
	width := f.width
	if file, ok := a.stdout.(*os.File); ok && !f.widthGiven && !f.toFile() {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
			width = columns
		}
	}
	return ladder.TextOptions{
		Width: width, ASCII: f.ascii || !utf8Locale(), Color: color && (!f.toFile() || f.color == "always"),
		Full: f.full, Rules: f.rules, Vars: f.lane, Absolute: f.absolute,
	}, nil
}

// nameEnds gives the ends the names of --names.
func (f *stepFlags) nameEnds(ladders []*ladder.Ladder) {
	if names := f.ends(); names != nil {
		for _, l := range ladders {
			l.Left.Name, l.Right.Name = names[0], names[1]
		}
	}
}

// writeScript writes a script of package packetdrill.
func (d *drawing) writeScript(w io.Writer) error {
	if d.script == nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("%s: only of a lesson there is a script", d.title)}
	}
	script, err := d.script()
	if err != nil {
		return err
	}
	_, err = w.Write(script)
	return err
}

// writePackets writes a capture.
func (d *drawing) writePackets(w io.Writer) error {
	out, err := pcap.NewWriter(w, "sockeye", d.title)
	if err != nil {
		return err
	}
	for _, p := range d.packets {
		if err := out.Write(p.when, p.data); err != nil {
			return err
		}
	}
	return out.Flush()
}

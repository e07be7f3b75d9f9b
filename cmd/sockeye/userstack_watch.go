package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What looks on while our stack works: -v, the ladder, the path of states.

// A stackWatch takes the stack's events. It is called from inside the stack and must not wait.
type stackWatch struct {
	run      *getRun
	recorder *ladder.Recorder // nil without --ladder

	mu    sync.Mutex
	paths map[endpoints][]tcp.State
}

func (w *stackWatch) init(g *getRun) {
	w.run = g
	w.paths = map[endpoints][]tcp.State{}
	if g.o.ladder != "" {
		w.recorder = ladder.NewRecorder(ladderEvents)
	}
	if g.trace.listens() {
		g.trace.start()
	}
}

// ladderEvents is how many events a ladder is drawn of; of a longer record it
// shows both ends. It bounds memory to some 20 MiB.
const ladderEvents = 1 << 16

// maxPaths bounds the connections whose states are remembered; the oldest
// ones of a run of thousands of URLs have been printed long ago.
const maxPaths = 1 << 12

func (w *stackWatch) event(e *tcp.Event) {
	if isDeparture(e) || isForeign(e) {
		return
	}
	if w.recorder != nil {
		w.recorder.Record(e)
	}
	if w.run.trace.listens() {
		w.run.trace.tcp(e)
	}
	if e.Kind != tcp.EventState {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := endpoints{e.Local, e.Remote}
	if e.From == tcp.Closed || len(w.paths) >= maxPaths {
		delete(w.paths, key)
	}
	if len(w.paths) < maxPaths {
		w.paths[key] = append(w.paths[key], e.State)
	}
}

// isDeparture reports whether an event is only the end of the program, which
// does not sit out the 2 MSL of TIME-WAIT: that belongs to no story of the connection.
func isDeparture(e *tcp.Event) bool {
	return e.Kind == tcp.EventCall && e.Call == tcp.CallAbort && e.State == tcp.TimeWait ||
		e.Kind == tcp.EventState && e.From == tcp.TimeWait && e.Cause == tcp.CauseAborted
}

// isForeign reports whether a packet was dropped that was not TCP's: the
// kernel speaks IPv6 neighbour discovery on every interface.
func isForeign(e *tcp.Event) bool {
	return e.Kind == tcp.EventDrop && e.Local.Port() == 0 && e.Remote.Port() == 0
}

// path returns the states that a connection went through: "SYN-SENT>ESTABLISHED".
func (w *stackWatch) path(local, remote net.Addr) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, s := range w.paths[endpoints{tcpEnd(local), tcpEnd(remote)}] {
		names = append(names, s.String())
	}
	return strings.Join(names, ">")
}

func tcpEnd(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return netip.AddrPortFrom(t.AddrPort().Addr().Unmap(), t.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// drawLadder draws what was recorded, in the format that the file's name tells: mostly text.
func (w *stackWatch) drawLadder() error {
	if w.recorder == nil {
		return nil
	}
	o := w.run.o
	out, err := w.run.target(o.ladder)
	if err != nil {
		return err
	}
	ladders := w.recorder.Ladders(ladder.Options{Left: "sockeye", Right: "peer"})
	switch formatExtensions[strings.ToLower(filepath.Ext(o.ladder))] {
	case "json":
		err = ladder.JSON(out, ladders)
	case "svg":
		err = ladder.SVG(out, ladders, ladder.SVGOptions{})
	case "html":
		err = ladder.HTML(out, ladders, ladder.HTMLOptions{})
	case "mermaid":
		err = ladder.Mermaid(out, ladders)
	default:
		color, _ := useColor("auto", out) // "auto" is always understood
		err = ladder.Text(out, ladders, ladder.TextOptions{ASCII: o.ascii || !utf8Locale(), Color: color})
	}
	if err != nil {
		return &httpget.Error{Code: httpget.WriteError, Err: err, Msg: fmt.Sprintf("Failed to draw the ladder into %s: %s", o.ladder, cause(err))}
	}
	return nil
}

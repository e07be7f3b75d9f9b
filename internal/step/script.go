package step

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What was done, as a script of package packetdrill that one end passes: its calls, the packets that it got and
// those that it sent. What happened to packets on the way shows in what arrived, and when. A packet that was damaged is left out: no
// connection has noticed it.

// Script implements Player. With a lesson, its notes stand in the script as comments.
func (s *session) Script(end int) ([]byte, error) {
	if end != A && end != B {
		return nil, &ScriptError{fmt.Sprintf("there is no end %d", end)}
	}
	w := newScriptWriter(s.world.ends[end])
	title := "Free play"
	if s.lesson != nil {
		title = s.lesson.Title
		w.notes = make([]string, s.base)
		for i := 0; s.base+i < s.pos && i < len(s.lesson.Steps) && s.made[s.base+i].lesson; i++ {
			w.notes = append(w.notes, s.lesson.Steps[i].Note)
		}
	}
	return w.script(title)
}

// A scriptWriter writes a script. It keeps books on sequence numbers as the runner of the script will:
// its host has other initial numbers, and numbers in a script count from these.
type scriptWriter struct {
	end   *end
	b     bytes.Buffer
	notes []string // of the steps, for comments
	noted int      // notes[:noted] are written

	nextFD, listenFD, connFD int
	connects                 int // there is more than one: the port must be named
	failure                  *ScriptError

	hasFlow   bool // a socket was opened, so that packets belong to something
	reached   bool // there is a connection, or something has arrived for one
	knowsPeer bool // something has arrived
	unasked   bool // the last arrival had no ACK: a reset in answer to it has the number zero

	hasISS, hasIRS    bool
	iss, irs, irsBase uint32          // what numbers count from; irsBase for those of SYNs
	stamps            map[uint32]bool // timestamps that the end has sent
	scaled            bool            // timestamps are echoed that it has not sent

	// The ports of the newest connection, as the runner chooses them when the script does not.
	localPort, remotePort, nextPort uint16
	listens                         bool // the next packet begins a connection with nextPort
}

// The ports of scripts: of a listener, and of the peer of a connect; and of the first peer of a listener.
const scriptPort, firstPeerPort = 8080, 40001

func newScriptWriter(e *end) *scriptWriter {
	return &scriptWriter{end: e, nextFD: 3, nextPort: firstPeerPort}
}

// script writes all of it. A host that has crashed has a script of what came after.
func (w *scriptWriter) script(title string) ([]byte, error) {
	log := w.end.log
	for i, e := range log {
		if e.kind == entryCrash {
			log = w.end.log[i+1:]
		}
	}
	if len(log) == 0 {
		return nil, &ScriptError{"nothing has happened at " + w.end.name()}
	}
	for _, e := range log {
		if e.kind == entryCall && e.move.Kind == Connect {
			w.connects++
		}
	}
	for _, e := range log {
		w.note(e.step)
		w.entry(e)
		if w.failure != nil {
			return nil, w.failure
		}
	}
	w.note(len(w.notes))
	return append(w.head(title), w.b.Bytes()...), nil
}

// head returns what stands before the first event.
func (w *scriptWriter) head(title string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s, as %s sees it.\n", title, w.end.name())
	c := w.end.world.cfg.Ends[w.end.index]
	if c.MTU != defaultMTU {
		fmt.Fprintf(&b, "--mtu=%d\n", c.MTU)
	}
	if w.scaled {
		b.WriteString("--tcp_ts_ecr_scaled\n")
	}
	set := func(on bool, format string, args ...any) {
		if on {
			fmt.Fprintf(&b, "`sysctl -q net.ipv4."+format+"`\n", args...)
		}
	}
	set(c.NoTimestamps, "tcp_timestamps=0")
	set(c.NoSACK, "tcp_sack=0")
	set(c.NoWindowScale, "tcp_window_scaling=0")
	set(c.RecvBuffer > 0, "tcp_rmem=\"4096 %d %d\"", c.RecvBuffer, c.RecvBuffer)
	set(c.SendBuffer > 0, "tcp_wmem=\"4096 %d %d\"", c.SendBuffer, c.SendBuffer)
	b.WriteByte('\n')
	return b.Bytes()
}

// note writes the notes of steps up to one.
func (w *scriptWriter) note(step int) {
	for ; w.noted < step && w.noted < len(w.notes); w.noted++ {
		for _, line := range wrap(w.notes[w.noted], 100) {
			w.b.WriteString("// " + line + "\n")
		}
	}
}

// wrap breaks a text into lines.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// clock writes a time in seconds from the start, with as many decimals as it needs.
func clock(t ip.Time) string {
	ns := int64(t - start)
	text := fmt.Sprintf("%d.%09d", ns/1e9, ns%1e9)
	text = strings.TrimRight(text, "0")
	return text + strings.Repeat("0", max(0, strings.IndexByte(text, '.')+4-len(text)))
}

// line writes one event.
func (w *scriptWriter) line(at ip.Time, format string, args ...any) {
	fmt.Fprintf(&w.b, "%8s %s\n", clock(at), fmt.Sprintf(format, args...))
}

// entry writes what happened at the end.
func (w *scriptWriter) entry(e entry) {
	switch e.kind {
	case entryCall:
		w.call(e)
	case entryAccept:
		w.connFD = w.newFD()
		w.line(e.at, "accept(%d, ..., ...) = %d", w.listenFD, w.connFD)
	case entryUnlisten:
		w.line(e.at, "close(%d) = 0", w.listenFD)
	case entryIn:
		if !w.hasFlow {
			w.closedPort(e.at)
		}
		w.arrival(e)
	case entryOut:
		w.departure(e)
	}
}

// newFD returns the next file descriptor.
func (w *scriptWriter) newFD() int {
	w.nextFD++
	return w.nextFD - 1
}

// socket writes the opening of a socket. Numbers of its packets count anew.
func (w *scriptWriter) socket(at ip.Time) int {
	fd := w.newFD()
	w.line(at, "socket(..., SOCK_STREAM, IPPROTO_TCP) = %d", fd)
	w.line(at, "setsockopt(%d, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", fd) // the port may still be in use
	w.hasFlow, w.hasISS, w.hasIRS, w.iss = true, false, false, 0
	w.irsBase = w.end.world.ends[1-w.end.index].iss
	w.irs = w.irsBase
	w.knowsPeer, w.reached = false, false
	w.stamps = map[uint32]bool{}
	w.listens = true
	return fd
}

// closedPort writes a listener that has gone: packets for a port that nobody listens on need a
// socket that they can be said to be for.
func (w *scriptWriter) closedPort(at ip.Time) {
	fd := w.socket(at)
	w.line(at, "bind(%d, ..., ...) = 0", fd)
	w.line(at, "listen(%d, 1) = 0", fd)
	w.line(at, "close(%d) = 0", fd)
}

// call writes a call.
func (w *scriptWriter) call(e entry) {
	at, m := e.at, e.move
	switch m.Kind {
	case Listen:
		w.listenFD = w.socket(at)
		w.line(at, "bind(%d, ..., ...) = 0", w.listenFD)
		w.line(at, "listen(%d, %d) = 0", w.listenFD, backlog-1)
	case Connect:
		w.connect(e)
	case Write:
		w.line(at, "write(%d, ..., %d) = %d", w.connFD, e.n, e.n)
	case Read:
		w.line(at, "read(%d, ..., %d) = %d", w.connFD, m.N, e.n)
	case Shutdown:
		w.line(at, "shutdown(%d, SHUT_WR) = 0", w.connFD)
	case Close:
		w.line(at, "close(%d) = 0", w.connFD)
	case Abort:
		w.line(at, "setsockopt(%d, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0", w.connFD)
		w.line(at, "close(%d) = 0", w.connFD)
	case NoDelay:
		w.option(at, "SOL_TCP, TCP_NODELAY", m.N)
	case KeepAlive:
		if m.N != 0 {
			w.option(at, "SOL_TCP, TCP_KEEPIDLE", int(keepIdle.Seconds()))
			w.option(at, "SOL_TCP, TCP_KEEPINTVL", int(keepInterval.Seconds()))
			w.option(at, "SOL_TCP, TCP_KEEPCNT", keepCount)
		}
		w.option(at, "SOL_SOCKET, SO_KEEPALIVE", m.N)
	}
}

// connect writes an active open, which does not wait for its end. Ports are named when another connect or a
// connection in TIME-WAIT has to do with the same ones.
func (w *scriptWriter) connect(e entry) {
	remote := "..."
	if e.n == tookOver {
		remote = sockaddr("192.0.2.1", w.remotePort)
	} else {
		w.localPort, w.remotePort = w.end.local.Port(), scriptPort
	}
	w.connFD = w.socket(e.at)
	w.reached, w.listens = true, false
	if w.connects > 1 || e.n == tookOver {
		w.line(e.at, "bind(%d, %s, ...) = 0", w.connFD, sockaddr("0.0.0.0", w.localPort))
	}
	w.line(e.at, "fcntl(%d, F_SETFL, O_RDWR|O_NONBLOCK) = 0", w.connFD)
	w.line(e.at, "connect(%d, %s, ...) = -1 EINPROGRESS (Operation now in progress)", w.connFD, remote)
}

// sockaddr writes an address.
func sockaddr(addr string, port uint16) string {
	return fmt.Sprintf("{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr(\"%s\")}", port, addr)
}

// option writes the setting of an option.
func (w *scriptWriter) option(at ip.Time, name string, value int) {
	w.line(at, "setsockopt(%d, %s, [%s], 4) = 0", w.connFD, name, strconv.Itoa(value))
}

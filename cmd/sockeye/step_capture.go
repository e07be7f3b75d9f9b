package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/pcap"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/internal/steptui"
	"github.com/sockeye-tcp/sockeye/ip"
)

// Captures: connections chosen, and drawn with what can be inferred.

// captureLimit bounds what is kept of a capture: some 100 MiB.
var captureLimit = pcap.Limit{Connections: 100_000, Segments: 200_000}

// stepCapture shows what a capture holds. What stands before a place where it is
// damaged is shown as well.
func (a *app) stepCapture(ctx context.Context, f *stepFlags, name string) error {
	filter, err := f.filter()
	if err != nil {
		return err
	}
	found, packets, broken := a.readCapture(f, name, filter)
	if broken != nil && (found == nil || len(found.Connections) == 0) {
		return captureError(name, broken)
	}
	switch {
	case len(found.Connections) == 0:
		err = nothingFound(f, name, found)
	case f.list:
		err = a.listConnections(f, found.Connections)
	default:
		err = a.showConnections(ctx, f, name, found, packets)
	}
	if err == nil && found.Dropped > 0 {
		err = &exitError{
			code: exitFailure, err: fmt.Errorf("%s: %d segments more than the %d that are drawn", name, found.Dropped, captureLimit.Segments),
			hint: "choose connections with --addr, --port or --connection; --list names them",
		}
	}
	if err == nil && broken != nil {
		err = captureError(name, broken)
	}
	return err
}

// readCapture reads a file to its end, or as far as it can be read.
func (a *app) readCapture(f *stepFlags, name string, filter pcap.Filter) (*pcap.Found, []timedPacket, error) {
	var r *pcap.Reader
	var err error
	if name == "-" {
		r, err = pcap.NewReader(a.stdin, "standard input")
	} else {
		r, err = pcap.Open(name)
	}
	if err != nil {
		return nil, nil, err
	}
	var packets []timedPacket
	var keep func(time.Time, []byte) error
	if f.format == "pcapng" {
		keep = func(when time.Time, p []byte) error {
			packets = append(packets, timedPacket{when, slices.Clone(p)})
			return nil
		}
	}
	found, err := pcap.Connections(r, filter, captureLimit, keep)
	return found, packets, errors.Join(err, r.Close())
}

// captureError is the end of the program over a capture.
func captureError(name string, err error) error {
	var e *pcap.Error
	switch {
	case errors.As(err, &e):
		return &exitError{code: exitFailure, err: e, hint: e.Hint}
	case errors.Is(err, pcap.ErrTooMany):
		return &exitError{code: exitFailure, err: fmt.Errorf("%s: %w", name, err), hint: "cut it first: tcpdump -r " + name + " -w part.pcap host ADDRESS"}
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission):
		return &exitError{code: exitUsage, err: fmt.Errorf("%s: %s", name, cause(err))}
	}
	return err
}

// nothingFound says why there is nothing to draw.
func nothingFound(f *stepFlags, name string, found *pcap.Found) error {
	if found.All > 0 {
		return &exitError{
			code: exitFailure, err: fmt.Errorf("%s: none of its %d connections is meant", name, found.All),
			hint: "sockeye step -r " + name + " --list names them",
		}
	}
	return &exitError{code: exitFailure, err: fmt.Errorf("%s: no TCP in it (%d IP packets, %d others)", name, found.Packets, found.NoIP)}
}

// captureLadders infer what happened: one for each connection.
func captureLadders(list []*pcap.Connection) []*ladder.Ladder {
	var ladders []*ladder.Ladder
	base := list[0].First
	for _, c := range list {
		seen := make([]ladder.Seen, len(c.Segments))
		for i, s := range c.Segments {
			// Zero is no time, so the first is at one nanosecond; clocks that are set back stand still.
			seen[i] = ladder.Seen{Time: ip.Time(max(s.When.Sub(base), 0) + 1), Src: s.Src, Dst: s.Dst, Header: s.Header, Len: s.Len}
		}
		l := ladder.Observe(seen, ladder.Options{})
		if len(l) == 0 { // the limit has taken all of its segments
			l = []*ladder.Ladder{{Left: ladder.End{Addr: c.A}, Right: ladder.End{Addr: c.B}}}
		}
		ladders = append(ladders, l...)
	}
	return ladders
}

// showConnections draws connections, or steps through them.
func (a *app) showConnections(ctx context.Context, f *stepFlags, name string, found *pcap.Found, packets []timedPacket) error {
	d := &drawing{title: name, packets: packets, ladders: captureLadders(found.Connections)}
	if n := len(found.Connections); n > 1 && n == len(d.ladders) && a.interactive(f) {
		f.nameEnds(d.ladders)
		return a.chooseConnection(ctx, f, name, found.Connections, d.ladders)
	}
	if len(found.Connections) == 1 && found.All > 1 {
		d.title = fmt.Sprintf("%s, connection %d of %d", name, found.Connections[0].Number, found.All)
	}
	d.player = func() step.Player { return steptui.Observed(d.title, d.ladders, "") }
	return a.show(ctx, f, d)
}

// listConnections prints a table of what a capture holds.
func (a *app) listConnections(f *stepFlags, list []*pcap.Connection) error {
	if f.format == "json" {
		return json.NewEncoder(a.stdout).Encode(struct {
			Schema      int              `json:"schema"`
			Connections []connectionJSON `json:"connections"`
		}{1, connectionsJSON(list)})
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  N\tfrom\tto\tpackets\tbytes\tseconds\tbegan")
	for _, c := range list {
		fmt.Fprintf(w, "%3d\t%v\t%v\t%d\t%d\t%.3f\t%s\n", c.Number, c.A, c.B, c.Packets, c.Bytes, c.Last.Sub(c.First).Seconds(),
			c.First.Format("2006-01-02 15:04:05.000"))
	}
	return w.Flush()
}

// A connectionJSON is a connection of a capture as JSON has it.
type connectionJSON struct {
	Number  int     `json:"number"`
	A       string  `json:"a"`
	B       string  `json:"b"`
	Packets int     `json:"packets"`
	Bytes   int     `json:"bytes"`
	Began   float64 `json:"began"`   // seconds since 1970
	Seconds float64 `json:"seconds"` // from the first packet to the last
}

func connectionsJSON(list []*pcap.Connection) []connectionJSON {
	out := make([]connectionJSON, 0, len(list))
	for _, c := range list {
		out = append(out, connectionJSON{
			c.Number, c.A.String(), c.B.String(), c.Packets, c.Bytes,
			float64(c.First.UnixMicro()) / 1e6, c.Last.Sub(c.First).Seconds(),
		})
	}
	return out
}

// filter makes a filter of the flags.
func (f *stepFlags) filter() (pcap.Filter, error) {
	var filter pcap.Filter
	wrong := func(flag, value, want string) error {
		return &exitError{code: exitUsage, err: fmt.Errorf("--%s %q is no %s", flag, value, want)}
	}
	if f.address != "" {
		prefix, err := netip.ParsePrefix(f.address)
		if addr, err2 := netip.ParseAddr(f.address); err2 == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return filter, wrong("addr", f.address, "address or network")
		}
		filter.Addr = prefix
	}
	if f.port != "" {
		port, err := strconv.ParseUint(f.port, 10, 16)
		if err != nil || port == 0 {
			return filter, wrong("port", f.port, "port")
		}
		filter.Port = uint16(port)
	}
	if f.connection != "" {
		ranges, ok := parseRanges(f.connection)
		if !ok {
			return filter, wrong("connection", f.connection, "number or range of numbers")
		}
		filter.Numbers = func(n int) bool {
			return slices.ContainsFunc(ranges, func(r [2]int) bool { return r[0] <= n && n <= r[1] })
		}
	}
	return filter, nil
}

// parseRanges reads "2,5-7".
func parseRanges(s string) (ranges [][2]int, ok bool) {
	for item := range strings.SplitSeq(s, ",") {
		low, high, isRange := strings.Cut(item, "-")
		if !isRange {
			high = low
		}
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || a < 1 || b < a {
			return nil, false
		}
		ranges = append(ranges, [2]int{a, b})
	}
	return ranges, true
}

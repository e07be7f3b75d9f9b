package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime/debug"
	"time"
)

// The processes of a run, besides the one that directs them. Each learns from its last argument what it is to do.

// A role is the part that a process plays.
type role string

const (
	roleServer  role = "server"  // serves until standard input ends
	roleClient  role = "client"  // does a work once and says how it went
	roleForward role = "forward" // joins the TUN devices of kernelTUN until standard input ends
	roleAwake   role = "awake"   // keeps the processors busy until standard input ends
)

// A spec is the order that a process gets.
type spec struct {
	Role     role
	System   system
	Work     work
	Bytes    int64         // of a download or upload
	Duration time.Duration // of whatever is done many times, at most
	Count    int           // the same, in connections or round trips
	Idle     int           // connections that do nothing
	Chunk    int           // bytes that are read or written at once
	MTU      int           // of the devices
	Verify   bool          // compare every byte that came with the one that was sent
	Profile  string        // file for a CPU profile of the work; "": none
}

// A result is what a client says at its end.
type result struct {
	Error  string             `json:",omitempty"`
	Values map[string]float64 `json:",omitempty"` // by the names of the work's metrics, in bytes and seconds
	Note   string             `json:",omitempty"` // about the system as it was opened
}

// Addresses of the two ends, from a block for documentation (RFC 5737).
var (
	serverAddr = netip.MustParsePrefix("192.0.2.1/24")
	clientAddr = netip.MustParsePrefix("192.0.2.2/24")
)

// playPart does what an order says.
func playPart(arg string) error {
	var s spec
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return fmt.Errorf("the order: %w", err)
	}
	switch s.Role {
	case roleServer:
		return playServer(s)
	case roleForward:
		return playForward()
	case roleAwake:
		return playAwake()
	case roleClient:
		r := playClient(s)
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return fmt.Errorf("there is no part %q", s.Role)
}

// ready tells the director that the process is ready, and returns when there is nothing more to do.
func ready() error {
	if err := json.NewEncoder(os.Stdout).Encode(result{}); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// moduleVersion returns which version of a module is in this program.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}

//go:build cgo && linux

package main

// #include "bridge.h"
import "C"

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/sockeye-tcp/sockeye/internal/packetdrillso/virtual"
)

// process is the only one: the tool loads the library once.
var process *virtual.Process

// goInit starts the process.
//
//export goInit
func goInit(text *C.char) {
	cfg, err := parseFlags(C.GoString(text))
	if err != nil {
		fmt.Fprintln(os.Stderr, "packetdrill.so:", err)
		os.Exit(2)
	}
	cfg.Refresh = refresh
	cfg.Thread = syscall.Gettid
	cfg.Stalled = waitsForThread
	cfg.Inside = func() int { return int(C.bridge_inside()) }
	process = virtual.New(cfg)
}

// waitsForThread reports whether a thread of ours is in the system call in which threads wait for each other.
func waitsForThread(thread int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", thread))
	number, _, _ := strings.Cut(string(text), " ")
	return err == nil && number == strconv.Itoa(syscall.SYS_FUTEX)
}

// parseFlags reads name=value pairs between commas. What does not concern us is left alone.
func parseFlags(text string) (virtual.Config, error) {
	local, mtu := "192.168.0.1", "1500"
	for pair := range strings.SplitSeq(text, ",") {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "local":
			local = value
		case "mtu":
			mtu = value
		}
	}
	addr, err := netip.ParseAddr(local)
	if err != nil {
		return virtual.Config{}, fmt.Errorf("local=%s: %w", local, err)
	}
	n, err := strconv.Atoi(mtu)
	if err != nil || n < 576 || n > 65535 {
		return virtual.Config{}, fmt.Errorf("mtu=%s: not a number from 576 to 65535", mtu)
	}
	prefix := 16 // remote addresses lie outside, whatever the script says
	if addr.Is6() {
		prefix = 64
	}
	return virtual.Config{Local: netip.PrefixFrom(addr, prefix), MTU: n}, nil
}

//export goEnd
func goEnd() { process.Close() }

// goShell hears of a command that the tool has run: what a connection has left behind for later ones is forgotten as the
// kernel does it.
//
//export goShell
func goShell(text *C.char) {
	if words := strings.Fields(C.GoString(text)); slices.Contains(words, "tcp_metrics") && slices.Contains(words, "flush") {
		process.FlushMetrics()
	}
}

// Package sysctl gives Linux's settings below net.ipv4 their meaning for our hosts: what
// scripts set, and what the files in /proc say, becomes a tcp.Config.
package sysctl

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// settings are those of Linux that the host has as well. The value comes as its words.
var settings = map[string]func(c *tcp.Config, v []int){
	"tcp_timestamps":            func(c *tcp.Config, v []int) { c.NoTimestamps = v[0] == 0 },
	"tcp_sack":                  func(c *tcp.Config, v []int) { c.NoSACK = v[0] == 0 },
	"tcp_window_scaling":        func(c *tcp.Config, v []int) { c.NoWindowScale = v[0] == 0 },
	"tcp_ecn":                   func(c *tcp.Config, v []int) { c.ECN = ecnModes[v[0]] },
	"tcp_ecn_option":            func(c *tcp.Config, v []int) { c.NoAccECNOption = v[0] == 0 },
	"tcp_syn_retries":           func(c *tcp.Config, v []int) { c.SynRetries = v[0] },
	"tcp_synack_retries":        func(c *tcp.Config, v []int) { c.SynAckRetries = v[0] },
	"tcp_retries1":              func(c *tcp.Config, v []int) { c.R1 = v[0] },
	"tcp_retries2":              func(c *tcp.Config, v []int) { c.Retries = v[0] },
	"tcp_fin_timeout":           func(c *tcp.Config, v []int) { c.FinWait2 = time.Duration(v[0]) * time.Second },
	"tcp_rto_min_us":            func(c *tcp.Config, v []int) { c.MinRTO = time.Duration(v[0]) * time.Microsecond },
	"tcp_rto_max_ms":            func(c *tcp.Config, v []int) { c.MaxRTO = time.Duration(v[0]) * time.Millisecond },
	"tcp_tso_win_divisor":       func(c *tcp.Config, v []int) { c.DeferDivisor = v[0] },
	"tcp_min_tso_segs":          func(c *tcp.Config, v []int) { c.PacketSegments = v[0] },
	"tcp_slow_start_after_idle": func(c *tcp.Config, v []int) { c.NoIdleRestart = v[0] == 0 },
	"hystart_detect":            func(c *tcp.Config, v []int) { c.HyStart = hystartModes[v[0]] },
	"ip_no_pmtu_disc":           func(c *tcp.Config, v []int) { c.MTUReports = tcp.MTUReports(v[0]) },
	"min_pmtu":                  func(c *tcp.Config, v []int) { c.MinPathMTU = v[0] },
	"mtu_expires":               func(c *tcp.Config, v []int) { c.PathMTULife = time.Duration(v[0]) * time.Second },
	"tcp_mtu_probing":           func(c *tcp.Config, v []int) { c.MTUProbing = mtuProbing[v[0]] },
	"tcp_base_mss":              func(c *tcp.Config, v []int) { c.BaseMSS = v[0] },
	"tcp_mtu_probe_floor":       func(c *tcp.Config, v []int) { c.MTUProbeFloor = v[0] },
	"tcp_min_snd_mss":           func(c *tcp.Config, v []int) { c.MinSendMSS = v[0] },
	"tcp_probe_threshold":       func(c *tcp.Config, v []int) { c.MTUProbeThreshold = v[0] },
	"tcp_probe_interval":        func(c *tcp.Config, v []int) { c.MTUProbeInterval = time.Duration(v[0]) * time.Second },
	// Linux has a minimum, a default and a maximum, between which buffers grow; ours is the maximum from the start.
	"tcp_rmem": func(c *tcp.Config, v []int) { c.RecvBuffer = v[len(v)-1] },
	"tcp_wmem": func(c *tcp.Config, v []int) { c.SendBuffer = v[len(v)-1] },
}

// ecnModes are what the values of tcp_ecn mean.
var ecnModes = []tcp.ECN{tcp.ECNOff, tcp.ECNOffer, tcp.ECNAccept, tcp.ECNAccurate, tcp.ECNAccurateClassic, tcp.ECNAccurateAccept}

// mtuProbing are what the values of tcp_mtu_probing mean.
var mtuProbing = []tcp.MTUProbing{tcp.MTUProbingOff, tcp.MTUProbingBlackHole, tcp.MTUProbingAlways}

// choices are how many values a setting has that chooses between ways.
var choices = map[string]int{"tcp_mtu_probing": len(mtuProbing), "ip_no_pmtu_disc": int(tcp.MTUReportsProved) + 1}

// congestionControl is the only setting whose value is a name.
const congestionControl = "tcp_congestion_control"

// switches are the settings for which 0 means something other than our default.
var switches = []string{"tcp_timestamps", "tcp_sack", "tcp_window_scaling", "tcp_slow_start_after_idle", "tcp_ecn", "tcp_ecn_option", "hystart_detect",
	"tcp_mtu_probing", "ip_no_pmtu_disc"}

// ignored are accepted and change nothing: what they govern we do not have, or always do in
// one way. A script that depends on the other way fails by what it sees on the wire.
var ignored = map[string]string{
	"tcp_dsack":             "duplicates are always reported",
	"tcp_fack":              "gone from Linux as well",
	"tcp_frto":              "no setting",
	"tcp_reordering":        "the threshold is always 3",
	"tcp_early_retrans":     "no setting",
	"tcp_recovery":          "no setting",
	"tcp_pacing_ss_ratio":   "always Linux's default, 200 %",
	"tcp_pacing_ca_ratio":   "always Linux's default, 120 %",
	"tcp_ecn_option_beacon": "the option goes whenever a counter has changed",
	"tcp_syncookies":        "no SYN cookies",
}

// Names lists the settings that mean something to us, by the last part of their names, in order.
func Names() []string {
	names := append(slices.Collect(maps.Keys(settings)), congestionControl)
	slices.Sort(names)
	return names
}

// Ignored reports whether a setting is accepted and changes nothing.
func Ignored(name, value string) bool {
	if _, ok := ignored[name]; ok {
		return true
	}
	if only, ok := cubic[name]; ok {
		return value == only
	}
	return name == "tcp_syn_linear_timeouts" && value == "0" // neither do we
}

// Set changes the configuration as a setting says: its name without directories, its value as it is written. The error
// says what we have no setting for, or what is no value of it.
func Set(c *tcp.Config, name, value string) error {
	if Ignored(name, value) {
		return nil
	}
	if name == congestionControl {
		fresh := c.CongestionByName(value)
		if fresh == nil {
			return fmt.Errorf("the host has no setting for %s=%s", name, value)
		}
		c.Congestion = fresh
		return nil
	}
	set := settings[name]
	if set == nil {
		return fmt.Errorf("the host has no setting for %s=%s", name, value)
	}
	var v []int
	for _, w := range strings.Fields(value) {
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			return fmt.Errorf("%s: %q is not a number that it can be", name, w)
		}
		v = append(v, n)
	}
	if len(v) == 0 {
		return fmt.Errorf("%s has no value", name)
	}
	if name == "tcp_ecn" && v[0] >= len(ecnModes) {
		return fmt.Errorf("tcp_ecn=%d is not supported: there is no such choice", v[0])
	}
	if name == "hystart_detect" && v[0] >= len(hystartModes) {
		return fmt.Errorf("hystart_detect=%d is not supported: there is no third detector", v[0])
	}
	if n, ok := choices[name]; ok && v[0] >= n {
		return fmt.Errorf("%s=%d is not supported: there are %d ways", name, v[0], n)
	}
	if v[len(v)-1] == 0 && !slices.Contains(switches, name) {
		return fmt.Errorf("%s=0 is not supported: the host takes 0 for its default", name)
	}
	set(c, v)
	return nil
}

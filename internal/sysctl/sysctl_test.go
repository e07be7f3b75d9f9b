package sysctl

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestSet(t *testing.T) {
	var c tcp.Config
	for _, pair := range [][2]string{
		{"tcp_timestamps", "0"}, {"tcp_rmem", "4096\t131072\t6291456"}, {"tcp_retries2", "7"}, {"tcp_fack", "1"},
		{"tcp_ecn", "0"}, {"tcp_congestion_control", "reno"}, {"hystart_detect", "2"}, {"beta", "717"},
	} {
		if err := Set(&c, pair[0], pair[1]); err != nil {
			t.Errorf("%s=%s: %v", pair[0], pair[1], err)
		}
	}
	if !c.NoTimestamps || c.RecvBuffer != 6291456 || c.Retries != 7 || c.ECN != tcp.ECNOff || c.HyStart != tcp.HyStartDelay || c.Congestion(&c).Name() != "reno" {
		t.Errorf("got %+v", c)
	}
	for pair, want := range map[[2]string]string{
		{"tcp_rmem", ""}:                 "has no value",
		{"tcp_retries2", "-1"}:           "is not a number",
		{"tcp_retries2", "0"}:            "takes 0 for its default",
		{"tcp_ecn", "6"}:                 "no such choice",
		{"tcp_nobody_knows", "1"}:        "no setting for tcp_nobody_knows=1",
		{"tcp_congestion_control", "??"}: "no setting for tcp_congestion_control=??",
		{"hystart_detect", "4"}:          "no third detector",
		{"beta", "512"}:                  "no setting for beta=512",
	} {
		before := c
		if err := Set(&c, pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s=%s: got %v, want an error with %q", pair[0], pair[1], err, want)
		}
		if c.RecvBuffer != before.RecvBuffer || c.Retries != before.Retries {
			t.Errorf("%s=%s: an error has changed the configuration", pair[0], pair[1])
		}
	}
}

// What concerns the path MTU.
func TestSetPathMTU(t *testing.T) {
	var c tcp.Config
	for name, value := range map[string]string{
		"tcp_mtu_probing": "2", "tcp_base_mss": "512", "tcp_mtu_probe_floor": "64", "tcp_min_snd_mss": "88", "tcp_probe_threshold": "4",
		"tcp_probe_interval": "300", "ip_no_pmtu_disc": "3", "min_pmtu": "800", "mtu_expires": "60",
	} {
		if err := Set(&c, name, value); err != nil {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	want := tcp.Config{
		MTUProbing: tcp.MTUProbingAlways, BaseMSS: 512, MTUProbeFloor: 64, MinSendMSS: 88, MTUProbeThreshold: 4,
		MTUProbeInterval: 5 * time.Minute, MTUReports: tcp.MTUReportsProved, MinPathMTU: 800, PathMTULife: time.Minute,
	}
	if got, want := fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for name, value := range map[string]string{"tcp_mtu_probing": "3", "ip_no_pmtu_disc": "4"} {
		if err := Set(&c, name, value); err == nil || !strings.Contains(err.Error(), "is not supported") {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
	if err := Set(&c, "tcp_mtu_probing", "0"); err != nil || c.MTUProbing != tcp.MTUProbingOff {
		t.Errorf("got %v (%v), want it off", c.MTUProbing, err)
	}
}

// The values of tcp_ecn mean what they mean to Linux.
func TestECNModes(t *testing.T) {
	for value, want := range map[string]tcp.ECN{
		"0": tcp.ECNOff, "1": tcp.ECNOffer, "2": tcp.ECNAccept,
		"3": tcp.ECNAccurate, "4": tcp.ECNAccurateClassic, "5": tcp.ECNAccurateAccept,
	} {
		var c tcp.Config
		if err := Set(&c, "tcp_ecn", value); err != nil || c.ECN != want {
			t.Errorf("tcp_ecn=%s: got %v, want %v (%v)", value, c.ECN, want, err)
		}
	}
	for value, want := range map[string]bool{"0": true, "1": false, "2": false} {
		var c tcp.Config
		if err := Set(&c, "tcp_ecn_option", value); err != nil || c.NoAccECNOption != want {
			t.Errorf("tcp_ecn_option=%s: got %v, want %v (%v)", value, c.NoAccECNOption, want, err)
		}
	}
}

func TestNamesAreThoseThatCanBeSet(t *testing.T) {
	for _, name := range Names() {
		value := "1"
		if name == congestionControl {
			value = "reno"
		}
		if err := Set(new(tcp.Config), name, value); err != nil {
			t.Error(err)
		}
	}
	if !slices.Contains(Names(), congestionControl) {
		t.Errorf("%s is missing", congestionControl)
	}
}

func TestEverySettingHasAFile(t *testing.T) {
	for name, want := range map[string]string{
		"tcp_sack":       "/proc/sys/net/ipv4/tcp_sack",
		"hystart_detect": "/sys/module/tcp_cubic/parameters/hystart_detect",
		"min_pmtu":       "/proc/sys/net/ipv4/route/min_pmtu",
	} {
		if got := Path(name); got != want {
			t.Errorf("got %s for %s, want %s", got, name, want)
		}
	}
}

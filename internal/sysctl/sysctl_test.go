package sysctl

import (
	"slices"
	"strings"
	"testing"

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
		{"tcp_ecn", "3"}:                 "no AccECN",
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
	} {
		if got := Path(name); got != want {
			t.Errorf("got %s for %s, want %s", got, name, want)
		}
	}
}

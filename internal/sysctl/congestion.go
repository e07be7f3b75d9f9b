package sysctl

import "github.com/sockeye-tcp/sockeye/tcp"

// cubic are the parameters of Linux's module for CUBIC, beside hystart_detect, with the one value that we have.
var cubic = map[string]string{
	"hystart": "1", "hystart_low_window": "16", "hystart_ack_delta_us": "2000", "initial_ssthresh": "0",
	"fast_convergence": "1", "tcp_friendliness": "1", "beta": "717", "bic_scale": "41",
}

// hystartModes are what the values of hystart_detect mean: Linux's HyStart. Where nobody sets it, ours is HyStart++.
var hystartModes = []tcp.HyStart{tcp.HyStartOff, tcp.HyStartTrain, tcp.HyStartDelay, tcp.HyStartTrain | tcp.HyStartDelay}

// Path returns the file in which Linux keeps a setting.
func Path(name string) string {
	if name == "hystart_detect" {
		return "/sys/module/tcp_cubic/parameters/" + name
	}
	if name == "min_pmtu" || name == "mtu_expires" {
		name = "route/" + name
	}
	return "/proc/sys/net/ipv4/" + name
}

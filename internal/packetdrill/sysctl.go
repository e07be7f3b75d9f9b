package packetdrill

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Commands between backticks: what they set in Linux is set in the host's configuration.

// sysctls are the settings of Linux that the host has as well. The value comes as its words.
var sysctls = map[string]func(c *tcp.Config, v []int){
	"tcp_timestamps":     func(c *tcp.Config, v []int) { c.NoTimestamps = v[0] == 0 },
	"tcp_sack":           func(c *tcp.Config, v []int) { c.NoSACK = v[0] == 0 },
	"tcp_window_scaling": func(c *tcp.Config, v []int) { c.NoWindowScale = v[0] == 0 },
	"tcp_syn_retries":    func(c *tcp.Config, v []int) { c.SynRetries = v[0] },
	"tcp_synack_retries": func(c *tcp.Config, v []int) { c.SynAckRetries = v[0] },
	"tcp_retries1":       func(c *tcp.Config, v []int) { c.R1 = v[0] },
	"tcp_retries2":       func(c *tcp.Config, v []int) { c.Retries = v[0] },
	"tcp_fin_timeout":    func(c *tcp.Config, v []int) { c.FinWait2 = time.Duration(v[0]) * time.Second },
	"tcp_rto_min_us":     func(c *tcp.Config, v []int) { c.MinRTO = time.Duration(v[0]) * time.Microsecond },
	"tcp_rto_max_ms":     func(c *tcp.Config, v []int) { c.MaxRTO = time.Duration(v[0]) * time.Millisecond },
	// Linux has a minimum, a default and a maximum, between which buffers grow; ours is the maximum from the start.
	"tcp_rmem": func(c *tcp.Config, v []int) { c.RecvBuffer = v[len(v)-1] },
	"tcp_wmem": func(c *tcp.Config, v []int) { c.SendBuffer = v[len(v)-1] },
}

// ignoredSysctls are accepted and change nothing: what they govern we do not have, or always do in
// one way. A script that depends on the other way fails by what it sees on the wire.
var ignoredSysctls = map[string]string{
	"tcp_dsack":                          "duplicates are always reported",
	"tcp_fack":                           "gone from Linux as well",
	"tcp_frto":                           "no setting",
	"tcp_reordering":                     "the threshold is always 3",
	"tcp_early_retrans":                  "no setting",
	"tcp_recovery":                       "no setting",
	"tcp_tso_win_divisor":                "segments are not held back to be merged",
	"tcp_min_tso_segs":                   "segments are not held back to be merged",
	"tcp_pacing_ss_ratio":                "no pacing",
	"tcp_pacing_ca_ratio":                "no pacing",
	"tcp_notsent_lowat":                  "no setting",
	"tcp_slow_start_after_idle":          "no setting",
	"tcp_ecn_option":                     "no AccECN",
	"tcp_syncookies":                     "no SYN cookies",
	"tcp_fastopen":                       "no Fast Open; its options are errors",
	"tcp_fastopen_key":                   "no Fast Open; its options are errors",
	"tcp_fastopen_blackhole_timeout_sec": "no Fast Open; its options are errors",
}

// command runs what stands between backticks: several commands, one a line or between semicolons.
func (r *runner) command(c *Command) error {
	text := strings.ReplaceAll(c.Text, "\\\n", " ")
	for _, line := range strings.FieldsFunc(text, func(b rune) bool { return b == '\n' || b == ';' }) {
		words, err := shellWords(line)
		if err == nil && len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			err = r.shell(words)
		}
		if err != nil {
			return r.failAt(c.Line, "%s", err)
		}
	}
	return nil
}

// shellWords splits a line as a shell does, quotes included.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	var quote byte
	for i := range len(line) {
		b := line[i]
		switch {
		case quote != 0 && b == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(b)
		case b == '"' || b == '\'':
			quote, inWord = b, true
		case b == ' ' || b == '\t' || b == '\r':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteByte(b)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the command %q lacks a closing quote", strings.TrimSpace(line))
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// shell runs one command.
func (r *runner) shell(words []string) error {
	switch name := path.Base(words[0]); {
	case name == "sysctl":
		return r.sysctlCommand(words[1:])
	case name == "set_sysctls.py":
		return r.setAll(words[1:])
	case name == "defaults.sh":
		return r.defaults()
	case strings.HasPrefix(name, "sysctl_restore"): // puts the machine that ran it in order
		return nil
	case name == "ip" && len(words) > 1 && words[1] == "tcp_metrics", name == "ethtool", name == "tc":
		return nil // the host keeps no metrics, and has no device
	case name == "echo" && len(words) == 4 && words[2] == ">":
		return r.setAll([]string{words[3] + "=" + words[1]})
	}
	return fmt.Errorf("the command %q is not supported", strings.Join(words, " "))
}

// sysctlCommand runs sysctl [-q] [-w] name=value...
func (r *runner) sysctlCommand(args []string) error {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] != "-q" && args[0] != "-w" && args[0] != "-qw" && args[0] != "-wq" {
			return fmt.Errorf("sysctl %s is not supported", args[0])
		}
		args = args[1:]
	}
	return r.setAll(args)
}

// setAll sets name=value pairs. Names have dots, slashes, or are paths.
func (r *runner) setAll(pairs []string) error {
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("expected name=value, found %q", pair)
		}
		name = strings.TrimPrefix(strings.ReplaceAll(name, ".", "/"), "/proc/sys/")
		if err := r.sysctl(path.Base(name), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// sysctl sets one value.
func (r *runner) sysctl(name, value string) error {
	if _, ok := ignoredSysctls[name]; ok {
		return nil
	}
	switch {
	case name == "tcp_ecn" && value == "0":
		return nil // ECN is never negotiated
	case name == "tcp_congestion_control" && value == "reno", name == "tcp_syn_linear_timeouts" && value == "0":
		return nil
	}
	set := sysctls[name]
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
	if isSwitch := name == "tcp_timestamps" || name == "tcp_sack" || name == "tcp_window_scaling"; !isSwitch && v[len(v)-1] == 0 {
		return fmt.Errorf("%s=0 is not supported: the host takes 0 for its default", name)
	}
	if r.host != nil {
		return fmt.Errorf("%s can only be set before the first socket: the host's configuration is fixed then", name)
	}
	set(&r.cfg.TCP, v)
	return nil
}

// defaults sets what scripts written for Linux start from.
func (r *runner) defaults() error {
	return r.setAll([]string{
		"tcp_rmem=4096 540000 15728640", "tcp_wmem=4096 262144 4194304",
		"tcp_timestamps=1", "tcp_sack=1", "tcp_syn_retries=5", "tcp_synack_retries=5",
	})
}

package packetdrill

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/sysctl"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Commands between backticks: what they set in Linux is set in the host's configuration.

// command runs what stands between backticks: several commands, one a line or between semicolons.
func (r *runner) command(c *Command) error {
	text := strings.ReplaceAll(c.Text, "\\\n", " ")
	for _, line := range strings.FieldsFunc(text, func(b rune) bool { return b == '\n' || b == ';' }) {
		words, err := shellWords(line)
		words = withoutRedirections(words)
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
	case name == "ip" && len(words) > 1 && words[1] == "tcp_metrics":
		if r.table != nil && slices.Contains(words, "flush") {
			r.table.FlushMetrics()
		}
		return nil
	case name == "ethtool", name == "tc", name == "ifconfig", name == "true", name == ":":
		return nil // there is no device
	case name == "dd":
		return r.dd(words[1:])
	case name == "rm":
		for _, file := range words[1:] {
			delete(r.disk, path.Clean(file))
		}
		return nil
	case name == "echo" && len(words) == 4 && words[2] == ">":
		return r.setAll([]string{words[3] + "=" + words[1]})
	}
	return fmt.Errorf("the command %q is not supported", strings.Join(words, " "))
}

// withoutRedirections leaves out what a command's output would go to, except that of echo.
func withoutRedirections(words []string) []string {
	if len(words) > 0 && path.Base(words[0]) == "echo" {
		return words
	}
	var kept []string
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case w == ">" || w == ">>" || w == "2>":
			i++
		case strings.HasPrefix(w, ">"), strings.HasPrefix(w, "2>"):
		default:
			kept = append(kept, w)
		}
	}
	return kept
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
	if set, err := sysctl.ForTable(name, value); err != nil || set != nil {
		r.setTable(set)
		return err
	}
	cfg := r.cfg.TCP
	if err := sysctl.Set(&cfg, name, value); err != nil {
		return err
	}
	r.cfg.TCP = cfg
	if r.host != nil { // for later connections
		r.host.Reconfigure(func(c *tcp.Config) { _ = sysctl.Set(c, name, value) })
	}
	return nil
}

// setTable changes what concerns the table of sockets, now or once there is one.
func (r *runner) setTable(set func(sysctl.Table)) {
	switch {
	case set == nil:
	case r.table == nil:
		r.settings = append(r.settings, set)
	default:
		set(r.table)
	}
}

// defaults sets what scripts written for Linux start from.
func (r *runner) defaults() error {
	return r.setAll([]string{
		"tcp_rmem=4096 540000 15728640", "tcp_wmem=4096 262144 4194304",
		"tcp_congestion_control=cubic", "hystart_detect=3",
		"tcp_timestamps=1", "tcp_sack=1", "tcp_ecn=0", "tcp_slow_start_after_idle=0", "tcp_mtu_probing=0", "tcp_syn_retries=5", "tcp_synack_retries=5",
		"tcp_fastopen=0x70403", "tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4", "tcp_fastopen_blackhole_timeout_sec=0",
	})
}

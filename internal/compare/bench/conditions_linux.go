package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The conditions of the run: what may explain its figures.

// conditions looks at the machine. What cannot be found out is left out.
func conditions() []compare.Condition {
	var list []compare.Condition
	add := func(name, value string) {
		if value != "" {
			list = append(list, compare.Condition{Name: name, Value: value})
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		add("kernel", unix.ByteSliceToString(u.Sysname[:])+" "+unix.ByteSliceToString(u.Release[:])+" "+unix.ByteSliceToString(u.Machine[:]))
	}
	add("CPU", fmt.Sprintf("%d × %s", runtime.NumCPU(), cpuModel()))
	add("governor", read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
	add("load", strings.Join(head(strings.Fields(read("/proc/loadavg")), 3), " "))
	add("Go", runtime.Version())
	add("GOMAXPROCS", fmt.Sprint(runtime.GOMAXPROCS(0)))
	for _, name := range []string{
		"net.ipv4.tcp_congestion_control", "net.core.default_qdisc", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
		"net.ipv4.tcp_sack", "net.ipv4.tcp_timestamps", "net.ipv4.tcp_window_scaling", "net.ipv4.tcp_ecn",
		"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_no_metrics_save", "net.ipv4.tcp_mtu_probing",
	} {
		add(name, strings.Join(strings.Fields(read("/proc/sys/"+strings.ReplaceAll(name, ".", "/"))), " "))
	}
	return list
}

// read returns the contents of a small file, or nothing.
func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}

func head(s []string, n int) []string { return s[:min(n, len(s))] }

// cpuModel returns the name of the first processor.
func cpuModel() string {
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "model name") {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// linkConditions describes the interface over which a scene's packets leave: MTU and offloads.
func linkConditions(name string) []compare.Condition {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return nil
	}
	list := []compare.Condition{{Name: "MTU of " + name, Value: fmt.Sprint(l.Attrs().MTU)}}
	if text := offloads(name); text != "" {
		list = append(list, compare.Condition{Name: "offloads of " + name, Value: text})
	}
	return list
}

// uplink names the interface of the default route, or returns nothing.
func uplink(is6 bool) string {
	family := netlink.FAMILY_V4
	if is6 {
		family = netlink.FAMILY_V6
	}
	routes, err := netlink.RouteList(nil, family)
	if err != nil {
		return ""
	}
	for _, r := range routes {
		if r.Dst != nil && !r.Dst.IP.IsUnspecified() {
			continue
		}
		if l, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
			return l.Attrs().Name
		}
	}
	return ""
}

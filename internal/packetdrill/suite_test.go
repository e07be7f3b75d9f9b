package packetdrill

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Scripts that others have written for Linux.

// A mode is a way to run the scripts: an IP version, with the addresses and names that they expect.
type mode struct {
	name  string
	flags []string
}

// modes are those of the suite. Cookies depend on the addresses.
var modes = []mode{
	{"ipv4", []string{
		"--ip_version=ipv4", "-D", "CMSG_LEVEL_IP=SOL_IP", "-D", "CMSG_TYPE_RECVERR=IP_RECVERR",
		"-D", "TFO_COOKIE=3021b9d889017eeb", "-D", "CODE=host_unreachable",
	}},
	{"mapped", []string{
		"--ip_version=ipv4-mapped-ipv6", "-D", "CMSG_LEVEL_IP=SOL_IPV6", "-D", "CMSG_TYPE_RECVERR=IPV6_RECVERR",
		"-D", "TFO_COOKIE=3021b9d889017eeb", "-D", "CODE=host_unreachable",
	}},
	{"ipv6", []string{
		"--ip_version=ipv6", "--mtu=1520", "-D", "CMSG_LEVEL_IP=SOL_IPV6", "-D", "CMSG_TYPE_RECVERR=IPV6_RECVERR",
		"-D", "TFO_COOKIE=c1d1e9742a47a9bc", "-D", "CODE=address_unreachable",
	}},
}

// flags returns the options for a script, or false when it is not for the mode. A script's own addresses count.
func (m mode) flagsFor(path string, s *Script, src string) ([]string, bool) {
	own := map[string]string{}
	for _, o := range s.Options {
		own[o.Name] = o.Value
	}
	is6 := m.name == "ipv6"
	base := filepath.Base(path)
	switch {
	case is6 && (strings.HasSuffix(base, "v4.pkt") || strings.Contains(src, "frag_needed")):
		return nil, false
	case is6 && strings.Contains(own["local_ip"]+own["remote_ip"], "."):
		return nil, false
	case !is6 && strings.HasSuffix(base, "v6.pkt"):
		return nil, false
	case is6 && strings.HasSuffix(base, "v6.pkt"):
		return append(m.flags[3:], "--ip_version=ipv6", "--mtu=1500", "--local_ip=fd3d:fa7b:d17d::5", "--remote_ip=2001:db8::1"), true
	}
	local, remote := "192.168.0.1", "192.0.2.1"
	if is6 {
		local, remote = "fd3d:a0b:17d6::1", "fd3d:fa7b:d17d::1"
	}
	flags := slices.Clone(m.flags)
	if own["local_ip"] == "" {
		flags = append(flags, "--local_ip="+local)
	}
	if own["remote_ip"] == "" {
		flags = append(flags, "--remote_ip="+remote)
	}
	return flags, true
}

// TestSuite runs the scripts below a directory, or those that a list in $PACKETDRILL_LIST names, in the mode
// $PACKETDRILL_MODE, and says for each directory how many pass.
func TestSuite(t *testing.T) {
	dir := os.Getenv("PACKETDRILL_SCRIPTS")
	if dir == "" {
		t.Skip("PACKETDRILL_SCRIPTS names no directory of scripts")
	}
	m := modes[0]
	if name := os.Getenv("PACKETDRILL_MODE"); name != "" {
		m = modes[slices.IndexFunc(modes, func(m mode) bool { return m.name == name })]
	}
	passed, all := map[string]int{}, map[string]int{}
	for _, path := range suiteScripts(t, dir) {
		src, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(path, src)
		if err != nil {
			t.Error(err)
			continue
		}
		flags, ok := m.flagsFor(path, s, string(src))
		if !ok {
			continue
		}
		area, _, _ := strings.Cut(path, "/")
		all[area]++
		t.Run(path, func(t *testing.T) {
			if err := s.Run(Options{Flags: flags, IgnoreTail: true}); err != nil {
				t.Error(err)
				return
			}
			passed[area]++
		})
	}
	summary, good, sum := "", 0, 0
	for _, area := range slices.Sorted(maps.Keys(all)) {
		summary += fmt.Sprintf("%-20s %2d of %2d\n", area, passed[area], all[area])
		good, sum = good+passed[area], sum+all[area]
	}
	t.Logf("%s\n%s%-20s %2d of %2d", m.name, summary, "", good, sum)
}

// suiteScripts returns the paths of the scripts, relative to the directory.
func suiteScripts(t *testing.T, dir string) []string {
	var paths []string
	if list := os.Getenv("PACKETDRILL_LIST"); list != "" {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if line = strings.TrimSpace(line); strings.HasSuffix(line, ".pkt") && !strings.HasPrefix(line, "#") {
				paths = append(paths, line)
			}
		}
		return paths
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".pkt") {
			rel, _ := filepath.Rel(dir, path)
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

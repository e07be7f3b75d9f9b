package tun

// This file changes settings of the kernel and takes the changes back.
// See Documentation/networking/ip-sysctl.rst in the kernel's sources.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A sysctl is a change of one setting. Paths are relative to /proc/sys, where
// a name of an interface may hold dots.
type sysctl struct {
	path     string
	old, new string
}

// sysctlRoot shows the settings of the network namespace of the thread that
// reads it.
const sysctlRoot = "/proc/sys/"

func readSysctl(path string) (string, error) {
	b, err := os.ReadFile(sysctlRoot + path)
	return strings.TrimSpace(string(b)), err
}

func writeSysctl(path, value string) error {
	err := os.WriteFile(sysctlRoot+path, []byte(value), 0)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return fmt.Errorf("%w (needs CAP_NET_ADMIN; in a container, set sysctl %s=%s from outside)", err, path, value)
	}
	return err
}

// planForwarding returns the changes that let packets pass between a TUN and
// the given interfaces, in the order in which they are to be made. Settings
// that suit already do not appear, unless it was another Link, still alive,
// that made them so: then its records tell what they were before, and the last
// of us takes the change back.
func planForwarding(out4, out6 []string, live []record) ([]sysctl, error) {
	p := sysctlPlan{live: live}
	for _, name := range out4 {
		p.set("net/ipv4/conf/"+name+"/forwarding", "1")
	}
	switch {
	case len(out6) == 0 || p.forwards6():
	case hasPerInterface6():
		for _, name := range out6 {
			p.set(conf6+name+"/force_forwarding", "1")
		}
	default:
		p.forwardAll6()
	}
	return p.changes, p.err
}

// hasPerInterface6 reports whether IPv6 can be forwarded on some interfaces
// alone (Linux 6.17 and later).
func hasPerInterface6() bool {
	_, err := os.Stat(sysctlRoot + conf6 + "all/force_forwarding")
	return err == nil && !forceForwardAll6
}

// forceForwardAll6 makes tests take the way of older kernels.
var forceForwardAll6 = false

// A sysctlPlan collects changes.
type sysctlPlan struct {
	live    []record
	changes []sysctl
	err     error
}

// set plans a change.
func (p *sysctlPlan) set(path, value string) {
	for _, r := range p.live {
		if c, ok := r.change(path); ok {
			p.changes = append(p.changes, c)
			return
		}
	}
	old, err := readSysctl(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the interface has vanished meanwhile
	case err != nil:
		p.err = errors.Join(p.err, err)
	case old != value:
		p.changes = append(p.changes, sysctl{path, old, value})
	}
}

const (
	conf6       = "net/ipv6/conf/"
	forwardAll6 = conf6 + "all/forwarding"
)

// forwards6 reports whether IPv6 is forwarded anyway, and not because of a Link.
func (p *sysctlPlan) forwards6() bool {
	for _, r := range p.live {
		if _, ok := r.change(forwardAll6); ok {
			return false
		}
	}
	on, err := readSysctl(forwardAll6)
	return err == nil && on == "1"
}

// forwardAll6 turns on IPv6 forwarding in general: before Linux 6.17, the
// settings of single interfaces forward nothing. A router ignores router
// advertisements and forgets the default routes that it learned from them, unless
// accept_ra is 2, so this comes first: the host keeps its way to the Internet.
func (p *sysctlPlan) forwardAll6() {
	for _, r := range p.live {
		if _, ok := r.change(forwardAll6); ok {
			p.changes = append(p.changes, r.changesBelow(conf6)...)
			return
		}
	}
	names, err := filepath.Glob(sysctlRoot + conf6 + "*/accept_ra")
	p.err = errors.Join(p.err, err)
	for _, name := range names {
		name = strings.TrimPrefix(filepath.Dir(name), sysctlRoot)
		if ra, err := readSysctl(name + "/accept_ra"); err == nil && ra == "1" {
			p.set(name+"/accept_ra", "2")
		}
		// Switching "all" off again will switch these off as well. Changes are
		// undone in reverse, so they are put right after that.
		if on, err := readSysctl(name + "/forwarding"); err == nil && on == "1" {
			p.changes = append(p.changes, sysctl{name + "/forwarding", on, on})
		}
	}
	p.set(forwardAll6, "1")
}

// applySysctls makes the changes, except to interfaces that have vanished.
func applySysctls(changes []sysctl) error {
	for _, c := range changes {
		now, err := readSysctl(c.path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && now == c.new {
			continue // not written needlessly: /proc/sys is read-only in containers
		}
		if err := writeSysctl(c.path, c.new); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set sysctl: %w", err)
		}
	}
	return nil
}

// restoreSysctls takes the changes back, the last first, except where needed
// says that somebody else relies on them. It returns those that it took back.
// A setting that was changed by others meanwhile, or whose interface is gone,
// is left alone.
func restoreSysctls(changes []sysctl, needed func(path string) bool) (restored []sysctl, err error) {
	for _, c := range slices.Backward(changes) {
		if needed(c.path) {
			continue
		}
		now, readErr := readSysctl(c.path)
		kept := c.old == c.new // undoing another change has changed it
		if readErr != nil || now == c.old || now != c.new && !kept {
			continue
		}
		if writeErr := writeSysctl(c.path, c.old); writeErr != nil {
			err = errors.Join(err, fmt.Errorf("restore sysctl: %w", writeErr))
			continue
		}
		restored = append(restored, c)
	}
	return restored, err
}

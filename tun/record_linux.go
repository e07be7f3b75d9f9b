package tun

// This file remembers, outside of the process, what is to be undone: a kill -9
// takes the TUN away, but leaves the changed settings. The record lies in the
// kernel's firewall, because that belongs to the network namespace that it
// speaks of, vanishes with it, and can be changed by exactly those who can
// change the rest. It is a table with one chain that nothing calls and one rule
// for each changed setting, in the rule's comment: "nft list ruleset" shows it.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"github.com/vishvananda/netlink"
)

// An owner identifies a Link on this host: the process, when it started (in
// clock ticks since boot: process numbers are used again), and the index of
// its interface, which the kernel does not use again.
type owner struct {
	pid     int
	started uint64
	index   int
}

const (
	tablePrefix = "sockeye_"
	undoSuffix  = "_undo"
	undoChain   = "undo"
)

// String names the owner's firewall table and marks its rules in those of others.
func (o owner) String() string {
	return fmt.Sprintf("%s%d_%d_%d", tablePrefix, o.pid, o.started, o.index)
}

// parseOwner is the reverse of String.
func parseOwner(s string) (o owner, ok bool) {
	s, ok = strings.CutPrefix(s, tablePrefix)
	f := strings.Split(s, "_")
	if !ok || len(f) != 3 {
		return owner{}, false
	}
	var errs [3]error
	o.pid, errs[0] = strconv.Atoi(f[0])
	o.started, errs[1] = strconv.ParseUint(f[1], 10, 64)
	o.index, errs[2] = strconv.Atoi(f[2])
	return o, errors.Join(errs[:]...) == nil
}

// isGone reports whether both the owner's interface and its process are gone.
// The interface vanishes with the process, however that ends; the process
// alone is no proof, since a container does not see the processes of others.
func (o owner) isGone() bool {
	if link, err := netlink.LinkByIndex(o.index); err == nil {
		_, isTUN := link.(*netlink.Tuntap)
		return !isTUN
	}
	started, err := processStart(strconv.Itoa(o.pid))
	return err != nil || started != o.started
}

// processStart returns when a process started that has not ended; pid may be
// "self".
func processStart(pid string) (uint64, error) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	// The second field is the name, in parentheses, and may hold anything;
	// the third is the state, the start the 22nd (proc_pid_stat(5)).
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 {
		return 0, fmt.Errorf("/proc/%s/stat: %q is too short", pid, b)
	}
	if f[0] == "Z" || f[0] == "X" { // ended, and its parent has not looked yet
		return 0, os.ErrProcessDone
	}
	return strconv.ParseUint(f[19], 10, 64)
}

// A record is what one Link has changed.
type record struct {
	owner   owner
	changes []sysctl
}

func (r record) change(path string) (sysctl, bool) {
	for _, c := range r.changes {
		if c.path == path {
			return c, true
		}
	}
	return sysctl{}, false
}

func (r record) changesBelow(dir string) []sysctl {
	var below []sysctl
	for _, c := range r.changes {
		if strings.HasPrefix(c.path, dir) {
			below = append(below, c)
		}
	}
	return below
}

// String is the comment of a change in a record.
func (c sysctl) String() string { return c.path + " " + c.old + " " + c.new }

// parseSysctl is the reverse of String. It accepts only what we would write:
// a record must not become a way to write elsewhere.
func parseSysctl(s string) (sysctl, bool) {
	f := strings.Split(s, " ")
	if len(f) != 3 || !strings.HasPrefix(f[0], "net/ipv4/conf/") && !strings.HasPrefix(f[0], conf6) || strings.Contains(f[0], "..") {
		return sysctl{}, false
	}
	return sysctl{f[0], f[1], f[2]}, true
}

// writeRecord stores the record before the changes are made.
func writeRecord(r record) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	t := c.AddTable(undoTable(r.owner))
	chain := c.AddChain(&nftables.Chain{Name: undoChain, Table: t})
	for _, change := range r.changes {
		c.AddRule(&nftables.Rule{Table: t, Chain: chain, UserData: comment(change.String())})
	}
	return c.Flush()
}

func undoTable(o owner) *nftables.Table {
	return &nftables.Table{Name: o.String() + undoSuffix, Family: nftables.TableFamilyINet}
}

func comment(s string) []byte { return userdata.AppendString(nil, userdata.TypeComment, s) }

// readRecords returns the records of all Links of this network namespace,
// alive or not.
func readRecords() ([]record, error) {
	c, err := nftables.New()
	if err != nil {
		return nil, err
	}
	tables, err := c.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, err
	}
	var records []record
	for _, t := range tables {
		name, isUndo := strings.CutSuffix(t.Name, undoSuffix)
		o, ok := parseOwner(name)
		if !ok || !isUndo {
			continue
		}
		rules, err := c.GetRules(t, &nftables.Chain{Name: undoChain})
		if err != nil {
			return nil, err
		}
		r := record{owner: o}
		for _, rule := range rules {
			text, _ := userdata.GetString(rule.UserData, userdata.TypeComment)
			if change, ok := parseSysctl(text); ok {
				r.changes = append(r.changes, change)
			}
		}
		records = append(records, r)
	}
	return records, nil
}

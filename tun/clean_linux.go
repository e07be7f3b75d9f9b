package tun

// This file takes back what Links of processes that died left behind.

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/google/nftables"
)

// Clean takes back what Links of processes that died have left in the network
// namespace of the calling thread: settings, firewall tables, rules in the chains
// of others. It says in a line each what it did; nothing left is no error.
// Links that are up are not touched. It needs CAP_NET_ADMIN.
func Clean() ([]string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unlock, err := lockHost(context.Background())
	if err != nil {
		return nil, fmt.Errorf("clean up: %w", err)
	}
	defer unlock()
	done, err := clearStale()
	if err != nil {
		return done, fmt.Errorf("clean up: %w", err)
	}
	return done, nil
}

// clearStale does the work of Clean under the lock.
func clearStale() (done []string, err error) {
	left, err := findStale()
	if err != nil {
		return nil, err
	}
	for _, r := range left.records {
		restored, restoreErr := restoreSysctls(r.changes, neededBy(left.all, r.owner))
		for _, c := range restored {
			done = append(done, fmt.Sprintf("restored %s=%s, which process %d had changed", c.path, c.old, r.owner.pid))
		}
		err = errors.Join(err, restoreErr)
	}
	if err != nil {
		return done, err // keep the records for the next try
	}
	from, err := closeForward(owner.isGone)
	for _, name := range from {
		done = append(done, "removed rules from firewall chain "+name)
	}
	if err != nil {
		return done, err
	}
	if err := deleteTables(left.tables...); err != nil {
		return done, err
	}
	for _, t := range left.tables {
		done = append(done, "removed firewall table inet "+t.Name)
	}
	return done, nil
}

// A leftover is what the dead have left.
type leftover struct {
	tables  []*nftables.Table
	records []record         // of the dead
	all     []record         // of the living as well
	rules   []*nftables.Rule // in chains of others
}

func findStale() (leftover, error) {
	var left leftover
	c, err := nftables.New()
	if err != nil {
		return left, err
	}
	tables, err := c.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return left, fmt.Errorf("list firewall tables: %w", err)
	}
	for _, t := range tables {
		o, ok := parseOwner(strings.TrimSuffix(t.Name, undoSuffix))
		if ok && o.isGone() {
			left.tables = append(left.tables, t)
		}
	}
	if left.all, err = readRecords(); err != nil {
		return left, err
	}
	for _, r := range left.all {
		if r.owner.isGone() {
			left.records = append(left.records, r)
		}
	}
	left.rules, err = markedRules(c, owner.isGone)
	return left, err
}

// deleteTables removes those of the tables that are there, with all they hold.
// Others may have flushed the whole firewall meanwhile.
func deleteTables(tables ...*nftables.Table) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	there, err := c.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return fmt.Errorf("list firewall tables: %w", err)
	}
	for _, t := range tables {
		if slices.ContainsFunc(there, func(o *nftables.Table) bool { return o.Name == t.Name }) {
			c.DelTable(t)
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("remove firewall tables: %w", err)
	}
	return nil
}

package tun

// This file makes the result of Up, and undoes what Up did.

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// down undoes what up did. It must run in the namespace of up.
func (u *upState) down() error {
	var errs []error
	if u.opened {
		_, err := closeForward(func(o owner) bool { return o == u.owner })
		errs = append(errs, err)
	}
	if u.dev != nil {
		errs = append(errs, u.dev.Close())
	}
	if u.applied {
		errs = append(errs, u.restore())
	}
	if u.nat != nil {
		errs = append(errs, u.nat.remove())
	}
	if u.records {
		errs = append(errs, deleteTables(undoTable(u.owner)))
	}
	if u.ns != 0 {
		errs = append(errs, u.ns.Close())
	}
	return errors.Join(errs...)
}

// restore takes the changes back that no other live Link needs.
func (u *upState) restore() error {
	var others []record
	if u.records {
		records, err := readRecords()
		if err != nil {
			return err
		}
		others = records
	}
	_, err := restoreSysctls(u.changes, neededBy(others, u.owner))
	return err
}

// neededBy returns a function that reports whether a live Link other than self
// needs a setting.
func neededBy(records []record, self owner) func(path string) bool {
	return func(path string) bool {
		for _, r := range records {
			if _, ok := r.change(path); ok && r.owner != self && !r.owner.isGone() {
				return true
			}
		}
		return false
	}
}

func (u *upState) addrs() []netip.Prefix {
	var addrs []netip.Prefix
	for _, p := range []netip.Prefix{u.prefix4, u.prefix6} {
		if p.IsValid() {
			_, stack := sides(p)
			addrs = append(addrs, stack)
		}
	}
	return addrs
}

// link makes the result of a completed up.
func (u *upState) link() *Link {
	l := &Link{Device: u.dev, Name: u.dev.Name(), Mode: u.dev.Mode(), Addrs: u.addrs()}
	if u.prefix4.IsValid() {
		kernel, _ := sides(u.prefix4)
		l.Gateway4 = kernel.Addr()
	}
	if u.prefix6.IsValid() {
		kernel, _ := sides(u.prefix6)
		l.Gateway6 = kernel.Addr()
	}
	var err error
	l.DNS, err = nameservers(resolvFiles, u.prefix4.IsValid(), u.prefix6.IsValid())
	if err != nil {
		u.note("%v", err)
	}
	l.Notes = u.notes
	l.undo = func() error {
		err := inNamespace(u.ns, func() error {
			// Without the lock, another Up may come in between; still better
			// than to leave everything.
			unlock, lockErr := lockHost(context.Background())
			if lockErr == nil {
				defer unlock()
			}
			return u.down()
		})
		if err != nil {
			return fmt.Errorf("take down %s: %w", l.Name, err)
		}
		return nil
	}
	return l
}

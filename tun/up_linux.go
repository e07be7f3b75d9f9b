package tun

// This file connects a stack to the world through the kernel of the host.

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Up makes a TUN device in the network namespace of the calling thread and
// lets the kernel forward its packets: it picks free addresses, gives the
// kernel one and the stack another, turns on forwarding where it is needed
// and masquerades what leaves. Package documentation tells in detail what is
// changed and how it is taken back.
//
// It needs CAP_NET_ADMIN; without, the error is fs.ErrPermission. If it fails,
// nothing stays changed. It first takes back what Links of processes that died
// left behind. ctx bounds the wait for other processes that set up or take down
// a Link.
func Up(ctx context.Context, cfg UpConfig) (*Link, error) {
	runtime.LockOSThread() // all of it happens in one namespace
	defer runtime.UnlockOSThread()
	if err := errors.Join(cfg.check(), ctx.Err()); err != nil {
		return nil, fmt.Errorf("set up a TUN: %w", err)
	}
	unlock, err := lockHost(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up a TUN: %w", err)
	}
	defer unlock()
	u := &upState{cfg: cfg}
	if err := u.up(); err != nil {
		return nil, fmt.Errorf("set up a TUN: %w", errors.Join(err, u.down()))
	}
	return u.link(), nil
}

// An upState is how far Up has come, and what down has to undo.
type upState struct {
	cfg UpConfig

	ns      netns.NsHandle // zero: not open
	host    *survey
	prefix4 netip.Prefix
	prefix6 netip.Prefix
	notes   []string

	dev     *TUN
	tun     netlink.Link
	owner   owner
	live    []record // of other Links
	changes []sysctl
	records bool // written
	applied bool // the changes may have been made
	nat     *natTable
	opened  bool // forward chains of others may hold rules of ours
}

// up goes through the steps. Each says in the state what it did before it fails.
func (u *upState) up() error {
	for _, step := range []func() error{
		u.look, u.choosePrefixes, u.openTUN, u.configure,
		u.record, u.addNAT, u.forward, u.openFirewall,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// look clears what the dead left and surveys the host.
func (u *upState) look() (err error) {
	if u.ns, err = netns.Get(); err != nil {
		return err
	}
	cleaned, err := clearStale()
	u.notes = append(u.notes, cleaned...)
	if err != nil {
		u.note("could not clear what a former process left: %v", err)
	}
	u.host, err = surveyHost()
	return err
}

func (u *upState) note(format string, args ...any) {
	u.notes = append(u.notes, fmt.Sprintf(format, args...))
}

// choosePrefixes takes the caller's prefixes or finds free ones.
func (u *upState) choosePrefixes() error {
	want4, want6 := u.host.families(u.cfg.Network)
	if u.cfg.Network == "" {
		want4, want6 = want4 || u.cfg.Prefix4.IsValid(), want6 || u.cfg.Prefix6.IsValid()
	}
	var err4, err6 error
	if want4 {
		u.prefix4, err4 = u.choose(u.cfg.Prefix4, candidates4, bits4)
	}
	if want6 {
		u.prefix6, err6 = u.choose(u.cfg.Prefix6, candidates6, bits6)
	}
	if u.cfg.Network == "" && errors.Is(err6, errNoPrefix) && u.prefix4.IsValid() {
		u.note("IPv4 only: %v", err6)
		err6 = nil
	}
	return errors.Join(err4, err6)
}

var errNoPrefix = errors.New("no free prefix")

func (u *upState) choose(chosen netip.Prefix, candidates []netip.Prefix, bits int) (netip.Prefix, error) {
	if chosen.IsValid() {
		return chosen.Masked(), checkPrefix(chosen, bits == bits4, u.host.taken)
	}
	p, ok := freePrefix(candidates, bits, uint64(os.Getpid()), u.host.taken)
	if !ok {
		return p, fmt.Errorf("%w in %v: routes of this host cover it; choose one", errNoPrefix, candidates)
	}
	return p, nil
}

// openTUN makes the device.
func (u *upState) openTUN() (err error) {
	cfg := Config{Name: u.cfg.Name, MTU: u.cfg.MTU, NoOffload: u.cfg.NoOffload}
	if cfg.Name == "" {
		cfg.Name = "sockeye%d"
	}
	if _, err := netlink.LinkByName(cfg.Name); err == nil {
		return fmt.Errorf("there is an interface %s already", cfg.Name)
	}
	if cfg.MTU == 0 {
		cfg.MTU = u.host.defaultMTU(u.prefix6.IsValid())
	}
	if u.dev, err = Open(cfg); err != nil {
		return err
	}
	if u.tun, err = netlink.LinkByName(u.dev.Name()); err != nil {
		return err
	}
	started, err := processStart("self")
	u.owner = owner{os.Getpid(), started, u.tun.Attrs().Index}
	return err
}

// defaultMTU is that of the way out, if it is one that the IP versions allow.
func (s *survey) defaultMTU(has6 bool) int {
	least := minMTU
	if has6 {
		least = minMTU6
	}
	if s.mtu < least {
		return defaultMTU
	}
	return min(s.mtu, maxMTU)
}

// defaultMTU is Ethernet's.
const defaultMTU = 1500

// configure sets up the interface itself. What it sets goes with the interface.
func (u *upState) configure() error {
	name := u.dev.Name()
	settings := []sysctl{{path: "net/ipv4/conf/" + name + "/forwarding", new: "1"}}
	if u.prefix6.IsValid() {
		dir := conf6 + name
		settings = append(settings,
			sysctl{path: dir + "/disable_ipv6", new: "0"},
			sysctl{path: dir + "/addr_gen_mode", new: "1"}, // no link-local address: nobody to talk to
			sysctl{path: dir + "/accept_ra", new: "0"},     // nobody to advertise
		)
		if hasPerInterface6() {
			settings = append(settings, sysctl{path: dir + "/force_forwarding", new: "1"})
		}
	}
	if err := applySysctls(settings); err != nil {
		return err
	}
	// Up first: an IPv6 address that is there before stays tentative for a while.
	if err := netlink.LinkSetUp(u.tun); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	for _, p := range []netip.Prefix{u.prefix4, u.prefix6} {
		if err := u.addAddr(p); err != nil {
			return err
		}
	}
	return u.awaitAddr6()
}

// addAddr gives the kernel its side of the prefix.
func (u *upState) addAddr(p netip.Prefix) error {
	if !p.IsValid() {
		return nil
	}
	kernel, _ := sides(p)
	addr, err := netlink.ParseAddr(kernel.String())
	if err != nil {
		return err
	}
	if p.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD // the only other host on the link is ours
	}
	if err := netlink.AddrAdd(u.tun, addr); err != nil {
		return fmt.Errorf("give %s the address %s: %w", u.dev.Name(), kernel, err)
	}
	return nil
}

// awaitAddr6 waits until the kernel answers at its IPv6 address: it adds the
// local route in its own time, even without duplicate address detection. If
// that takes longer, Up goes on: only the gateway itself does not answer yet.
func (u *upState) awaitAddr6() error {
	if !u.prefix6.IsValid() {
		return nil
	}
	kernel, _ := sides(u.prefix6)
	for start := time.Now(); time.Since(start) < time.Second; time.Sleep(time.Millisecond) {
		routes, err := netlink.RouteGet(kernel.Addr().AsSlice())
		if err != nil {
			return err
		}
		if len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL {
			break
		}
	}
	return nil
}

// record plans the changes to the host and notes them where they outlive us.
func (u *upState) record() (err error) {
	// Without nftables there are no other records, and no NAT either.
	records, err := readRecords()
	if err != nil && !u.cfg.NoNAT {
		return fmt.Errorf("read firewall tables: %w", err)
	}
	u.live = records
	out4, out6 := u.host.out4, u.host.out6
	if !u.prefix4.IsValid() {
		out4 = nil
	}
	if !u.prefix6.IsValid() {
		out6 = nil
	}
	u.changes, err = planForwarding(out4, out6, u.live)
	if err != nil || len(u.changes) == 0 {
		return err
	}
	if err := writeRecord(record{u.owner, u.changes}); err != nil {
		if !u.cfg.NoNAT {
			return fmt.Errorf("record the changes in the firewall: %w", err)
		}
		u.note("without nftables, a kill -9 leaves forwarding switched on: %v", err)
		return nil
	}
	u.records = true
	return nil
}

// addNAT adds the masquerade and the guard.
func (u *upState) addNAT() (err error) {
	u.nat, err = addNAT(natConfig{
		owner: u.owner, tun: u.dev.Name(), addrs: u.addrs(), masquerade: !u.cfg.NoNAT,
		changes: u.changes, interfaces: u.host.interfaces,
	})
	if err != nil && u.cfg.NoNAT {
		u.note("no guard: while forwarding is on, this host forwards for others too: %v", err)
		return nil
	}
	return err
}

func (u *upState) forward() error {
	u.applied = true
	return applySysctls(u.changes)
}

// openFirewall lets the TUN through the firewalls of others.
func (u *upState) openFirewall() error {
	if hasLegacyFilter() {
		u.note("iptables-legacy has rules here; if its FORWARD chain drops, run: "+
			"iptables-legacy -I FORWARD -i %s -j ACCEPT; iptables-legacy -I FORWARD -o %[1]s -j ACCEPT", u.dev.Name())
	}
	if u.cfg.KeepFirewall {
		return nil
	}
	u.opened = true
	notes, err := openForward(u.owner, u.dev.Name())
	u.notes = append(u.notes, notes...)
	if err != nil {
		u.note("could not see to the firewall: %v", err)
	}
	return nil
}

package tun

// This file holds our firewall table: masquerade for the TUN, and a guard that
// keeps the host from becoming a router for anybody else.

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A natTable is our table while the Link is up.
type natTable struct {
	conn *nftables.Conn
	raw  *mdl.Conn
	tbl  *nftables.Table
	// owned: the kernel removes the table when conn is closed, so also when
	// this process dies, and keeps others from flushing it.
	owned bool
}

// A natConfig says what the table holds.
type natConfig struct {
	owner      owner
	tun        string
	addrs      []netip.Prefix // the stack's
	masquerade bool
	changes    []sysctl // what of the host is forwarding on our account only
	interfaces []string // those of the host but for loopback and the TUN
}

// addNAT makes the table.
func addNAT(cfg natConfig) (*natTable, error) {
	t := &natTable{tbl: &nftables.Table{Name: cfg.owner.String(), Family: nftables.TableFamilyINet}}
	var err error
	t.conn, err = nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *mdl.Conn) error {
		t.raw = c
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	if err := t.create(); err != nil {
		t.conn.CloseLasting()
		return nil, fmt.Errorf("add firewall table %s: %w", t.tbl.Name, err)
	}
	if cfg.masquerade {
		t.addMasquerade(cfg)
	}
	if t.owned {
		t.addGuard(cfg)
	}
	if err := t.conn.Flush(); err != nil {
		t.remove()
		return nil, fmt.Errorf("add rules to firewall table %s: %w (modprobe -a nft_chain_nat nft_masq nft_ct)", t.tbl.Name, err)
	}
	return t, nil
}

// tableOwner is NFT_TABLE_F_OWNER: the table belongs to the netlink socket
// that made it (Linux 5.12 and later).
const tableOwner = 2

// create makes the empty table, owned if the kernel can do that.
func (t *natTable) create() error {
	if !forceUnowned && t.createOwned() == nil {
		t.owned = true
		return nil
	}
	t.conn.AddTable(t.tbl)
	return t.conn.Flush()
}

// forceUnowned makes tests take the way of kernels before 5.12.
var forceUnowned = false

// createOwned sends a message of our own: the library cannot set the flag.
func (t *natTable) createOwned() error {
	attrs, err := mdl.MarshalAttributes([]mdl.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: append([]byte(t.tbl.Name), 0)},
		{Type: unix.NFTA_TABLE_FLAGS, Data: binaryutil.BigEndian.PutUint32(tableOwner)},
	})
	if err != nil {
		return err
	}
	batch := func(kind mdl.HeaderType) mdl.Message {
		return mdl.Message{
			Header: mdl.Header{Type: kind, Flags: mdl.Request},
			Data:   []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES},
		}
	}
	_, err = t.raw.SendMessages([]mdl.Message{
		batch(unix.NFNL_MSG_BATCH_BEGIN),
		{
			Header: mdl.Header{
				Type:  unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE,
				Flags: mdl.Request | mdl.Acknowledge | mdl.Create | mdl.Excl,
			},
			Data: append([]byte{unix.NFPROTO_INET, unix.NFNETLINK_V0, 0, 0}, attrs...),
		},
		batch(unix.NFNL_MSG_BATCH_END),
	})
	if err == nil {
		_, err = t.raw.Receive()
	}
	return err
}

// addMasquerade lets packets that came in by the TUN leave with the address of
// the host. Kernels that know owned tables (5.12) can also look at the incoming
// interface here (5.8); for others, the stack's address must do.
func (t *natTable) addMasquerade(cfg natConfig) {
	chain := t.conn.AddChain(&nftables.Chain{
		Name: "postrouting", Table: t.tbl, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	add := func(match []expr.Any) {
		t.conn.AddRule(&nftables.Rule{Table: t.tbl, Chain: chain, Exprs: append(match, &expr.Masq{})})
	}
	if t.owned {
		add(isInterface(expr.MetaKeyIIFNAME, expr.CmpOpEq, cfg.tun))
		return
	}
	for _, p := range cfg.addrs {
		add(append(isInterface(expr.MetaKeyOIFNAME, expr.CmpOpNeq, cfg.tun), isSource(p.Addr())...))
	}
}

// addGuard drops what nobody but the new forwarding of ours would let through:
// new connections that come in where nothing was forwarded before, except to
// the TUN. It is only there while we are, since the table is owned.
func (t *natTable) addGuard(cfg natConfig) {
	var chain *nftables.Chain
	for _, in := range guardedInputs(cfg.changes, cfg.interfaces) {
		if chain == nil {
			chain = t.conn.AddChain(&nftables.Chain{
				Name: "forward", Table: t.tbl, Type: nftables.ChainTypeFilter,
				Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
			})
		}
		match := append(isProtocol(in.family), isInterface(expr.MetaKeyIIFNAME, expr.CmpOpEq, in.name)...)
		// What a bridge passes on within itself comes through here as well
		// (br_netfilter), with the bridge on both sides, and is none of our
		// business.
		match = append(match, isInterface(expr.MetaKeyOIFNAME, expr.CmpOpNeq, in.name)...)
		match = append(match, isInterface(expr.MetaKeyOIFNAME, expr.CmpOpNeq, cfg.tun)...)
		match = append(match, inState(expr.CtStateBitNEW|expr.CtStateBitINVALID)...)
		t.conn.AddRule(&nftables.Rule{Table: t.tbl, Chain: chain, Exprs: append(match, &expr.Verdict{Kind: expr.VerdictDrop})})
	}
}

// A guardedInput is an interface whose packets of one IP version are forwarded
// on our account only.
type guardedInput struct {
	family byte
	name   string
}

func guardedInputs(changes []sysctl, interfaces []string) []guardedInput {
	var in []guardedInput
	for _, c := range changes {
		f := strings.Split(c.path, "/") // net ipv4 conf NAME KEY
		if len(f) != 5 || c.old == c.new || f[4] != "forwarding" && f[4] != "force_forwarding" {
			continue
		}
		family := byte(unix.NFPROTO_IPV4)
		if f[1] == "ipv6" {
			family = unix.NFPROTO_IPV6
		}
		names := []string{f[3]}
		if f[3] == "all" {
			names = interfaces
		}
		for _, name := range names {
			in = append(in, guardedInput{family, name})
		}
	}
	return in
}

// remove removes the table: the kernel does so itself when its owner is closed.
func (t *natTable) remove() error {
	err := t.conn.CloseLasting()
	if t.owned {
		return err
	}
	return errors.Join(err, deleteTables(t.tbl))
}

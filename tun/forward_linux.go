package tun

// This file deals with firewalls of others (Docker, ufw, firewalld) that drop
// what is forwarded. An accept in a table of our own would not help: every
// chain of the forward hook must let a packet pass. So two rules go to the head
// of theirs, marked with our name. They speak of the TUN alone, so they do
// nothing once it is gone.

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
)

// blockingChains returns the forward chains that end in dropping a packet:
// by their policy, or by a last rule without a condition. It sees what nft and
// iptables-nft have set up; see hasLegacyFilter for the rest.
func blockingChains(c *nftables.Conn) ([]*nftables.Chain, error) {
	chains, err := forwardChains(c)
	if err != nil {
		return nil, err
	}
	var blocking []*nftables.Chain
	for _, chain := range chains {
		rules, readErr := c.GetRules(chain.Table, chain)
		if readErr != nil { // what we cannot read, we could not clean up either
			err = errors.Join(err, fmt.Errorf("read firewall chain %s: %w", chainName(chain), readErr))
			continue
		}
		drops := chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
		if drops || len(rules) > 0 && dropsAll(rules[len(rules)-1]) {
			blocking = append(blocking, chain)
		}
	}
	return blocking, err
}

// forwardChains returns the chains of others at the forward hook of IPv4 and IPv6.
func forwardChains(c *nftables.Conn) ([]*nftables.Chain, error) {
	all, err := c.ListChains()
	if err != nil {
		return nil, fmt.Errorf("list firewall chains: %w", err)
	}
	return slices.DeleteFunc(all, func(chain *nftables.Chain) bool {
		_, ours := parseOwner(chain.Table.Name)
		family := chain.Table.Family
		isIP := family == nftables.TableFamilyINet || family == nftables.TableFamilyIPv4 || family == nftables.TableFamilyIPv6
		return ours || !isIP || chain.Type != nftables.ChainTypeFilter ||
			chain.Hooknum == nil || *chain.Hooknum != *nftables.ChainHookForward
	}), nil
}

// dropsAll reports whether the rule drops or rejects whatever reaches it.
func dropsAll(r *nftables.Rule) bool {
	for i, e := range r.Exprs {
		switch e := e.(type) {
		case *expr.Counter, *expr.Log:
		case *expr.Reject:
			return i == len(r.Exprs)-1
		case *expr.Target: // of iptables-nft
			return e.Name == "REJECT"
		case *expr.Verdict:
			return e.Kind == expr.VerdictDrop
		default:
			return false
		}
	}
	return false
}

// openForward lets the TUN's packets pass the chains that would drop them, and
// says in which it did.
func openForward(o owner, tun string) (notes []string, err error) {
	c, err := nftables.New()
	if err != nil {
		return nil, err
	}
	chains, err := blockingChains(c)
	for _, chain := range chains {
		add := func(match []expr.Any) {
			c.InsertRule(&nftables.Rule{
				Table: chain.Table, Chain: chain, UserData: comment(o.String()),
				Exprs: append(match, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictAccept}),
			})
		}
		add(isInterface(expr.MetaKeyIIFNAME, expr.CmpOpEq, tun))
		back := isInterface(expr.MetaKeyOIFNAME, expr.CmpOpEq, tun)
		add(append(back, inState(expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED)...))
		if flushErr := c.Flush(); flushErr != nil {
			err = errors.Join(err, fmt.Errorf("let %s through firewall chain %s: %w", tun, chainName(chain), flushErr))
			continue
		}
		notes = append(notes, fmt.Sprintf("firewall chain %s drops what is forwarded: two rules let %s through",
			chainName(chain), tun))
	}
	return notes, err
}

// chainName writes a chain as nft does: family table chain.
func chainName(c *nftables.Chain) string {
	family := map[nftables.TableFamily]string{
		nftables.TableFamilyIPv4: "ip", nftables.TableFamilyIPv6: "ip6", nftables.TableFamilyINet: "inet",
	}[c.Table.Family]
	return family + " " + c.Table.Name + " " + c.Name
}

// markedRules returns the rules in forward chains of others that bear the mark
// of an owner for which match is true.
func markedRules(c *nftables.Conn, match func(owner) bool) ([]*nftables.Rule, error) {
	chains, err := forwardChains(c)
	if err != nil {
		return nil, err
	}
	var marked []*nftables.Rule
	for _, chain := range chains {
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			continue // nor did we add to what we cannot read
		}
		for _, r := range rules {
			mark, _ := userdata.GetString(r.UserData, userdata.TypeComment)
			if o, ok := parseOwner(mark); ok && match(o) {
				r.Table, r.Chain = chain.Table, chain
				marked = append(marked, r)
			}
		}
	}
	return marked, nil
}

// closeForward removes the rules of all owners for which match is true, and
// returns the names of the chains that had some.
func closeForward(match func(owner) bool) (from []string, err error) {
	c, err := nftables.New()
	if err != nil {
		return nil, err
	}
	marked, err := markedRules(c, match)
	if err != nil {
		return nil, err
	}
	for _, r := range marked {
		if err := c.DelRule(r); err != nil {
			return nil, err
		}
		if name := chainName(r.Chain); !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	if err := c.Flush(); err != nil {
		return nil, fmt.Errorf("remove firewall rules: %w", err)
	}
	return from, nil
}

// hasLegacyFilter reports whether the older iptables, which nftables cannot
// see, has rules of its own.
func hasLegacyFilter() bool {
	for _, name := range []string{"ip_tables_names", "ip6_tables_names"} {
		b, err := os.ReadFile("/proc/thread-self/net/" + name)
		if err == nil && slices.Contains(strings.Fields(string(b)), "filter") {
			return true
		}
	}
	return false
}

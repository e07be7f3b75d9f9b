package tun

// This file deals with firewalls of others (Docker, ufw, firewalld) that drop
// what is forwarded. An accept in a table of our own would not help: every
// chain of the forward hook must let a packet pass. So two rules go to the head
// of theirs, marked with our name. They speak of the TUN alone, so they do
// nothing once it is gone.

import (
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
		// A rule that the library cannot read is not an unconditional drop.
		rules, _ := c.GetRules(chain.Table, chain)
		drops := chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
		if drops || len(rules) > 0 && dropsAll(rules[len(rules)-1]) {
			blocking = append(blocking, chain)
		}
	}
	return blocking, nil
}

// forwardChains returns the chains of others at the forward hook of IPv4 and IPv6.
func forwardChains(c *nftables.Conn) ([]*nftables.Chain, error) {
	all, err := c.ListChains()
	if err != nil {
		return nil, err
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
	if err != nil {
		return nil, fmt.Errorf("list firewall chains: %w", err)
	}
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
		if err := c.Flush(); err != nil {
			return notes, fmt.Errorf("let %s through firewall chain %s: %w", tun, chainName(chain), err)
		}
		notes = append(notes, fmt.Sprintf("firewall chain %s drops what is forwarded: two rules let %s through", chainName(chain), tun))
	}
	return notes, nil
}

// chainName writes a chain as nft does: family table chain.
func chainName(c *nftables.Chain) string {
	family := map[nftables.TableFamily]string{
		nftables.TableFamilyIPv4: "ip", nftables.TableFamilyIPv6: "ip6", nftables.TableFamilyINet: "inet",
	}[c.Table.Family]
	return family + " " + c.Table.Name + " " + c.Name
}

// closeForward removes the rules of all owners for which isGone is true, and
// returns the chains that had some.
func closeForward(isGone func(owner) bool) (from []string, err error) {
	c, err := nftables.New()
	if err != nil {
		return nil, err
	}
	chains, err := forwardChains(c)
	if err != nil {
		return nil, fmt.Errorf("list firewall chains: %w", err)
	}
	for _, chain := range chains {
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			continue // expressions that the library cannot read are not in a chain of which we changed anything
		}
		found := false
		for _, r := range rules {
			mark, _ := userdata.GetString(r.UserData, userdata.TypeComment)
			if o, ok := parseOwner(mark); ok && isGone(o) {
				found = true
				r.Table = chain.Table
				if err := c.DelRule(r); err != nil {
					return from, err
				}
			}
		}
		if found {
			from = append(from, chainName(chain))
		}
	}
	return from, c.Flush()
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

package tun

// This file examines the host for what Up needs. It changes nothing.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Diagnose examines the network namespace of the calling thread for what Up
// needs, in the order in which Up needs it. It changes nothing and works
// without privilege, but then cannot tell everything.
func Diagnose() []Check {
	checks := []Check{checkNode(), checkOffload(), checkPrivilege()}
	host, err := surveyHost()
	if err != nil {
		return append(checks, Check{Name: "network", Found: err.Error()})
	}
	return append(checks,
		checkRoute(host), checkForwarding(host), checkReversePath(host),
		checkNAT(), checkFirewall(), checkNameservers(host), checkLeftovers(),
	)
}

const tunNode = "/dev/net/tun"

func checkNode() Check {
	c := Check{Name: "TUN device"}
	f, err := os.OpenFile(tunNode, os.O_RDWR, 0)
	switch {
	case err == nil:
		f.Close()
		c.OK, c.Found = true, tunNode+" can be opened"
	case errors.Is(err, fs.ErrNotExist):
		c.Found = tunNode + " does not exist"
		c.Fix = "modprobe tun || { mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200; }"
	case errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO):
		c.Found, c.Fix = "the kernel has no TUN driver loaded", "modprobe tun"
	case errors.Is(err, fs.ErrPermission):
		c.Found, c.Fix = tunNode+" may not be opened by this user", "chmod 666 "+tunNode
	default:
		c.Found = err.Error()
	}
	return c
}

// checkOffload asks whether the kernel can hand over packets of many segments. What else it can
// leave to us shows only when a device is open.
func checkOffload() Check {
	c := Check{Name: "offload", OK: true, Found: "packets of many segments and unfinished checksums pass whole (virtio header)"}
	f, err := os.OpenFile(tunNode, os.O_RDWR, 0)
	if err != nil {
		return Check{Name: c.Name, Found: "cannot tell without " + tunNode}
	}
	defer f.Close()
	features, err := unix.IoctlGetUint32(int(f.Fd()), unix.TUNGETFEATURES)
	if err != nil || features&unix.IFF_VNET_HDR == 0 {
		c.Found = "the kernel's TUN driver has no virtio header: each packet is read and written by itself, which is slower"
	}
	return c
}

func checkPrivilege() Check {
	c := Check{Name: "privilege", OK: hasNetAdmin(), Found: "CAP_NET_ADMIN is there"}
	if !c.OK {
		c.Found = "CAP_NET_ADMIN is missing: it is needed to make a TUN, routes and firewall rules"
		c.Fix = "sudo setcap cap_net_admin+ep " + programPath() + "   (or run sockeye with sudo)"
	}
	return c
}

func programPath() string {
	if exe, err := os.Executable(); err == nil {
		return exe
	}
	return "sockeye"
}

// hasNetAdmin reports whether this thread holds CAP_NET_ADMIN.
func hasNetAdmin() bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&hdr, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_NET_ADMIN) != 0
}

func checkRoute(h *survey) Check {
	c := Check{Name: "default route", OK: true}
	describe := func(version string, uplinks []string) string {
		if len(uplinks) == 0 {
			return version + ": none"
		}
		return version + " over " + strings.Join(uplinks, ", ")
	}
	c.Found = describe("IPv4", h.uplinks4) + "; " + describe("IPv6", h.uplinks6)
	if len(h.uplinks4)+len(h.uplinks6) == 0 {
		c.OK = false
		c.Found += ": only hosts on the networks of this host can be reached"
	}
	return c
}

// checkForwarding looks for settings that Up has to change and may not.
func checkForwarding(h *survey) Check {
	c := Check{Name: "forwarding", OK: true, Found: "is on wherever packets leave"}
	changes, err := planForwarding(h.out4, h.out6, nil)
	if err != nil {
		return Check{Name: c.Name, Found: err.Error()}
	}
	var need, barred []string
	for _, change := range changes {
		need = append(need, change.path)
		if unix.Faccessat(unix.AT_FDCWD, sysctlRoot+change.path, unix.W_OK, unix.AT_EACCESS) != nil {
			barred = append(barred, change.path+"="+change.new)
		}
	}
	if len(need) > 0 {
		c.Found = "will be switched on while sockeye runs: " + strings.Join(need, ", ")
	}
	if len(barred) > 0 {
		c.OK = false
		c.Found = "is off and may not be switched on by this process"
		c.Fix = "sysctl -w " + strings.Join(barred, " ")
	}
	return c
}

// checkReversePath looks for strict reverse path filters where they can hurt:
// with several ways out, an answer may come in by another than its question left.
func checkReversePath(h *survey) Check {
	c := Check{Name: "rp_filter", OK: true, Found: "does not stand in the way"}
	if len(h.uplinks4) < 2 {
		return c
	}
	all, _ := readSysctl("net/ipv4/conf/all/rp_filter")
	var strict []string
	for _, name := range h.uplinks4 {
		own, _ := readSysctl("net/ipv4/conf/" + name + "/rp_filter")
		if max(all, own) == "1" { // the larger one counts
			strict = append(strict, "net/ipv4/conf/"+name+"/rp_filter=2")
		}
	}
	if len(strict) > 0 {
		c.OK = false
		c.Found = "several interfaces have a default route, and answers that come in by another one are dropped"
		c.Fix = "sysctl -w " + strings.Join(strict, " ")
	}
	return c
}

// checkNAT tries whether the kernel takes a masquerading table, in a
// transaction that also removes it: nobody ever sees it.
func checkNAT() Check {
	c := Check{Name: "NAT", OK: true, Found: "nftables can masquerade"}
	conn, err := nftables.New()
	if err == nil {
		t := conn.AddTable(&nftables.Table{Name: tablePrefix + "probe", Family: nftables.TableFamilyINet})
		chain := conn.AddChain(&nftables.Chain{
			Name: "postrouting", Table: t, Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
		})
		conn.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: []expr.Any{&expr.Masq{}}})
		conn.DelTable(t)
		err = conn.Flush()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return Check{Name: c.Name, Found: "cannot tell without CAP_NET_ADMIN", Fix: "sudo sockeye doctor"}
	case err != nil:
		c.OK, c.Found = false, "nftables cannot masquerade: "+err.Error()
		c.Fix = "modprobe -a nf_tables nft_chain_nat nft_masq nft_ct"
	}
	return c
}

// checkFirewall looks for forward chains that drop by default.
func checkFirewall() Check {
	c := Check{Name: "firewall", OK: true, Found: "lets forwarded packets pass"}
	conn, err := nftables.New()
	var chains []*nftables.Chain
	if err == nil {
		chains, err = blockingChains(conn)
	}
	if errors.Is(err, fs.ErrPermission) {
		return Check{Name: c.Name, Found: "cannot tell without CAP_NET_ADMIN", Fix: "sudo sockeye doctor"}
	}
	if err != nil {
		return Check{Name: c.Name, Found: err.Error()}
	}
	var names []string
	for _, chain := range chains {
		names = append(names, chainName(chain))
	}
	if len(names) > 0 {
		c.Found = "drops what is forwarded (" + strings.Join(names, ", ") +
			"); sockeye adds two rules for its TUN there while it runs"
	}
	if hasLegacyFilter() && legacyDrops() {
		c.OK = false
		c.Found = "the FORWARD chain of iptables-legacy drops what is forwarded"
		c.Fix = "iptables-legacy -I FORWARD -i sockeye+ -j ACCEPT; iptables-legacy -I FORWARD -o sockeye+ -j ACCEPT"
	}
	return c
}

// legacyDrops asks the older iptables, which has no interface but its command,
// for the policy of its forward chain. Without the command, nothing drops that
// anybody could have set up.
func legacyDrops() bool {
	out, err := exec.Command("iptables-legacy", "-S", "FORWARD").Output()
	return err == nil && strings.Contains(string(out), "-P FORWARD DROP")
}

func checkNameservers(h *survey) Check {
	has4, has6 := h.families("")
	servers, err := nameservers(resolvFiles, has4, has6)
	if err != nil {
		return Check{Name: "name server", Found: err.Error()}
	}
	return Check{Name: "name server", OK: true, Found: fmt.Sprint(servers)}
}

func checkLeftovers() Check {
	c := Check{Name: "leftovers", OK: true, Found: "none"}
	left, err := findStale()
	if errors.Is(err, fs.ErrPermission) {
		return Check{Name: c.Name, Found: "cannot tell without CAP_NET_ADMIN", Fix: "sudo sockeye doctor"}
	}
	if err != nil {
		return Check{Name: c.Name, Found: err.Error()}
	}
	if len(left.tables)+len(left.rules) > 0 {
		c.OK = false
		c.Found = fmt.Sprintf("%d firewall tables and %d rules of processes that died", len(left.tables), len(left.rules))
		c.Fix = "sudo sockeye doctor --clean"
	}
	return c
}

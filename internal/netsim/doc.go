// Package netsim simulates networks in virtual time: whole hosts of package stack, links with every fault of
// tun/impair, routers and middleboxes between them, and one seed from which all chance comes. The same seed gives
// the same run, bit for bit.
//
//	n := netsim.New(1)
//	a, b := n.AddHost("A", stack.Config{}), n.AddHost("B", stack.Config{})
//	n.Join(a, b, netsim.Link{There: impair.Fault{Delay: 10 * time.Millisecond, Loss: 0.01}, Back: ...})
//	server := netsim.Serve(b, 80, netsim.Script{})
//	client := netsim.Dial(a, b.Addr(), 80, netsim.Script{Send: 100_000})
//	n.Run(time.Minute)
//
// After every event the rules that hold of any TCP are checked; see check.go. The first that is broken stops the run:
// Net.Err. Random simulations by seed are in scenario.go, a table of what transfers come to in table_test.go.
//
// A Net belongs to one goroutine; several Nets share nothing.
package netsim

// Package lab makes private network namespaces for demonstrations, tests and
// benchmarks, so that nothing they do touches the network of the host.
//
// A Namespace is a network stack of the kernel of its own: interfaces, routes,
// firewall and port numbers. Do runs a function in it, Start and Run a command;
// Veth joins two with a cable; Close removes it with all that is in it.
//
//	server, err := lab.New()
//	client, err := lab.New()
//	err = lab.Veth(lab.End{Namespace: server, Name: "eth0", Addrs: serverAddrs}, lab.End{Namespace: client, Name: "eth0", Addrs: clientAddrs})
//	err = server.Do(func() error { listener, err = net.Listen("tcp", ":80"); return err })
//	err = client.Run(exec.Command("curl", "http://10.0.0.1/"))
//
// Making a namespace needs root, or a user namespace in which the process is
// root: Reexec starts the program again in one, and CanNamespace says whether
// the system lets it and why not. Package labtest does this for tests.
//
// Namespaces belong to threads, not to goroutines: what a function run by Do
// hands to another goroutine runs in the namespace of the process again. A
// socket stays in the namespace where it was made, whoever uses it later.
package lab

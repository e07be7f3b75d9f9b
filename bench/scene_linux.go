package main

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// Where a run takes place: two namespaces that nobody has used before, and a server that is as new. So no run inherits
// anything from another, such as connections in TIME-WAIT or what the kernel remembers of an address.

// A scene is the place of one run.
type scene struct {
	program program
	world   *lab.Namespace // the server's
	host    *lab.Namespace // the client's, if its stack is the kernel's
	others  []*process     // the server first
	closers []func() error
}

// runTimeout bounds a run: a hundred times what it usually takes.
const runTimeout = 2 * time.Minute

// play makes a scene, plays one run in it and takes it down.
func (p program) play(ctx context.Context, s spec, awake bool) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	c := &scene{program: p}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.build(ctx, s); err != nil {
		return r, err
	}
	if awake {
		if err := c.add(ctx, spec{Role: roleAwake}, c.world); err != nil {
			return r, err
		}
	}
	return c.run(ctx, s)
}

// build makes the namespaces, what joins them, and the server.
func (c *scene) build(ctx context.Context, s spec) (err error) {
	for _, ns := range []**lab.Namespace{&c.world, &c.host} {
		if *ns, err = lab.New(); err != nil {
			return err
		}
		c.closers = append(c.closers, (*ns).Close)
	}
	if err := c.add(ctx, spec{Role: roleServer, Idle: s.Idle}, c.world); err != nil {
		return err
	}
	switch s.System {
	case kernel:
		return lab.Veth(
			lab.End{Namespace: c.world, Name: "eth0", Addrs: []netip.Prefix{serverAddr}, MTU: s.MTU},
			lab.End{Namespace: c.host, Name: "eth0", Addrs: []netip.Prefix{clientAddr}, MTU: s.MTU})
	case kernelTUN:
		return c.joinTUNs(ctx, s)
	}
	return nil // the client makes a TUN device in the server's namespace
}

// joinTUNs makes a TUN device in each namespace and starts the process that joins them.
func (c *scene) joinTUNs(ctx context.Context, s spec) error {
	var files []*os.File
	for _, end := range []struct {
		ns   *lab.Namespace
		addr netip.Prefix
	}{{c.world, serverAddr}, {c.host, clientAddr}} {
		err := end.ns.Do(func() error {
			fd, err := openWholeTUN(device)
			if err != nil {
				return err
			}
			files = append(files, os.NewFile(uintptr(fd), device))
			return lab.PlugIn(device, end.addr, s.MTU)
		})
		if err != nil {
			return err
		}
	}
	err := c.add(ctx, spec{Role: roleForward}, c.world, files...)
	for _, f := range files {
		err = errors.Join(err, f.Close()) // they are the process's now
	}
	return err
}

// add starts one of the processes beside the client.
func (c *scene) add(ctx context.Context, s spec, ns *lab.Namespace, files ...*os.File) error {
	x, err := c.program.startReady(ctx, s, ns, files...)
	if err == nil {
		c.others = append(c.others, x)
	}
	return err
}

// run plays the client's part.
func (c *scene) run(ctx context.Context, s spec) (result, error) {
	ns := c.world
	if s.System == kernel || s.System == kernelTUN {
		ns = c.host
	}
	before := c.used()
	s.Role = roleClient
	x, err := c.program.start(s, ns)
	if err != nil {
		return result{}, err
	}
	r, err := x.result(ctx)
	if err != nil {
		return r, errors.Join(err, x.end())
	}
	if cpu, ok := r.Values["cpu"]; ok {
		r.Values["cpu_all"] = cpu + (c.used()-before)/float64(s.Bytes)*gib
	}
	return r, x.end()
}

// used is the CPU time of all processes whose work serves the client, in seconds.
func (c *scene) used() (seconds float64) {
	for _, x := range c.others {
		if x.spec.Role != roleAwake {
			seconds += x.used()
		}
	}
	return seconds
}

// close ends everything, in reverse order.
func (c *scene) close() error {
	var errs []error
	for i := len(c.others) - 1; i >= 0; i-- {
		errs = append(errs, c.others[i].end())
	}
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	return errors.Join(errs...)
}

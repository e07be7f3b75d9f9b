package lab

// This file holds the network namespace: how it is made, kept, entered and closed.

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A Namespace is a network namespace. Its methods may be called from any
// goroutine, also at once.
type Namespace struct {
	handle netns.NsHandle
	keeper chan func() // work for the thread that stays in the namespace

	mu   sync.Mutex
	cmds map[*exec.Cmd]*command // started and not ended
}

// A command is one that Start started. Somebody waits for it, or Close will.
type command struct {
	waiting bool
	done    chan struct{}
}

// New makes a namespace. Its loopback interface is up; it has no other.
// It needs CAP_SYS_ADMIN: see CanNamespace and Reexec.
func New() (*Namespace, error) {
	n := &Namespace{keeper: make(chan func()), cmds: make(map[*exec.Cmd]*command)}
	made := make(chan error)
	go onThread(func() { n.keep(made) })
	if err := <-made; err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return n, nil
}

// keep is the life of the thread that makes the namespace and stays in it.
func (n *Namespace) keep(made chan<- error) {
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		n.handle, err = netns.Get()
	}
	if err == nil {
		err = loopbackUp()
	}
	made <- err
	if err != nil {
		return
	}
	for f := range n.keeper {
		f()
	}
}

// onThread runs f on an operating system thread that nobody else uses before
// or after: the caller is a goroutine of its own and ends with f. It avoids
// the process's first thread, which /proc/self and /proc/net speak of.
func onThread(f func()) {
	runtime.LockOSThread() // not unlocked: the runtime ends the thread with the goroutine
	if unix.Gettid() != os.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onThread(f)
	}()
	<-done
	runtime.UnlockOSThread() // f was not here
}

// loopbackUp brings up the loopback interface of the thread's namespace.
func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// Path names the namespace for other programs of this host, such as
// "nsenter --net=PATH", while the Namespace is open.
func (n *Namespace) Path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(n.handle))
}

// Fd returns the file descriptor that stands for the namespace, for use in
// system calls while the Namespace is open.
func (n *Namespace) Fd() int { return int(n.handle) }

// Do runs f on a thread of its own in the namespace, waits for it and returns
// its error. A panic in f, and the runtime.Goexit of a test that fails there,
// go on in the caller. f must not call runtime.UnlockOSThread.
func (n *Namespace) Do(f func() error) error {
	var (
		err      error
		returned bool
		panicked any
		done     = make(chan struct{})
	)
	go onThread(func() {
		defer close(done)
		defer func() { panicked = recover() }()
		if err = netns.Set(n.handle); err != nil {
			err = fmt.Errorf("enter the network namespace: %w", err)
		} else {
			err = f()
		}
		returned = true
	})
	<-done
	switch {
	case panicked != nil:
		panic(panicked)
	case !returned:
		runtime.Goexit()
	}
	return err
}

// Start starts a command in the namespace, as cmd.Start does. It is killed
// when the Namespace is closed and when this process dies. The caller waits
// for it with Wait of the Namespace.
func (n *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	// The signal is sent when the thread ends that started the command: the
	// keeper, which lives as long as the namespace.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error, 1)
	n.keeper <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmds[cmd] = &command{done: make(chan struct{})}
	return nil
}

// Wait waits for a command that Start started, as cmd.Wait does. It is to be
// called once, or not at all.
func (n *Namespace) Wait(cmd *exec.Cmd) error {
	n.mu.Lock()
	c := n.cmds[cmd]
	if c == nil || c.waiting {
		n.mu.Unlock()
		return fmt.Errorf("%s: not started in this namespace, or waited for already", cmd)
	}
	c.waiting = true
	n.mu.Unlock()

	err := cmd.Wait()
	close(c.done)
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cmds, cmd)
	return err
}

// Run runs a command in the namespace until it ends.
func (n *Namespace) Run(cmd *exec.Cmd) error {
	if err := n.Start(cmd); err != nil {
		return err
	}
	return n.Wait(cmd)
}

// Output runs a command in the namespace and returns what it wrote to its
// standard output. The error quotes its standard error.
func (n *Namespace) Output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var out, diag limitedBuffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := n.Run(cmd); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", cmd, err, diag.String())
	}
	return out.String(), nil
}

// Close kills the commands that still run in the namespace, waits for them and
// gives the namespace up. The kernel removes it with its interfaces when its last
// socket is closed as well. Close must be called once, when calls of Do and
// Start have returned.
func (n *Namespace) Close() error {
	n.mu.Lock()
	left := maps.Clone(n.cmds)
	n.mu.Unlock()
	for cmd, c := range left {
		cmd.Process.Kill() // fails when it has ended already
		n.Wait(cmd)        // its error says that it was killed
		<-c.done
	}
	close(n.keeper)
	return n.handle.Close()
}

// maxOutput bounds what Output keeps, so that a command gone wild cannot eat
// the memory.
const maxOutput = 16 << 20

// A limitedBuffer keeps the first maxOutput bytes written to it.
type limitedBuffer struct{ b []byte }

func (l *limitedBuffer) Write(p []byte) (int, error) {
	l.b = append(l.b, p[:min(len(p), maxOutput-len(l.b))]...)
	return len(p), nil
}

func (l *limitedBuffer) String() string { return string(l.b) }

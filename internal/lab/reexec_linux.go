package lab

// This file starts the program again where it may make network namespaces.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideEnv marks a process that Reexec started.
const insideEnv = "SOCKEYE_LAB"

// Inside reports whether Reexec started this process.
func Inside() bool { return os.Getenv(insideEnv) != "" }

// Reexec starts this program again, with the same arguments, environment and
// standard files, in a network namespace of its own, and returns the exit code
// of that process: the caller exits with it. A process that is not root becomes
// root of a new user namespace there, which lets it make devices, routes,
// firewall rules and further namespaces, and changes nothing on the host. The
// process learns from Inside where it is; its loopback interface is down until
// SetUp.
//
// SIGTERM is handed on to the child, and so is an interrupt that does not come
// from the terminal, which sends it to the child as well. If this process is
// killed, the child gets SIGTERM.
func Reexec() (code int, err error) {
	exe, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("start in a network namespace: %w", err)
	}
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = namespaceAttr()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	runtime.LockOSThread() // Pdeathsig means the death of this thread
	defer runtime.UnlockOSThread()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start in a network namespace: %w", explain(err))
	}
	done := make(chan struct{})
	defer close(done)
	go passOn(signals, cmd.Process, done)
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(exit), nil
	}
	return 0, err
}

// passOn hands signals on to the child. An interrupt from the keyboard reaches
// the whole process group anyway; sending it twice would tell the child to hurry.
func passOn(signals <-chan os.Signal, child *os.Process, done <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM || !inForeground() {
				child.Signal(s) // if it fails, the child has ended
			}
		case <-done:
			return
		}
	}
}

// inForeground reports whether the terminal's keyboard sends us signals.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// exitCode is the shell's: 128 and the signal for a process that was killed.
func exitCode(e *exec.ExitError) int {
	if s, ok := e.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return e.ExitCode()
}

// SetUp brings up the loopback interface of the calling thread's namespace.
// A process that Reexec started calls it first.
func SetUp() error {
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bring up loopback: %w", err)
	}
	return nil
}

// namespaceAttr asks for a network namespace, and for a user namespace around
// it when we are not root. The mount namespace on top of them is what AppArmor
// and seccomp refuse to those who only look like root.
func namespaceAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags:   unix.CLONE_NEWNET,
		Unshareflags: unix.CLONE_NEWNS,
	}
	if !isRoot() {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

// isRoot reports whether the process holds CAP_SYS_ADMIN and CAP_NET_ADMIN.
func isRoot() bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&hdr, &data[0]) != nil {
		return false
	}
	const need = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN
	return data[0].Effective&need == need
}

// CanNamespace returns nil when Reexec will work, or an error that says why
// not and what would help. It tries it, with a child that ends at once.
func CanNamespace() error {
	// Executing what does not exist fails with ENOENT after all the namespaces
	// have been made, and with another error when one could not be.
	_, err := syscall.ForkExec("/proc/self/nothing", []string{"nothing"}, &syscall.ProcAttr{Sys: namespaceAttr()})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return explain(err)
}

// The switches with which distributions forbid user namespaces.
var switches = []struct{ path, forbids, fix string }{
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	{"/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"},
}

// explain adds the reason to an error of making namespaces.
func explain(err error) error {
	if isRoot() {
		return fmt.Errorf("network namespaces are not allowed here, although this is root (in a container? it needs CAP_SYS_ADMIN): %w", err)
	}
	for _, s := range switches {
		b, readErr := os.ReadFile(s.path)
		if readErr == nil && strings.TrimSpace(string(b)) == s.forbids {
			return fmt.Errorf("user namespaces are switched off (sudo %s, or run as root): %w", s.fix, err)
		}
	}
	return fmt.Errorf("user namespaces are not allowed here (run as root; in a container, seccomp may forbid them): %w", err)
}

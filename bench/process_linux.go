package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/usage"
)

// The director's side of the processes.

// A process plays a part in a namespace.
type process struct {
	spec spec
	ns   *lab.Namespace
	cmd  *exec.Cmd
	in   io.Closer // closing it tells the process that nothing more is wanted
	out  io.Reader
	diag bytes.Buffer
}

// program is how to start this program so that it plays a part: the order follows.
type program []string

// partFlag makes the program play a part.
const partFlag = "-part"

// start starts a process with more files than the standard ones.
func (p program) start(s spec, ns *lab.Namespace, files ...*os.File) (*process, error) {
	arg, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	x := &process{spec: s, ns: ns}
	x.cmd = exec.Command(p[0], append(append([]string(nil), p[1:]...), partFlag, string(arg))...)
	x.cmd.Stderr, x.cmd.ExtraFiles = &x.diag, files
	if x.in, err = x.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if x.out, err = x.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := ns.Start(x.cmd); err != nil {
		return nil, fmt.Errorf("start the %s: %w", s.Role, err)
	}
	return x, nil
}

// startReady starts a process and waits until it says that it is ready.
func (p program) startReady(ctx context.Context, s spec, ns *lab.Namespace, files ...*os.File) (*process, error) {
	x, err := p.start(s, ns, files...)
	if err != nil {
		return nil, err
	}
	if _, err := x.result(ctx); err != nil {
		return nil, errors.Join(err, x.end())
	}
	return x, nil
}

// result waits for what the process says. When ctx ends, the process is killed.
func (x *process) result(ctx context.Context) (r result, err error) {
	stop := context.AfterFunc(ctx, func() { x.cmd.Process.Kill() }) // fails when it has ended
	defer stop()
	if json.NewDecoder(x.out).Decode(&r) != nil {
		err := x.ns.Wait(x.cmd)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return r, fmt.Errorf("the %s has nothing to say: %w %s", x.spec.Role, err, strings.TrimSpace(x.diag.String()))
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// end tells the process that nothing more is wanted and waits for its end. It may be called after the process has ended.
func (x *process) end() error {
	x.in.Close() // fails when it has ended
	if x.cmd.ProcessState != nil {
		return nil
	}
	stop := time.AfterFunc(endTimeout, func() { x.cmd.Process.Kill() })
	defer stop.Stop()
	if err := x.ns.Wait(x.cmd); err != nil {
		return fmt.Errorf("the %s: %w %s", x.spec.Role, err, strings.TrimSpace(x.diag.String()))
	}
	return nil
}

// endTimeout is how long a process may take to end.
const endTimeout = 5 * time.Second

// used returns the CPU time that the process has used so far, in seconds; 0 when it has ended.
func (x *process) used() float64 { return usage.CPUTime(x.cmd.Process.Pid).Seconds() }

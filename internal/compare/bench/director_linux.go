package bench

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
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// The director's side of the parts.

// A part is a process that plays one.
type part struct {
	name    role
	ns      *lab.Namespace // nil: that of the director
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan answer // closed when it has no more to say
	diag    bytes.Buffer
	ended   bool
}

// start starts a part in a namespace, nil for our own, with more files than the standard ones, and waits until it is ready.
func start(ctx context.Context, program []string, s spec, ns *lab.Namespace, files ...*os.File) (*part, answer, error) {
	arg, err := json.Marshal(s)
	if err != nil {
		return nil, answer{}, err
	}
	p := &part{name: s.Role, ns: ns, answers: make(chan answer)}
	p.cmd = exec.Command(program[0], append(append([]string(nil), program[1:]...), string(arg))...)
	p.cmd.Args[0] = os.Args[0] // it is this program
	p.cmd.Stderr, p.cmd.ExtraFiles = &p.diag, files
	p.cmd.WaitDelay = endWait // the standard files go on to a forwarder's client
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, answer{}, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, answer{}, err
	}
	begin := p.cmd.Start
	if ns != nil {
		begin = func() error { return ns.Start(p.cmd) }
	}
	if err := begin(); err != nil {
		return nil, answer{}, fmt.Errorf("start the part %s: %w", s.Role, err)
	}
	go p.listen(out)
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	ready, err := p.answer(ctx)
	if err != nil {
		return nil, answer{}, errors.Join(fmt.Errorf("set up the part %s: %w", s.Role, err), p.end())
	}
	return p, ready, nil
}

// listen hands on what the part says until its end.
func (p *part) listen(out io.Reader) {
	defer close(p.answers)
	for d := json.NewDecoder(out); ; {
		var a answer
		if d.Decode(&a) != nil {
			return
		}
		p.answers <- a
	}
}

// do gives an order and waits for the answer.
func (p *part) do(ctx context.Context, o order) (answer, error) {
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return answer{}, fmt.Errorf("the part %s does not listen: %w", p.name, err)
	}
	return p.answer(ctx)
}

func (p *part) answer(ctx context.Context) (answer, error) {
	select {
	case a, ok := <-p.answers:
		switch {
		case !ok:
			return a, fmt.Errorf("the part %s has ended: %s", p.name, strings.TrimSpace(p.diag.String()))
		case a.Permission:
			return a, fmt.Errorf("%w: %s", ErrPermission, a.Error)
		case a.Error != "":
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// end lets the part take back what it set up, and waits for that; a part that
// takes too long is told more clearly.
func (p *part) end() error {
	if p.ended {
		return nil
	}
	p.ended = true
	p.in.Close() // this is how it learns that there is nothing more to do
	stop := time.AfterFunc(endWait, func() { p.cmd.Process.Signal(syscall.SIGKILL) })
	defer stop.Stop()
	for range p.answers { // that of an order that was in progress
	}
	wait := p.cmd.Wait
	if p.ns != nil {
		wait = func() error { return p.ns.Wait(p.cmd) }
	}
	if err := wait(); err != nil && !p.hasFailed(err) {
		return fmt.Errorf("the part %s: %w: %s", p.name, err, strings.TrimSpace(p.diag.String()))
	}
	return nil
}

// hasFailed reports whether the part ended with an error, which it has told in an answer.
func (p *part) hasFailed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.Exited()
}

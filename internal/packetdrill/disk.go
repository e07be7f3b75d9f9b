package packetdrill

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Files that commands make, in memory, and the calls that read them; and pipes.

// maxFile bounds a file that a command makes.
const maxFile = 16 << 20

// dd makes a file: dd if=/dev/zero of=name bs=1 count=5.
func (r *runner) dd(args []string) error {
	v := map[string]string{"bs": "512", "count": "1"}
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return fmt.Errorf("dd: expected name=value, found %q", a)
		}
		v[name] = value
	}
	size, err := strconv.Atoi(v["bs"])
	count, err2 := strconv.Atoi(v["count"])
	switch {
	case err != nil || err2 != nil || size < 0 || count < 0 || size > maxFile || count > maxFile || size*count > maxFile:
		return fmt.Errorf("dd: a file of %s times %s bytes is not supported", v["count"], v["bs"])
	case v["if"] != "/dev/zero" || v["of"] == "":
		return fmt.Errorf("dd: only a copy of /dev/zero is supported")
	}
	r.disk[path.Clean(v["of"])] = make([]byte, size*count)
	return nil
}

// callOpen opens a file for reading.
func callOpen(r *runner, a *arguments) *attempt {
	a.count(2, 3)
	if a.list[0].Kind != ExprString {
		a.fail("the name of the file must be a string")
	}
	if flags := a.number(1); flags&3 != sockets.O_RDONLY {
		a.fail("files can only be read")
	}
	text, ok := r.disk[path.Clean(a.list[0].Text)]
	if !ok {
		return immediately(0, syscall.ENOENT)
	}
	fd, errno := r.table.OpenFile(text)
	return r.opened(a, fd, errno, nil)
}

// callSendfile sends from a file. An offset in the line is where to begin.
func callSendfile(r *runner, a *arguments) *attempt {
	a.count(4)
	var offset *int64
	if e := a.list[2]; !isNull(e) {
		n := a.element(e)
		offset = &n
	}
	count := a.length(a.list[3])
	text := r.table.FileText(a.fd(1), offset, count)
	return a.writing(text, func(fd int) *sockets.Call { return r.table.Sendfile(r.now, fd, a.fd(1), offset, count) })
}

// callPipe makes a pipe: pipe([5, 6]) = 0.
func callPipe(r *runner, a *arguments) *attempt {
	a.count(1)
	list := a.list[0]
	if list.Kind != ExprList || len(list.List) != 2 {
		a.fail("needs a list of two descriptors")
	}
	in, out, errno := r.table.Pipe(0)
	if errno == 0 {
		r.name(a.value(list.List[0]), &file{fd: in})
		r.name(a.value(list.List[1]), &file{fd: out})
	}
	return immediately(0, errno)
}

// callSplice moves text between a socket and a pipe.
func callSplice(r *runner, a *arguments) *attempt {
	a.count(6)
	for _, i := range []int{1, 3} {
		if e := a.list[i]; !isNull(e) && e.Kind != ExprEllipsis {
			a.fail("sockets and pipes have no offsets")
		}
	}
	count, flags := a.length(a.list[4]), int(a.number(5))
	in, out := a.file(0), a.file(2)
	t := &attempt{}
	if out != nil && out.flow != nil {
		at := len(out.flow.wrote)
		out.flow.wrote = append(out.flow.wrote, r.table.FileText(a.fd(0), nil, count)...)
		t.over = func(n int) { out.flow.wrote = out.flow.wrote[:at+max(n, 0)] }
	} else if in != nil && in.flow != nil {
		t.over = func(n int) { in.readAt += max(n, 0) }
	}
	t.call = r.table.Splice(r.now, a.fd(0), a.fd(2), count, flags)
	return t
}

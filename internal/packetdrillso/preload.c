//go:build cgo && linux

// When the library is loaded before all others (LD_PRELOAD), it also answers some calls that the tool makes on the
// kernel, whatever it tests: getsockopt for what a script's code looks at, close for what a script
// leaves open, and sendfile. Those on descriptors of ours come here, all others go where they always went. The tool
// also tunes itself for real time, which a virtual clock has no use for.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <unistd.h>

#include "bridge.h"

// table is filled in when the tool asks for it; ours_from is the lowest descriptor of ours.
static struct entries table;
static const int ours_from = 10000;

// leave_children_alone keeps what the tool starts from loading us.
static void leave_children_alone(void) { unsetenv("LD_PRELOAD"); }

void preload_start(const struct entries *e)
{
	table = *e;
	leave_children_alone();
}

static int is_ours(int fd) { return table.socket && fd >= ours_from; }

int getsockopt(int fd, int level, int name, void *p, socklen_t *n)
{
	if (is_ours(fd))
		return table.getsockopt(table.self, fd, level, name, p, n);
	return syscall(SYS_getsockopt, fd, level, name, p, n);
}

int close(int fd)
{
	if (is_ours(fd)) {
		table.close(table.self, fd); // a script may have closed it already
		return 0;
	}
	return syscall(SYS_close, fd);
}

// Reads from a file of the kernel's and writes to a socket of ours.
static ssize_t copy_to_ours(int out, int in, off_t *at, size_t n)
{
	char *text = malloc(n + 1);
	ssize_t done;

	if (!text)
		return -1;
	done = at ? pread(in, text, n, *at) : read(in, text, n);
	if (done > 0)
		done = table.write(table.self, out, text, done);
	if (done > 0 && at)
		*at += done;
	free(text); // keeps errno
	return done;
}

ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
	if (is_ours(out))
		return copy_to_ours(out, in, at, n);
	return syscall(SYS_sendfile, out, in, at, n);
}

int system(const char *command)
{
	int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "system");
	int status;

	leave_children_alone();
	status = next(command);
	if (table.socket && command)
		packetdrill_shell_command(command);
	return status;
}

// What follows is for real time. The tool waits for the start of a tick of this clock, locks its memory, and
// wants to be served before others.

clock_t times(struct tms *t)
{
	static clock_t ticks;

	return ++ticks;
}

int mlockall(int flags) { return 0; }

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *p) { return 0; }

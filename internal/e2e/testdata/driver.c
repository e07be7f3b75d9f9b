// A program that loads the shared object for the packetdrill tool, and does once what the tool does all the
// time: a connection to a peer that it plays itself, with a connect that blocks on a thread of its own.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"

static struct entries e;
static int fd;
static long long begun, connected;

static void check(int ok, const char *what)
{
	if (!ok) {
		printf("wrong: %s (errno %d)\n", what, errno);
		exit(1);
	}
}

static long long usec(void)
{
	struct timeval tv;

	e.gettimeofday(e.self, &tv, NULL);
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

static void *connect_thread(void *arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	check(e.connect(e.self, fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
	connected = usec();
	return NULL;
}

static unsigned long sum(const unsigned char *p, int n, unsigned long s)
{
	for (; n > 0; n -= 2, p += 2)
		s += p[0] << 8 | (n > 1 ? p[1] : 0);
	return s;
}

static void fold(unsigned char *at, unsigned long s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	at[0] = ~s >> 8;
	at[1] = ~s;
}

// Answers a packet of 20 bytes of IPv4 and its TCP header with the flags, without options.
static void answer(const unsigned char *got, int flags, unsigned long seq)
{
	unsigned char p[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6};
	unsigned long ack = ntohl(*(unsigned int *)(got + 24)) + 1;

	memcpy(p + 12, got + 16, 4);
	memcpy(p + 16, got + 12, 4);
	fold(p + 10, sum(p, 20, 0));
	memcpy(p + 20, got + 22, 2);
	memcpy(p + 22, got + 20, 2);
	*(unsigned int *)(p + 24) = htonl(seq);
	*(unsigned int *)(p + 28) = htonl(ack);
	p[32] = 5 << 4;
	p[33] = flags;
	p[34] = 0xff;
	fold(p + 36, sum(p + 20, 20, sum(p + 12, 8, 6 + 20)));
	check(e.packet_in(e.self, p, sizeof p) == 0, "packet_in");
}

static size_t packet(unsigned char *p, size_t room, long long after)
{
	long long at = 0;

	check(e.packet_out(e.self, p, &room, &at) == 0, "packet_out");
	check(room == 0 || at - begun == after, "the time of a packet");
	return room;
}

int main(int argc, char **argv)
{
	void (*init)(const char *, struct entries *);
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	unsigned char p[2000];
	char info[280];
	socklen_t n = sizeof info;
	pthread_t thread;

	check(library != NULL, "dlopen");
	init = (void (*)(const char *, struct entries *))dlsym(library, "packetdrill_interface_init");
	check(init != NULL, "dlsym");
	init("ipver=ipv4,local=192.168.0.1,remote=192.0.2.1,mtu=1500", &e);

	errno = 0;
	check(e.bind(e.self, 3, NULL, 0) == -1 && errno == EFAULT, "bind of nothing");
	errno = 0;
	check(e.listen(e.self, 3, 1) == -1 && errno == EBADF, "listen on a descriptor of the kernel's");
	fd = e.socket(e.self, AF_INET, SOCK_STREAM, 0);
	check(fd >= 10000, "the descriptor of a socket");

	begun = usec();
	check(pthread_create(&thread, NULL, connect_thread, NULL) == 0, "pthread_create");
	for (int i = 0; i < 1000 && e.getsockopt(e.self, fd, IPPROTO_TCP, 11, info, &n) == 0 && info[0] == 7; i++)
		usleep(1000); // until the thread has come to where it blocks
	check(packet(p, sizeof p, 0) >= 40 && p[33] == 2, "a SYN");
	e.usleep(e.self, 100000 - 20);
	answer(p, 0x12, 1000);
	e.usleep(e.self, 5000000 - 20);
	pthread_join(thread, NULL);
	check(connected - begun == 100000, "the time at which connect returns");
	check(packet(p, sizeof p, 100000) == 40 && p[33] == 0x10, "an ACK");

	n = sizeof info;
	check(e.getsockopt(e.self, fd, IPPROTO_TCP, 11, info, &n) == 0 && n >= 232 && info[0] == 1, "TCP_INFO of an open connection");
	check(e.write(e.self, fd, "hello", 5) == 5, "write");
	check(packet(p, sizeof p, 5100000) == 45 && memcmp(p + 40, "hello", 5) == 0, "the text");
	errno = 0;
	check(e.read(e.self, fd, p, 10) == -1 && errno == ETIMEDOUT, "a read from a peer that has gone silent");
	check(e.close(e.self, fd) == 0, "close");
	e.end(e.self);
	puts("ok");
	return 0;
}

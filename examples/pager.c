// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A pager in user mode: cc pager.c $(pkg-config --cflags --libs proxyipc)
 *
 *   pager FILE
 *
 * A child adds up the bytes of FILE in memory that begins empty: a mapping of a memfd
 * without a single page. Each page that it touches and that isn't there is a SIGBUS,
 * which the pager gets instead of it. The pager reads the page from FILE into the memfd,
 * and has the child execute the instruction again. The child knows nothing of all that,
 * beyond having agreed to it.
 *
 * A memfd grows at its end, so what comes before the page is read as well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096

struct pager {
	int file;		/* where the pages come from */
	int memory;		/* where they go: a memfd */
	__u64 base;		/* where the child has that */
	__u64 length;		/* of the file */
	__u64 filled;		/* so much of it is there */
};

static int check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "pager: %s: %s\n", what, proxyipc_strerror(result));
	exit(1);
}

static int check_errno(const char *what, int result)
{
	return check(what, result < 0 ? -errno : result);
}

/* The child: agrees to be held, waits until somebody minds its faults, and adds. */
static int add_up(const unsigned char *bytes, __u64 length, int parent)
{
	unsigned long long sum = 0;
	char go;

	check("enrol", proxyipc_fd_send(parent, proxyipc_process_open_self(proxyipc_open())));
	if (read(parent, &go, 1) != 1)
		return 1;
	for (__u64 i = 0; i < length; i++)
		sum += bytes[i];
	printf("sum %llu\n", sum);
	return 0;
}

/* Has the page at @address be there. Is it one of ours, and could it be read? */
static int fill(struct pager *p, __u64 address)
{
	char page[PAGE];
	ssize_t size;

	if (address < p->base || address - p->base >= p->length)
		return 0;
	while (p->filled <= address - p->base) {
		size = pread(p->file, page, PAGE, p->filled);
		if (size <= 0 || pwrite(p->memory, page, size, p->filled) != size)
			return 0;
		p->filled += size;
	}
	return 1;
}

static unsigned int serve(struct pager *p, int endpoint)
{
	struct proxyipc_received received = { 0 };
	unsigned int faults = 0;

	for (;;) {
		check("receive", proxyipc_endpoint_recv(endpoint, &received));
		if (received.out_events & PROXYIPC_EVENT_TARGET_GONE)
			return faults;
		if (received.out_kind != PROXYIPC_KIND_FAULT)
			continue;
		faults++;
		/* What can't be mended is delivered: the child dies of it, as ever. */
		if (fill(p, received.out_words[PROXYIPC_FAULT_ADDRESS]))
			check("retry", proxyipc_endpoint_retry(endpoint, received.out_cap));
		else
			check("deliver",
			      proxyipc_endpoint_resume(endpoint, received.out_cap, NULL));
	}
}

int main(int argc, char **argv)
{
	struct pager p = { .file = -1 };
	int endpoint, entry, process, device, pair[2], status;
	unsigned int faults;
	struct stat stat;
	void *base;
	pid_t child;

	if (argc != 2)
		return fprintf(stderr, "usage: pager FILE\n"), 2;
	p.file = check_errno(argv[1], open(argv[1], O_RDONLY | O_CLOEXEC));
	check_errno(argv[1], fstat(p.file, &stat));
	p.length = stat.st_size;
	p.memory = check_errno("memfd", memfd_create("pager", MFD_CLOEXEC));
	base = mmap(NULL, p.length, PROT_READ, MAP_SHARED, p.memory, 0);
	if (base == MAP_FAILED)
		check("mmap", -errno);
	p.base = proxyipc_address(base);
	check_errno("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = check_errno("fork", fork());
	if (child == 0)
		return add_up(base, p.length, pair[1]);

	close(pair[1]);
	process = check("the child enrols itself", proxyipc_fd_recv(pair[0]));
	device = check("open", proxyipc_open());
	endpoint = check("endpoint", proxyipc_endpoint_create(device, 0));
	entry = check("entry", proxyipc_endpoint_mint(endpoint, 0, PROXYIPC_RIGHT_SEND, 0));
	check("receiver", proxyipc_process_set_receiver(process, entry));
	check("faults", proxyipc_process_set_faults(process, proxyipc_signal_bit(SIGBUS)));
	check_errno("go", write(pair[0], "", 1));
	faults = serve(&p, endpoint);
	check_errno("wait", waitpid(child, &status, 0));
	printf("%u faults\n", faults);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

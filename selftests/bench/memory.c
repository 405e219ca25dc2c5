// SPDX-License-Identifier: GPL-2.0
/*
 * How much of the kernel's memory does an object take: by the size of all slabs, and
 * by what is charged to the cgroup of who makes it. With all that belongs to it: the
 * open file, its name, the place in the table of descriptors.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

#define MANY	10000
/* So that no table grows and no first slab is made while it is measured. */
#define BEFORE	2000

static int endpoint;

static int make_entry(void)
{
	return ours_entry(endpoint, PROXYIPC_RIGHT_CALL);
}

static int make_process(void)
{
	return ours_process(0, 0);
}

static int make_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static int make_pipe_end(void)
{
	int ends[2];

	return pipe2(ends, O_CLOEXEC) ? -1 : ends[0];
}

static long read_number(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		sscanf(line, format, &number);
	if (file)
		fclose(file);
	if (number < 0)
		bench_fail(0, "%s doesn't say", path);
	return number;
}

static double slab_bytes(void)
{
	return 1024.0 * read_number("/proc/meminfo", "Slab: %ld");
}

static void write_file(const char *path, const char *text)
{
	int fd = bench_must(open(path, O_WRONLY | O_CLOEXEC), path);

	bench_must(write(fd, text, strlen(text)), path);
	close(fd);
}

#define CGROUP	"/sys/fs/cgroup/bench-memory"

static double charged_bytes(void)
{
	return read_number(CGROUP "/memory.current", "%ld");
}

static void make(int (*one)(void), int count)
{
	for (int i = 0; i < count; i++)
		bench_must(one(), "making an object");
}

static void measure(const char *what, int (*one)(void))
{
	double slab, charged;

	write_file(CGROUP "/cgroup.procs", "0");
	/* The table of descriptors, at its full size. */
	bench_must(fcntl(0, F_DUPFD_CLOEXEC, 3 * (MANY + BEFORE)), "F_DUPFD");
	make(one, BEFORE);
	slab = slab_bytes();
	charged = charged_bytes();
	make(one, MANY);
	bench_print("memory", "by slabs", what, "bytes", (slab_bytes() - slab) / MANY);
	bench_print("memory", "by the cgroup's charge", what, "bytes",
		    (charged_bytes() - charged) / MANY);
}

/* In a process of its own, which takes all of it away with it. */
static void ask(const char *what, int (*one)(void))
{
	int status;
	pid_t pid;

	pid = bench_must(fork(), "fork");
	if (!pid) {
		measure(what, one);
		_exit(0);
	}
	bench_must(waitpid(pid, &status, 0), "waitpid");
	if (status)
		bench_fail(0, "%s: failed", what);
	/* Files are freed a moment later. */
	sleep(1);
}

int main(int argc, char **argv)
{
	const struct rlimit descriptors = { 65536, 65536 };

	bench_start(argc, argv);
	/* Sizes are the same however it is counted. */
	if (!bench_exact())
		return 0;
	bench_must(setrlimit(RLIMIT_NOFILE, &descriptors), "setrlimit");
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	bench_must(mkdir(CGROUP, 0755), CGROUP);
	endpoint = ours_endpoint();
	ask("proxyipc, entry", make_entry);
	ask("proxyipc, endpoint", ours_endpoint);
	ask("proxyipc, process object", make_process);
	ask("eventfd", make_eventfd);
	ask("pipe", make_pipe_end);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"
#include "syscalls.h"

static int exact;
static double ns_per_tick = 1;
static char **wanted;

void bench_fail(int error, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

long bench_must(long result, const char *what)
{
	if (result < 0)
		bench_fail(result == -1 && errno ? errno : (int)-result, "%s", what);
	return result;
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	bench_must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

void *bench_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail(errno, "mmap");
	return memory;
}

static pid_t fork_with_us(void)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = bench_must(fork(), "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

pid_t bench_partner(int cpu, void (*body)(void *arg), void *arg)
{
	pid_t pid = fork_with_us();

	if (pid)
		return pid;
	bench_pin(cpu);
	body(arg);
	_exit(0);
}

/*
 * Time
 */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The counter against the clock, over a time that makes its reading no matter. */
static double measure_tick(void)
{
	uint64_t ticks = bench_ticks(), ns = clock_ns();

	while (clock_ns() - ns < 100000000)
		;
	ns = clock_ns() - ns;
	return (double)ns / (bench_ticks() - ticks);
}

double bench_in_units(uint64_t ticks)
{
	return exact ? (double)ticks : ticks * ns_per_tick;
}

int bench_exact(void)
{
	return exact;
}

void bench_start(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "u:")) != -1) {
		if (option == 'u' && !strcmp(optarg, "instructions"))
			exact = 1;
		else if (option != 'u' || strcmp(optarg, "ns"))
			bench_fail(0, "usage: [-u instructions|ns] [CONTENDER]...");
	}
	wanted = argv + optind;
	if (!exact)
		ns_per_tick = measure_tick();
}

static int is_wanted(const struct contender *c)
{
	for (char **name = wanted; *name; name++)
		if (!strcmp(c->name, *name))
			return 1;
	return !*wanted;
}

/*
 * A contender's process
 */

static void call(void (*step)(struct contender *c), struct contender *c)
{
	if (step)
		step(c);
}

static void take_samples(struct contender *c, uint64_t *samples, int n)
{
	uint64_t start;

	call(c->begin, c);
	if (c->batch) {
		c->batch(c, samples, n);
	} else {
		for (int i = 0; i < n; i++) {
			call(c->before, c);
			start = bench_ticks();
			c->timed(c);
			samples[i] = bench_ticks() - start;
			call(c->after, c);
		}
	}
	call(c->end, c);
}

static void nothing(struct contender *c)
{
}

/* What the measuring itself takes: two readings and the call in between. */
static uint64_t overhead(void)
{
	struct contender empty = { .timed = nothing };
	uint64_t samples[100], least = ~0ULL;

	take_samples(&empty, samples, COUNT(samples));
	for (int i = 0; i < COUNT(samples); i++)
		least = samples[i] < least ? samples[i] : least;
	return least;
}

/* An order: so many samples, to that place. A negative number: don't measure. */
struct order {
	int n;
	uint64_t *samples;
};

static void only_do(struct contender *c, int n)
{
	uint64_t samples[n];

	take_samples(c, samples, n);
}

static void __attribute__((noreturn)) obey(struct contender *c, int sock)
{
	struct order order;
	uint64_t less;
	char done = 0;

	bench_pin(0);
	c->setup(c);
	/* A batch that has its own clock takes care of that. */
	less = c->batch ? 0 : overhead();
	for (;;) {
		bench_must(write(sock, &done, 1), "write");
		if (read(sock, &order, sizeof(order)) != sizeof(order))
			_exit(0);
		if (order.n < 0) {
			only_do(c, -order.n);
			continue;
		}
		take_samples(c, order.samples, order.n);
		for (int i = 0; i < order.n; i++)
			order.samples[i] -= order.samples[i] < less ? order.samples[i] : less;
	}
}

/*
 * The process that asks
 */

struct seat {
	struct contender *contender;
	int sock;
	pid_t pid;
	uint64_t *samples;
	int taken;
};

static void await(struct seat *seat)
{
	int status;
	char done;

	if (read(seat->sock, &done, 1) == 1)
		return;
	bench_must(waitpid(seat->pid, &status, 0), "waitpid");
	bench_fail(0, "%s ended with status %#x", seat->contender->name, status);
}

static void give_order(struct seat *seat, struct order order)
{
	if (write(seat->sock, &order, sizeof(order)) != sizeof(order))
		bench_fail(errno, "%s", seat->contender->name);
	await(seat);
}

static void seat_take(struct seat *seat, const struct question *q, struct contender *c)
{
	int pair[2];

	bench_must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), "socketpair");
	*seat = (struct seat){ .contender = c };
	seat->samples = bench_shared((size_t)q->rounds * q->batch * sizeof(*seat->samples));
	seat->sock = pair[0];
	seat->pid = fork_with_us();
	if (!seat->pid) {
		close(pair[0]);
		obey(c, pair[1]);
	}
	close(pair[1]);
	await(seat);
}

static void seat_batch(struct seat *seat, int n)
{
	give_order(seat, (struct order){ .n = n, .samples = seat->samples + seat->taken });
	seat->taken += n;
}

/* A few are enough: what is counted is the same each time, or should be. */
#define COUNTED	20

/* When it begins and ends, everybody is waiting for something again. */
static long syscalls_of(struct seat *seat, int n)
{
	usleep(10000);
	syscalls_begin();
	give_order(seat, (struct order){ .n = -n });
	usleep(10000);
	return syscalls_end();
}

static double seat_syscalls(struct seat *seat)
{
	long none, some;

	if (seat->contender->uncounted)
		return -1;
	none = syscalls_of(seat, 0);
	some = syscalls_of(seat, COUNTED);
	return none < 0 || some < 0 ? -1 : (double)(some - none) / COUNTED;
}

static void print_string(const char *name, const char *value)
{
	printf("\"%s\": \"%s\", ", name, value);
}

static void seat_report(struct seat *seat, const struct question *q, double syscalls)
{
	int per = seat->contender->per ?: 1;
	double *values = bench_shared(seat->taken * sizeof(*values));
	struct stats stats;

	for (int i = 0; i < seat->taken; i++)
		values[i] = bench_in_units(seat->samples[i]) / per;
	stats = stats_of(values, seat->taken);
	putchar('{');
	print_string("question", q->name);
	print_string("setting", q->setting);
	print_string("contender", seat->contender->name);
	print_string("unit", exact ? "instructions" : "ns");
	if (syscalls >= 0)
		printf("\"syscalls\": %.4g, ", syscalls / per);
	printf("\"samples\": %d, \"min\": %.6g, \"p10\": %.6g, \"median\": %.6g, ",
	       seat->taken, stats.min, stats.p10, stats.median);
	printf("\"p90\": %.6g, \"p99\": %.6g, \"max\": %.6g}\n", stats.p90, stats.p99, stats.max);
	fflush(stdout);
	munmap(values, seat->taken * sizeof(*values));
}

static void ask(const struct question *q)
{
	struct seat seats[q->count];
	int count = 0;

	for (int i = 0; i < q->count; i++)
		if (is_wanted(&q->contenders[i]))
			seat_take(&seats[count++], q, &q->contenders[i]);
	for (int i = 0; i < count; i++)
		give_order(&seats[i], (struct order){ .n = -(q->warm ?: q->batch) });
	for (int round = 0; round < q->rounds; round++)
		for (int i = 0; i < count; i++)
			seat_batch(&seats[i], q->batch);
	/* Last, as it changes the kernel's way into every system call; once for nothing. */
	syscalls_begin();
	syscalls_end();
	for (int i = 0; i < count; i++)
		seat_report(&seats[i], q, seat_syscalls(&seats[i]));
}

void bench_ask(const struct question *q)
{
	int status;
	pid_t pid;

	pid = fork_with_us();
	if (!pid) {
		bench_pin(0);
		ask(q);
		fflush(stdout);
		_exit(0);
	}
	bench_must(waitpid(pid, &status, 0), "waitpid");
	if (status)
		bench_fail(0, "%s, %s: failed", q->name, q->setting);
}

void bench_print(const char *question, const char *setting, const char *who,
		 const char *unit, double value)
{
	putchar('{');
	print_string("question", question);
	print_string("setting", setting);
	print_string("contender", who);
	print_string("unit", unit);
	printf("\"samples\": 1, \"median\": %.6g}\n", value);
	fflush(stdout);
}

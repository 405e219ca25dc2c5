// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "hold_helpers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

/*
 * Children
 */

static void close_all_but(int a, int b)
{
	int low = a < b ? a : b;
	int high = a < b ? b : a;
	unsigned int from = 3;

	if (low >= 3) {
		if (low > 3)
			syscall(SYS_close_range, from, (unsigned int)low - 1, 0U);
		from = low + 1;
	}
	if (high >= 3 && high != low) {
		if ((unsigned int)high > from)
			syscall(SYS_close_range, from, (unsigned int)high - 1, 0U);
		from = high + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0U);
}

struct child_page *child_page_new(void)
{
	struct child_page *page;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	page->fd[0] = -1;
	page->fd[1] = -1;
	return page;
}

struct child child_start(void (*body)(struct child_page *page), struct child_page *page)
{
	struct child c = { .pid = -ENOMEM, .page = page };
	pid_t parent = getpid();

	if (!page)
		return c;
	c.pid = fork();
	if (c.pid < 0)
		c.pid = -errno;
	if (c.pid)
		return c;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close_all_but(page->fd[0], page->fd[1]);
	page->tid[0] = getpid();
	body(page);
	_exit(0);
}

struct child child_new(void (*body)(struct child_page *page), int fd0, int fd1)
{
	struct child_page *page = child_page_new();

	if (page) {
		page->fd[0] = fd0;
		page->fd[1] = fd1;
	}
	return child_start(body, page);
}

int child_open(struct child *c)
{
	return process_open(c->pid, 0, 0);
}

void child_go(struct child *c, int value)
{
	c->page->go = value;
}

void await_go(struct child_page *page, int value)
{
	while (page->go < value)
		sched_yield();
}

bool child_reaches(struct child *c, int phase)
{
	/* Most are there at once. */
	for (int looks = 0; looks < 200 && c->page->phase < phase; looks++)
		sched_yield();
	return eventually(c->page->phase >= phase);
}

/* What a process that should be gone is doing, for the log. */
static void show_task(pid_t pid)
{
	static const char * const files[] = { "status", "wchan", "stack" };
	char path[64], text[2048];
	ssize_t size;
	int fd;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		size = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		text[size > 0 ? size : 0] = '\0';
		printf("# %s:\n%s\n", path, text);
		close(fd);
	}
}

int child_ends_within(struct child *c, unsigned int ms)
{
	__u64 until = deadline_ms(ms);
	int status, looks = 0;
	pid_t got;

	if (c->pid <= 0)
		return -ESRCH;
	do {
		got = waitpid(c->pid, &status, WNOHANG | __WALL);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == c->pid && (WIFEXITED(status) || WIFSIGNALED(status))) {
			c->pid = 0;
			return status;
		}
		/* A tracee's stop on its way out: nothing but this ends it. */
		if (got == c->pid)
			ptrace(PTRACE_CONT, c->pid, NULL, NULL);
		/* Most are gone at once. */
		if (looks++ < 50)
			sched_yield();
		else
			sleep_ms(1);
	} while (now_ns() < until);
	show_task(c->pid);
	return -ETIMEDOUT;
}

int child_ends(struct child *c)
{
	return child_ends_within(c, PATIENCE_MS);
}

int child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
	return child_ends_within(c, KILL_MS);
}

bool killed_by(int status, int signo)
{
	return status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

bool exited_with(int status, int code)
{
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/*
 * Counters and CPUs
 */

bool stands_still(atomic_uint *counter)
{
	unsigned int before = *counter;

	sleep_ms(5);
	return *counter == before;
}

bool counts(atomic_uint *counter)
{
	unsigned int before = *counter;

	return eventually(*counter != before);
}

void burn(unsigned int loops)
{
	while (loops--)
		asm volatile("" : : "r"(loops));
}

int pin_to_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

int count_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * Files
 */

pid_t find_own_thread(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	char path[64], comm[32];
	struct dirent *task;
	pid_t found = 0;

	while (tasks && !found && (task = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm",
			 task->d_name);
		if (!file_read(path, comm, sizeof(comm)) &&
		    !strncmp(comm, name, strlen(name)))
			found = atoi(task->d_name);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

int file_write(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int ret = 0;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

int file_read(const char *path, char *text, int size)
{
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	text[got] = '\0';
	if (got && text[got - 1] == '\n')
		text[got - 1] = '\0';
	return 0;
}

/*
 * Bodies
 */

void child_spin(struct child_page *page)
{
	page->phase = 1;
	for (;;)
		page->counter[0]++;
}

/* The function is a few instructions; nothing else is that close behind. */
bool in_spin(__u64 ip)
{
	return ip >= (uintptr_t)child_spin && ip < (uintptr_t)child_spin + 64;
}

void child_read(struct child_page *page)
{
	char byte;

	page->phase = 1;
	while (read(page->fd[0], &byte, 1) == 1)
		page->counter[0]++;
}

/*
 * Other people
 */

int keep_capabilities(__u64 capabilities)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = capabilities, .permitted = capabilities },
		{ .effective = capabilities >> 32, .permitted = capabilities >> 32 },
	};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* Not through glibc, which would do it to every thread. */
int become(const struct who *who)
{
	int ret;

	if (prctl(PR_SET_KEEPCAPS, 1) ||
	    syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, who->gid, who->gid, who->saved_gid) ||
	    syscall(SYS_setresuid, who->uid, who->uid, who->saved_uid))
		return -errno;
	ret = keep_capabilities(who->capabilities);
	if (ret)
		return ret;
	/* Changing ids has cleared both. */
	if (prctl(PR_SET_DUMPABLE, !who->undumpable) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return 0;
}

/* For the bodies below, which get a copy with the fork. */
static struct who next_who;
static pid_t next_target;

static void spin_as(struct child_page *page)
{
	page->error = become(&next_who);
	if (!page->error)
		child_spin(page);
}

struct child child_spin_as(const struct who *who)
{
	struct child c;

	next_who = *who;
	c = child_new(spin_as, -1, -1);
	if (c.pid > 0 && !child_reaches(&c, 1))
		c.pid = -EINPROGRESS;
	return c;
}

static void try_to_open(struct child_page *page)
{
	int process;

	page->error = become(&next_who);
	if (page->error)
		return;
	process = process_open(next_target, 0, 0);
	page->result = process < 0 ? process : 0;
	page->phase = 1;
}

int open_as(const struct who *who, pid_t target)
{
	struct child c;

	next_who = *who;
	next_target = target;
	c = child_new(try_to_open, -1, -1);
	if (c.pid < 0)
		return c.pid;
	if (!exited_with(child_ends(&c), 0) || !c.page->phase)
		return c.page->error ?: -EINPROGRESS;
	return c.page->result;
}

/*
 * Holds
 */

int process_resume_flags(int process, __u64 token, __u32 flags)
{
	struct proxyipc_process_resume resume = {
		.size = sizeof(resume),
		.flags = flags,
		.token = token,
	};

	return command(process, PROXYIPC_IOC_PROCESS_RESUME, &resume);
}

bool wait_for_holds(int process, int holds)
{
	return eventually(process_holds(process) == holds);
}

bool hold_and_look(int process, atomic_uint *counter)
{
	unsigned int before;
	bool still;
	__u64 token;

	if (process_hold(process, &token) < 0)
		return false;
	before = *counter;
	burn(20000);
	still = *counter == before;
	return !process_resume(process, token) && still;
}

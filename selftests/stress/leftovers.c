// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "leftovers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "board.h"
#include "party.h"
#include "proc.h"

#define REFCNT		"/sys/module/proxyipc/refcnt"
#define TRACES		"/sys/kernel/debug/slab"

/* Work items, RCU and deferred fput()s have this long to be done, tenths of a second. */
#define SETTLE_TRIES	200

/*
 * Caches in which the kernel's own objects pile up if we forget a reference, and how
 * many more of each may be in use than before: what the kernel keeps for itself. Of
 * those that every process has one of, the processes that there are don't count: the
 * kernel makes workers when there is much to do, and keeps them for minutes.
 */
static struct cache {
	const char *name;
	long slack;
	bool of_process;
	long before;
} caches[] = {
	{ .name = "task_struct", .slack = 8, .of_process = true },
	{ .name = "signal_cache", .slack = 8, .of_process = true },
	{ .name = "sighand_cache", .slack = 8, .of_process = true },
	{ .name = "files_cache", .slack = 8 },
	{ .name = "mm_struct", .slack = 8 },
	{ .name = "cred_jar", .slack = 24 },
	{ .name = "pid", .slack = 16 },
	{ .name = "filp", .slack = 48 },
};

/* Objects that somebody in the module asked for, before anybody used it. */
static long ours_before;

static long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	return got > 0 ? atol(text) : -1;
}

/*
 * Only after a shrink does a cache say how many of its objects are in use; and KASAN
 * keeps what was freed until then, as if it were.
 */
static void cache_shrink(const char *cache)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		printf("%s can't be written\n", path);
	close(fd);
}

/* The kernel's own included; all have one thread by now. */
static long processes(void)
{
	struct dirent *entry;
	long number = 0;
	DIR *dir;

	dir = opendir("/proc");
	while (dir && (entry = readdir(dir)))
		number += isdigit(entry->d_name[0]) != 0;
	if (dir)
		closedir(dir);
	return number;
}

static long in_use(const struct cache *cache)
{
	FILE *file;
	char line[512], name[64];
	long active = -1, found;

	cache_shrink(cache->name);
	file = fopen("/proc/slabinfo", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %ld", name, &found) == 2 &&
		    !strcmp(name, cache->name))
			active = found;
	if (file)
		fclose(file);
	return active - (cache->of_process ? processes() : 0);
}

/*
 * The kernel's own list of who asked for the objects in use, which it keeps with
 * slub_debug=U: a line that begins with their number, and the stack on those after it.
 */
static long ours_in(const char *cache)
{
	char path[300], line[512];
	long number = 0, ours = 0;
	bool counted = true;
	FILE *file;

	cache_shrink(cache);
	snprintf(path, sizeof(path), TRACES "/%s/alloc_traces", cache);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strspn(line, " ") < 8 && isdigit(line[strspn(line, " ")])) {
			number = atol(line);
			counted = false;
		}
		if (!counted && strstr(line, "[proxyipc]")) {
			ours += number;
			counted = true;
		}
	}
	fclose(file);
	return ours;
}

/* Objects in use that the module asked for, of all caches; -1 if nobody can tell. */
static long ours(void)
{
	struct dirent *entry;
	long sum = 0;
	DIR *dir;

	dir = opendir(TRACES);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sum += ours_in(entry->d_name);
	closedir(dir);
	return sum;
}

static bool unused(void)
{
	int tries = SETTLE_TRIES;

	while (read_number(REFCNT) && tries--)
		sleep_us(100000);
	return !read_number(REFCNT);
}

void leftovers_fresh(void)
{
	ours_before = ours();
}

void leftovers_begin(void)
{
	unsigned int nr;

	unused();
	sleep_us(1000000);
	for (nr = 0; nr < ARRAY_SIZE(caches); nr++)
		caches[nr].before = in_use(&caches[nr]);
}

static bool cache_is_back(struct cache *cache)
{
	int tries = SETTLE_TRIES / 10;
	long now;

	while ((now = in_use(cache)) > cache->before + cache->slack && tries--)
		sleep_us(1000000);
	if (now <= cache->before + cache->slack)
		return true;
	printf("left over: %ld objects in %s, %ld before%s\n", now, cache->name,
	       cache->before, cache->of_process ? ", without those of processes" : "");
	return false;
}

static bool ours_are_back(void)
{
	int tries = SETTLE_TRIES / 10;
	long now;

	while ((now = ours()) > ours_before && tries--)
		sleep_us(1000000);
	printf("%s: %ld objects of the module's, %ld before\n",
	       now <= ours_before ? "at rest" : "left over", now, ours_before);
	if (now <= ours_before)
		return true;
	return false;
}

/* A task that sleeps in a function of the module, or is in D state twice running. */
static bool task_is_stuck(pid_t pid)
{
	char path[64], text[4096] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	if (!strstr(text, "[proxyipc]")) {
		if (proc_state(pid) != 'D')
			return false;
		sleep_us(500000);
		if (proc_state(pid) != 'D')
			return false;
	}
	printf("left over: process %d, state %c\n%s", pid, proc_state(pid), text);
	return true;
}

static bool nobody_is_stuck(void)
{
	struct dirent *entry;
	bool stuck = false;
	DIR *dir;

	dir = opendir("/proc");
	while (dir && (entry = readdir(dir)))
		if (isdigit(entry->d_name[0]))
			stuck |= task_is_stuck(atoi(entry->d_name));
	if (dir)
		closedir(dir);
	return !stuck;
}

bool leftovers_none(void)
{
	bool none = true;
	unsigned int nr;

	if (!unused()) {
		printf("left over: %ld references to the module\n", read_number(REFCNT));
		none = false;
	}
	none &= nobody_is_stuck();
	none &= ours_are_back();
	for (nr = 0; nr < ARRAY_SIZE(caches); nr++)
		none &= cache_is_back(&caches[nr]);
	if (none && syscall(SYS_delete_module, "proxyipc", O_NONBLOCK)) {
		printf("left over: the module can't be unloaded: %s\n",
		       strerrordesc_np(errno));
		none = false;
	}
	return none;
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The stacks of all threads of a process, at one time. */

#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A process that makes threads faster than they are held isn't waited for. */
#define ROUNDS_MAX	8

/**
 * struct threads - the threads of a process
 * @device: from proxyipc_open()
 * @pid: the process
 * @walks: one for each, also for those that could not be held
 * @count: how many
 * @room: for how many there is room
 * @held: how many are held
 */
struct threads {
	int device;
	pid_t pid;
	struct walk **walks;
	unsigned int count;
	unsigned int room;
	unsigned int held;
};

static __u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

static bool known(const struct threads *threads, pid_t tid)
{
	unsigned int i;

	for (i = 0; i < threads->count; i++)
		if (threads->walks[i]->tid == tid)
			return true;
	return false;
}

/* Room for one more, before it is opened. */
static struct walk *new_walk(struct threads *threads)
{
	unsigned int room = threads->room ? 2 * threads->room : 16;
	struct walk **more;

	if (threads->count == threads->room) {
		more = realloc(threads->walks, room * sizeof(*more));
		if (!more)
			return NULL;
		threads->walks = more;
		threads->room = room;
	}
	return malloc(sizeof(struct walk));
}

static int open_thread(struct threads *threads, pid_t tid)
{
	struct walk *walk = new_walk(threads);

	if (!walk)
		return -ENOMEM;
	walk_init(walk, tid, proxyipc_process_open(threads->device, threads->pid, tid));
	if (walk->process < 0)
		walk->error = walk->process;
	threads->walks[threads->count++] = walk;
	return 0;
}

/* Opens those that are new: their number, or a negative error. */
static int open_threads(struct threads *threads)
{
	unsigned int before = threads->count;
	struct dirent *entry;
	char path[32];
	DIR *folder;
	pid_t tid;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", threads->pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!ret && (entry = readdir(folder))) {
		tid = atoi(entry->d_name);
		if (tid > 0 && !known(threads, tid))
			ret = open_thread(threads, tid);
	}
	closedir(folder);
	return ret ? ret : (int)(threads->count - before);
}

static void hold_threads(struct threads *threads, unsigned int from)
{
	struct walk *walk;
	unsigned int i;
	int ret;

	for (i = from; i < threads->count; i++) {
		walk = threads->walks[i];
		if (walk->error)
			continue;
		ret = proxyipc_process_hold(walk->process, &walk->token);
		if (ret < 0)
			walk->error = ret;
		else
			threads->held++;
	}
}

/* One that isn't held yet may make another. */
static int hold_all(struct threads *threads)
{
	unsigned int round, from = 0;
	int ret = 0;

	for (round = 0; round < ROUNDS_MAX; round++) {
		hold_threads(threads, from);
		from = threads->count;
		ret = open_threads(threads);
		if (ret <= 0)
			break;
	}
	return ret < 0 ? ret : 0;
}

static void walk_all(struct threads *threads, struct image *image)
{
	/* One for all, so that the number of threads doesn't count. */
	__u64 deadline = proxyipc_deadline(WALK_PATIENCE_NS);
	unsigned int i;

	for (i = 0; i < threads->count; i++)
		if (threads->walks[i]->token)
			walk_stack(image, threads->walks[i], deadline);
}

/* Closing a process object ends the hold that was made through it. */
static void resume_all(struct threads *threads)
{
	unsigned int i;

	for (i = 0; i < threads->count; i++) {
		if (threads->walks[i]->process >= 0)
			close(threads->walks[i]->process);
		threads->walks[i]->process = -1;
	}
}

static void free_all(struct threads *threads)
{
	unsigned int i;

	for (i = 0; i < threads->count; i++)
		free(threads->walks[i]);
	free(threads->walks);
}

static void print_name(const struct threads *threads, pid_t tid, FILE *file)
{
	char path[64], name[32] = "";
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", threads->pid, tid);
	comm = fopen(path, "re");
	if (comm) {
		if (!fgets(name, sizeof(name), comm))
			name[0] = '\0';
		fclose(comm);
	}
	name[strcspn(name, "\n")] = '\0';
	fprintf(file, "Thread %d \"%s\":\n", tid, name);
}

static bool print_thread(struct threads *threads, const struct walk *walk, struct image *image,
			 FILE *file)
{
	print_name(threads, walk->tid, file);
	walk_name(image, walk, print_frame, file);
	if (walk->error)
		fprintf(file, "%s: %s\n", walk->token ? "no more of its stack" : "not held",
			proxyipc_strerror(walk->error));
	return walk->count;
}

static int print_all(struct threads *threads, struct image *image, FILE *file, __u64 us)
{
	unsigned int i, printed = 0;
	int error = -ESRCH;

	for (i = 0; i < threads->count; i++) {
		if (print_thread(threads, threads->walks[i], image, file))
			printed++;
		else
			error = threads->walks[i]->error;
	}
	fprintf(file, "%u of %u threads held, for %llu us\n", threads->held, threads->count,
		(unsigned long long)us);
	return printed ? (int)printed : error;
}

static int backtrace_image(struct threads *threads, struct image *image, FILE *file)
{
	__u64 since;
	int ret;

	ret = open_threads(threads);
	if (ret < 0)
		return ret;
	since = now_us();
	ret = hold_all(threads);
	if (!ret)
		ret = image_refresh(image);
	if (!ret)
		walk_all(threads, image);
	resume_all(threads);
	since = now_us() - since;
	return ret ? ret : print_all(threads, image, file, since);
}

int proxyipc_backtrace_pid(int device, pid_t pid, FILE *file)
{
	struct threads threads = { .device = device, .pid = pid };
	struct image image;
	int ret;

	ret = image_open(&image, pid);
	if (ret)
		return ret;
	image_read_ahead(&image);
	ret = backtrace_image(&threads, &image, file);
	resume_all(&threads);
	free_all(&threads);
	image_close(&image);
	return ret;
}

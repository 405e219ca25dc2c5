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
 * @params: which, and what is wanted of them
 * @walks: one for each, also for those that could not be held
 * @count: how many
 * @room: for how many there is room
 * @held: how many are held
 */
struct threads {
	struct proxyipc_threads *params;
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
	walk_init(walk, tid,
		  proxyipc_process_open(threads->params->device, threads->params->pid, tid));
	if (walk->process < 0)
		walk->error = walk->process;
	threads->walks[threads->count++] = walk;
	return 0;
}

/* The one that the caller has held already. */
static int add_borrowed(struct threads *threads)
{
	struct proxyipc_threads *params = threads->params;
	struct proxyipc_process_info info;
	struct walk *walk;
	int ret;

	if (!params->token)
		return 0;
	ret = proxyipc_process_info(params->process, &info);
	if (ret)
		return ret;
	/* One that is gone, or that can't be seen from here. */
	if (info.out_state == PROXYIPC_STATE_GONE || info.out_tgid != params->pid)
		return -ESRCH;
	walk = new_walk(threads);
	if (!walk)
		return -ENOMEM;
	walk_init(walk, info.out_tid, params->process);
	walk->borrowed = true;
	walk->token = params->token;
	threads->walks[threads->count++] = walk;
	threads->held++;
	return 0;
}

static bool wanted(const struct threads *threads, pid_t tid)
{
	return tid > 0 && (!threads->params->tid || threads->params->tid == tid);
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

	if (threads->params->device < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", threads->params->pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!ret && (entry = readdir(folder))) {
		tid = atoi(entry->d_name);
		if (wanted(threads, tid) && !known(threads, tid))
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
		if (walk->error || walk->borrowed)
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
		if (threads->walks[i]->borrowed)
			continue;
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

static int name_all(struct threads *threads, struct image *image)
{
	const struct proxyipc_threads *params = threads->params;
	unsigned int i, walked = 0;
	int error = -ESRCH;

	for (i = 0; i < threads->count; i++) {
		const struct walk *walk = threads->walks[i];
		struct proxyipc_thread thread = {
			.tid = walk->tid,
			.held = walk->token != 0,
			.error = walk->error,
			.frames = walk->count,
		};

		params->thread(&thread, params->arg);
		walk_name(image, walk, params->frame, params->arg);
		if (walk->count)
			walked++;
		else
			error = walk->error;
	}
	return walked ? (int)walked : error;
}

static int backtrace_image(struct threads *threads, struct image *image)
{
	struct proxyipc_threads *params = threads->params;
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
	params->out_held_us = now_us() - since;
	if (ret)
		return ret;
	params->out_threads = threads->count;
	params->out_held = threads->held;
	return name_all(threads, image);
}

int proxyipc_backtrace_threads(struct proxyipc_threads *params)
{
	struct threads threads = { .params = params };
	struct image image;
	int ret;

	params->out_threads = 0;
	params->out_held = 0;
	params->out_held_us = 0;
	ret = add_borrowed(&threads);
	if (!ret)
		ret = image_open(&image, params->pid);
	if (!ret) {
		/* Not while somebody stands still for it. */
		if (!params->token)
			image_read_ahead(&image);
		ret = backtrace_image(&threads, &image);
		resume_all(&threads);
		image_close(&image);
	}
	free_all(&threads);
	return ret;
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The stacks of all threads of a process, at one time. */

#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of a hold that couldn't be confirmed. */
#define TRIES_MAX	20

/**
 * struct threads - the threads of a process
 * @params: which, and what is wanted of them
 * @process: process object on all of them, or on the one that is wanted; or -1
 * @token: its hold, the caller's or ours
 * @walks: one for each, also for those that could not be held
 * @count: how many
 * @room: for how many there is room
 */
struct threads {
	struct proxyipc_threads *params;
	int process;
	__u64 token;
	struct walk **walks;
	unsigned int count;
	unsigned int room;
};

static __u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

/* --- holding them ----------------------------------------------------------------- */

/* What the caller holds already. */
static int borrow_process(struct threads *threads)
{
	struct proxyipc_threads *params = threads->params;
	struct proxyipc_process_info info;
	int ret = proxyipc_process_info(params->process, &info);

	if (ret)
		return ret;
	/* One that is gone, or that can't be seen from here. */
	if (info.out_state == PROXYIPC_STATE_GONE || info.out_tgid != params->pid)
		return -ESRCH;
	threads->process = params->process;
	threads->token = params->token;
	return 0;
}

static int open_process(struct threads *threads)
{
	struct proxyipc_threads *params = threads->params;

	if (params->token)
		return borrow_process(threads);
	threads->process = params->tid ?
			   proxyipc_process_open(params->device, params->pid, params->tid) :
			   proxyipc_process_open_group(params->device, params->pid);
	return threads->process < 0 ? threads->process : 0;
}

static int hold_process(struct threads *threads)
{
	int tries, ret = -EAGAIN;

	if (threads->params->token)
		return 0;
	/* EAGAIN: it ran into something just then that kept it from parking. */
	for (tries = 0; tries < TRIES_MAX && ret == -EAGAIN; tries++)
		ret = proxyipc_process_hold(threads->process, &threads->token);
	return ret < 0 ? ret : 0;
}

/* Closing a process object ends the hold that was made through it. */
static void close_process(struct threads *threads)
{
	if (!threads->params->token && threads->process >= 0)
		close(threads->process);
	threads->process = -1;
}

/* --- walking them ----------------------------------------------------------------- */

static int add_walk(struct threads *threads, pid_t tid)
{
	unsigned int room = threads->room ? 2 * threads->room : 16;
	struct walk *walk, **more;

	if (threads->count == threads->room) {
		more = realloc(threads->walks, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		threads->walks = more;
		threads->room = room;
	}
	walk = malloc(sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk_init(walk, tid, threads->process, threads->token);
	threads->walks[threads->count++] = walk;
	return 0;
}

/* Those that there are: who is held makes no more of them. */
static int list_threads(struct threads *threads)
{
	struct proxyipc_threads *params = threads->params;
	struct dirent *entry;
	char path[32];
	DIR *folder;
	pid_t tid;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", params->pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!ret && (entry = readdir(folder))) {
		tid = atoi(entry->d_name);
		if (tid > 0 && (!params->tid || params->tid == tid))
			ret = add_walk(threads, tid);
	}
	closedir(folder);
	return ret;
}

static int walk_all(struct threads *threads, struct image *image)
{
	/* One for all, so that the number of threads doesn't count. */
	__u64 deadline = proxyipc_deadline(WALK_PATIENCE_NS);
	unsigned int i, kept = 0;
	int ret = list_threads(threads);

	for (i = 0; i < threads->count; i++) {
		struct walk *walk = threads->walks[i];

		if (!ret)
			walk_stack(image, walk, deadline);
		/* Of the process, but not of the one thread that the caller holds. */
		if (walk->error == -EINVAL)
			free(walk);
		else
			threads->walks[kept++] = walk;
	}
	threads->count = kept;
	return ret;
}

/* --- telling of them -------------------------------------------------------------- */

/* One that is about to end, or a worker, executes nothing of the program anyway. */
static bool was_held(const struct walk *walk)
{
	return walk->error != -ESRCH;
}

static int name_all(struct threads *threads, struct image *image)
{
	struct proxyipc_threads *params = threads->params;
	unsigned int i, walked = 0;
	int error = -ESRCH;

	params->out_threads = threads->count;
	for (i = 0; i < threads->count; i++) {
		const struct walk *walk = threads->walks[i];

		params->out_held += was_held(walk);
		if (walk->count)
			walked++;
		else
			error = walk->error;
	}
	for (i = 0; i < threads->count; i++) {
		const struct walk *walk = threads->walks[i];
		struct proxyipc_thread thread = {
			.tid = walk->tid,
			.held = was_held(walk),
			.error = walk->error,
			.frames = walk->count,
			.syscall = walk->syscall,
		};

		params->thread(&thread, params->arg);
		walk_name(image, walk, params->frame, params->arg);
	}
	return walked ? (int)walked : error;
}

static int backtrace_image(struct threads *threads, struct image *image)
{
	__u64 since = now_us();
	int ret = hold_process(threads);

	if (!ret)
		ret = image_refresh(image);
	if (!ret)
		ret = walk_all(threads, image);
	close_process(threads);
	threads->params->out_held_us = now_us() - since;
	return ret ? ret : name_all(threads, image);
}

/* Opened for the occasion. */
static int backtrace_once(struct threads *threads)
{
	struct image image;
	int ret;

	ret = image_open(&image, threads->params->pid);
	if (ret)
		return ret;
	/* Not while somebody stands still for it. */
	if (!threads->params->token)
		image_read_ahead(&image);
	ret = backtrace_image(threads, &image);
	image_close(&image);
	return ret;
}

int proxyipc_backtrace_threads(struct proxyipc_threads *params)
{
	struct threads threads = { .params = params, .process = -1 };
	unsigned int i;
	int ret;

	params->out_threads = 0;
	params->out_held = 0;
	params->out_held_us = 0;
	ret = open_process(&threads);
	if (!ret && params->backtrace)
		ret = backtrace_image(&threads, &params->backtrace->image);
	else if (!ret)
		ret = backtrace_once(&threads);
	close_process(&threads);
	for (i = 0; i < threads.count; i++)
		free(threads.walks[i]);
	free(threads.walks);
	return ret;
}

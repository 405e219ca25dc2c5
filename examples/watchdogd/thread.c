// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include "thread.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *thread_name(pid_t pid, pid_t tid, char name[THREAD_NAME_SIZE])
{
	char path[48];
	FILE *comm;

	*name = '\0';
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	comm = fopen(path, "re");
	if (!comm)
		return name;
	if (!fgets(name, THREAD_NAME_SIZE, comm))
		*name = '\0';
	fclose(comm);
	name[strcspn(name, "\n")] = '\0';
	return name;
}

static void add_name(struct thread_names *names, pid_t pid, pid_t tid)
{
	struct thread_name *more;

	more = reallocarray(names->names, names->count + 1, sizeof(*more));
	if (!more)
		return;
	names->names = more;
	more[names->count].tid = tid;
	thread_name(pid, tid, more[names->count].name);
	names->count++;
}

void thread_names_read(struct thread_names *names, pid_t pid)
{
	struct dirent *entry;
	char path[32];
	DIR *folder;

	thread_names_forget(names);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (atoi(entry->d_name) > 0)
			add_name(names, pid, atoi(entry->d_name));
	if (folder)
		closedir(folder);
}

void thread_names_forget(struct thread_names *names)
{
	free(names->names);
	*names = (struct thread_names){ 0 };
}

const char *thread_names_find(const struct thread_names *names, pid_t tid)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (names->names[i].tid == tid)
			return names->names[i].name;
	return "";
}

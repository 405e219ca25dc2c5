// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "freezer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "hold_helpers.h"

#define FOLDER	"proxyipc-test"

const struct freezer_kind freezer_v1 = {
	.type = "cgroup",
	.option = "freezer",
	.file = "freezer.state",
	.frozen = "FROZEN",
	.thawed = "THAWED",
	.state = "freezer.state",
	.is_frozen = "FROZEN",
};

const struct freezer_kind freezer_v2 = {
	.type = "cgroup2",
	.option = "rw",
	.file = "cgroup.freeze",
	.frozen = "1",
	.thawed = "0",
	.state = "cgroup.events",
	.is_frozen = "frozen 1",
};

/* Where a file system of that type, with that option, is mounted. */
static bool find_mount(const char *type, const char *option, char *where, int size)
{
	char dir[128], fs[32], options[256];
	FILE *mounts = fopen("/proc/mounts", "r");
	bool found = false;

	while (mounts && !found &&
	       fscanf(mounts, "%*s %127s %31s %255s %*d %*d", dir, fs, options) == 3)
		found = !strcmp(fs, type) && strstr(options, option);
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(where, size, "%s", dir);
	return found;
}

static int cgroup_write(struct freezer *f, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->folder, file);
	return file_write(path, text);
}

int freezer_new(struct freezer *f, const struct freezer_kind *kind, pid_t pid)
{
	char mount[128], text[16];

	f->kind = kind;
	if (!find_mount(kind->type, kind->option, mount, sizeof(mount)))
		return -ENODEV;
	snprintf(f->folder, sizeof(f->folder), "%s/" FOLDER "-%d", mount, getpid());
	if (mkdir(f->folder, 0755))
		return -errno;
	snprintf(text, sizeof(text), "%d", pid);
	return cgroup_write(f, "cgroup.procs", text);
}

int freezer_freeze(struct freezer *f)
{
	return cgroup_write(f, f->kind->file, f->kind->frozen);
}

int freezer_thaw(struct freezer *f)
{
	return cgroup_write(f, f->kind->file, f->kind->thawed);
}

bool freezer_is_frozen(struct freezer *f)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), "%s/%s", f->folder, f->kind->state);
	return !file_read(path, text, sizeof(text)) && strstr(text, f->kind->is_frozen);
}

void freezer_end(struct freezer *f)
{
	if (!f->folder[0])
		return;
	freezer_thaw(f);
	eventually(!rmdir(f->folder) || errno != EBUSY);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* A cgroup with one process in it, that can be frozen. */
#ifndef PROXYIPC_FREEZER_H
#define PROXYIPC_FREEZER_H

#include <stdbool.h>
#include <sys/types.h>

struct freezer_kind {
	const char *type;	/* of the file system */
	const char *option;	/* that its mount has */
	const char *file;	/* in the cgroup */
	const char *frozen;
	const char *thawed;
	const char *state;	/* a file in the cgroup, */
	const char *is_frozen;	/* which then says this */
};

extern const struct freezer_kind freezer_v1, freezer_v2;

struct freezer {
	const struct freezer_kind *kind;
	char folder[192];
};

/* 0 or -errno, -ENODEV if there is no such kind here. */
int freezer_new(struct freezer *f, const struct freezer_kind *kind, pid_t pid);

int freezer_freeze(struct freezer *f);
int freezer_thaw(struct freezer *f);

/* Is every process of the cgroup frozen, as the freezer itself says? */
bool freezer_is_frozen(struct freezer *f);

/* Its process must have ended, or be about to. */
void freezer_end(struct freezer *f);

#endif /* PROXYIPC_FREEZER_H */

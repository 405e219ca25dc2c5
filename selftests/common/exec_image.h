/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Targets that execute a program: the test's own, started as IMAGE_OPTION, from
 * a copy with another owner or mode. Its main() calls image_run() for that.
 *
 * The page of such a child is in a memfd, page->fd[0], which the image finds
 * again by its number. Before the exec the child counts in counter[0], at phase 1;
 * the image counts in counter[1], at phase 2, and says its effective user id in
 * page->result. A failed exec leaves phase 3 and page->error.
 */
#ifndef PROXYIPC_EXEC_IMAGE_H
#define PROXYIPC_EXEC_IMAGE_H

#include "hold_helpers.h"

#define IMAGE_OPTION	"--image"

/* page->go: to execute; to execute from the image, too, each time it has counted. */
#define GO		1
#define GO_ON		2

#define PHASE_READY	1
#define PHASE_IMAGE	2
#define PHASE_FAILED	3

/* If @argv says so, is the image, and doesn't return. */
void image_run(int argc, char **argv);

/* A page in a memfd, and the path of the program to execute. */
struct child_page *image_page_new(const char *path);

/* execve() of page->path; @last is another argument, or NULL. */
void image_exec(struct child_page *page, const char *last);

/* Counts until told to go, and executes. */
void image_exec_when_told(struct child_page *page);

/* A copy of this program; 0 or -errno. */
int image_copy(const char *path, uid_t uid, gid_t gid, mode_t mode);

#endif /* PROXYIPC_EXEC_IMAGE_H */

// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "exec_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static struct child_page *map_page(int fd)
{
	struct child_page *page;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

struct child_page *image_page_new(const char *path)
{
	struct child_page *page;
	int fd;

	/* Without MFD_CLOEXEC: the image inherits it. */
	fd = memfd_create("page", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*page)))
		return NULL;
	page = map_page(fd);
	if (!page)
		return NULL;
	page->fd[0] = fd;
	page->fd[1] = -1;
	snprintf(page->path, sizeof(page->path), "%s", path);
	return page;
}

void image_run(int argc, char **argv)
{
	struct child_page *page;

	if (argc < 3 || strcmp(argv[1], IMAGE_OPTION))
		return;
	/* An exec that changes the user has cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = map_page(atoi(argv[2]));
	if (!page)
		_exit(1);
	page->result = geteuid();
	page->phase = PHASE_IMAGE;
	do {
		page->counter[1]++;
	} while (page->go != GO_ON);
	image_exec(page, NULL);
}

void image_exec(struct child_page *page, const char *last)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", page->fd[0]);
	execl(page->path, page->path, IMAGE_OPTION, fd, last, NULL);
	page->error = errno;
	page->phase = PHASE_FAILED;
	for (;;)
		page->counter[0]++;
}

void image_exec_when_told(struct child_page *page)
{
	page->phase = PHASE_READY;
	while (!page->go)
		page->counter[0]++;
	image_exec(page, NULL);
}

int image_copy(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	struct stat st;
	int ret = 0;

	if (from < 0 || to < 0 || fstat(from, &st) ||
	    sendfile(to, from, NULL, st.st_size) != st.st_size ||
	    fchown(to, uid, gid) || fchmod(to, mode))
		ret = -errno ?: -EIO;
	close(from);
	close(to);
	return ret;
}

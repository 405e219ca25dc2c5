// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Small files and folders of /proc and /sys. */
#define _GNU_SOURCE
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

ssize_t read_file(const char *path, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;
	int fd;

	*text = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + len, size - 1 - len);
		if (got > 0)
			len += got;
	} while (got > 0 && len < size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	text[got < 0 ? 0 : len] = '\0';
	return got < 0 ? got : (ssize_t)len;
}

ssize_t read_line(const char *path, char *text, size_t size)
{
	ssize_t len = read_file(path, text, size);

	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	return len;
}

bool find_field(const char *text, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, name, len) || text[len] != ':')
			continue;
		text += len + 1;
		text += strspn(text, " \t");
		snprintf(value, size, "%.*s", (int)strcspn(text, "\n"), text);
		return true;
	}
	*value = '\0';
	return false;
}

bool read_comm(pid_t tid, char *comm)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	return read_line(path, comm, COMM_SIZE) >= 0;
}

int visit_numbers(const char *path, void (*visit)(int number, void *data), void *data)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!folder)
		return -errno;
	for (;;) {
		errno = 0;
		entry = readdir(folder);
		if (!entry)
			break;
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			visit(atoi(entry->d_name), data);
	}
	ret = -errno;
	closedir(folder);
	return ret;
}

bool has_capability(int capability)
{
	char text[4096], value[32];

	return read_file("/proc/self/status", text, sizeof(text)) > 0 &&
	       find_field(text, "CapEff", value, sizeof(value)) &&
	       strtoull(value, NULL, 16) >> capability & 1;
}

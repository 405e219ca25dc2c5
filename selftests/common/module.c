// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hold_helpers.h"

#define NAME		"proxyipc"
#define PARAMETERS	"/sys/module/" NAME "/parameters"

const char *module_file(void)
{
	return getenv("PROXYIPC_KO") ?: "/vm/modules/proxyipc.ko";
}

int module_remove(void)
{
	return syscall(SYS_delete_module, NAME, O_NONBLOCK) ? -errno : 0;
}

int module_load(const char *parameters)
{
	int fd = open(module_file(), O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

bool module_is_loaded(void)
{
	return !access("/sys/module/" NAME "/initstate", F_OK);
}

void module_parameters(char *text, int size)
{
	DIR *dir = opendir(PARAMETERS);
	char path[300], value[64];
	struct dirent *entry;
	int len = 0;

	text[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PARAMETERS "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && !file_read(path, value, sizeof(value)))
			len += snprintf(text + len, size - len, "%s=%s ",
					entry->d_name, value);
	}
	if (dir)
		closedir(dir);
}

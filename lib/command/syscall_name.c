// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Names of system calls, as the C library's headers knew them at compile time. */
#define _GNU_SOURCE
#include "syscall_name.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"

static const char *const names[] = {
#include "syscall_names.inc"
};

/* Is it a program as this one, 64 bit or 32? */
static bool is_native(pid_t pid)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, ident, sizeof(ident)) != sizeof(ident))
		ident[EI_CLASS] = ELFCLASSNONE;
	close(fd);
	return ident[EI_CLASS] == (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32);
}

const char *syscall_name(pid_t pid, int number)
{
	if (number < 0 || number >= (int)ARRAY_SIZE(names) || !is_native(pid))
		return NULL;
	return names[number];
}

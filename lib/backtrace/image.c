// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What is loaded in a process: its programs and libraries. */

#include "internal.h"

#include <errno.h>
#include <stdlib.h>

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* What an unwinder reads. */
static int read_module(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		       void *arg)
{
	Dwarf_Addr bias;

	(void)userdata;
	(void)name;
	(void)base;
	(void)arg;
	dwfl_module_eh_cfi(module, &bias);
	dwfl_module_dwarf_cfi(module, &bias);
	return DWARF_CB_OK;
}

int image_refresh(struct image *image)
{
	int ret;

	/* Modules that are still there are kept, with what was read of them. */
	dwfl_report_begin(image->dwfl);
	ret = dwfl_linux_proc_report(image->dwfl, image->pid);
	if (dwfl_report_end(image->dwfl, NULL, NULL))
		return -ENOMEM;
	if (ret < 0)
		return -ENOEXEC;
	/* Of a task that exits there are no maps. */
	return ret ? (ret == ENOENT ? -ESRCH : -ret) : 0;
}

int image_open(struct image *image, pid_t pid)
{
	int ret;

	*image = (struct image){ .dwfl = dwfl_begin(&callbacks), .pid = pid };
	if (!image->dwfl)
		return -ENOMEM;
	ret = image_refresh(image);
	if (!ret && !dwfl_attach_state(image->dwfl, NULL, pid, &walk_callbacks, image))
		ret = -ENOEXEC;
	if (ret)
		image_close(image);
	return ret;
}

void image_read_ahead(struct image *image)
{
	dwfl_getmodules(image->dwfl, read_module, NULL, 0);
}

void image_close(struct image *image)
{
	dwfl_end(image->dwfl);
	image->dwfl = NULL;
}

int proxyipc_backtrace_open(pid_t pid, struct proxyipc_backtrace **backtrace)
{
	struct proxyipc_backtrace *new = malloc(sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	ret = image_open(&new->image, pid);
	if (ret) {
		free(new);
		return ret;
	}
	image_read_ahead(&new->image);
	*backtrace = new;
	return 0;
}

void proxyipc_backtrace_close(struct proxyipc_backtrace *backtrace)
{
	image_close(&backtrace->image);
	free(backtrace);
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* From frame to frame, by the registers and the memory of a held thread. */

#include "internal.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/user.h>

void walk_init(struct walk *walk, pid_t tid, int process, __u64 token)
{
	memset(walk, 0, sizeof(*walk));
	walk->tid = tid;
	walk->process = process;
	walk->token = token;
	walk->syscall = -1;
	walk->block_at = 1;
}

/* One thread at a time: the one that walk_stack() asks for. */
static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	struct image *image = arg;
	bool first = !*thread;

	(void)dwfl;
	*thread = image->walk;
	return first && image->walk ? image->walk->tid : 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	struct image *image = arg;

	(void)dwfl;
	*thread = image->walk;
	return image->walk && image->walk->tid == tid;
}

/* DWARF's numbers of the registers of x86-64, as its ABI has them; 16 is rip. */
static bool set_registers(Dwfl_Thread *thread, const struct user_regs_struct *u)
{
	const Dwarf_Word regs[] = {
		u->rax, u->rdx, u->rcx, u->rbx, u->rsi, u->rdi, u->rbp, u->rsp,
		u->r8, u->r9, u->r10, u->r11, u->r12, u->r13, u->r14, u->r15,
		u->rip,
	};

	return dwfl_thread_state_registers(thread, 0, sizeof(regs) / sizeof(*regs), regs);
}

static int read_registers(struct walk *walk, struct user_regs_struct *u)
{
	struct proxyipc_process_get_regs get = {
		.token = walk->token,
		.deadline = walk->deadline,
		.data = (uintptr_t)u,
		.data_size = sizeof(*u),
		.note = NT_PRSTATUS,
		.tid = walk->tid,
	};
	int ret = proxyipc_process_get_regs_params(walk->process, &get);

	if (ret)
		return ret;
	return get.out_machine == EM_X86_64 && get.out_data_len == sizeof(*u) ? 0 : -ENOEXEC;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *arg)
{
	struct walk *walk = arg;
	struct user_regs_struct u;

	walk->error = read_registers(walk, &u);
	if (walk->error)
		return false;
	walk->syscall = (int)u.orig_rax;
	return set_registers(thread, &u);
}

/* In blocks: a walk reads most words of a few pages. */
static bool read_block(struct image *image, __u64 addr)
{
	struct walk *walk = image->walk;
	struct iovec to = { walk->block, WALK_BLOCK };
	struct iovec from = { (void *)(uintptr_t)addr, WALK_BLOCK };
	ssize_t got = process_vm_readv(image->pid, &to, 1, &from, 1, 0);

	walk->block_at = got == WALK_BLOCK ? addr : 1;
	if (got < 0 && errno != EFAULT)
		walk->error = -errno;
	return got == WALK_BLOCK;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result, void *arg)
{
	struct image *image = arg;
	struct walk *walk = image->walk;
	unsigned char *bytes = (unsigned char *)result;
	unsigned int at;
	size_t i;

	(void)dwfl;
	/* A word may lie across two blocks. */
	for (i = 0; i < sizeof(*result); i++, addr++) {
		at = addr % WALK_BLOCK;
		if (walk->block_at != addr - at && !read_block(image, addr - at))
			return false;
		bytes[i] = walk->block[at];
	}
	return true;
}

const Dwfl_Thread_Callbacks walk_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_initial_registers,
};

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	struct walk *walk = arg;
	unsigned int at = walk->count;

	if (at == WALK_MAX || !dwfl_frame_pc(frame, &walk->ip[at], &walk->exact[at]))
		return DWARF_CB_ABORT;
	walk->count++;
	return DWARF_CB_OK;
}

void walk_stack(struct image *image, struct walk *walk, __u64 deadline)
{
	walk->deadline = deadline;
	image->walk = walk;
	/* An error is how many walks end, at a frame that has no description. */
	dwfl_getthread_frames(image->dwfl, walk->tid, add_frame, walk);
	image->walk = NULL;
	if (!walk->count && !walk->error)
		walk->error = -ENOEXEC;
}

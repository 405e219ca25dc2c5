// SPDX-License-Identifier: GPL-2.0
#include "values.h"

#include <stdbool.h>

__u64 regs_general[15] __attribute__((used));
__u64 regs_vector[16][4] __attribute__((used));
bool has_avx;

asm(".globl regs_spin, regs_stack\n"
	".bss\n"
	".balign 16\n"
	".skip 256\n"
	"regs_stack:\n"
	".skip 16\n"
	".text\n"
	"load_general:\n"
	"	mov regs_general+0(%rip), %rax\n"
	"	mov regs_general+8(%rip), %rbx\n"
	"	mov regs_general+16(%rip), %rcx\n"
	"	mov regs_general+24(%rip), %rdx\n"
	"	mov regs_general+32(%rip), %rsi\n"
	"	mov regs_general+40(%rip), %rdi\n"
	"	mov regs_general+48(%rip), %rbp\n"
	"	mov regs_general+56(%rip), %r8\n"
	"	mov regs_general+64(%rip), %r9\n"
	"	mov regs_general+72(%rip), %r10\n"
	"	mov regs_general+80(%rip), %r11\n"
	"	mov regs_general+88(%rip), %r12\n"
	"	mov regs_general+96(%rip), %r13\n"
	"	mov regs_general+104(%rip), %r14\n"
	"	mov regs_general+112(%rip), %r15\n"
	"	lea regs_stack(%rip), %rsp\n"
	"regs_spin:\n"
	"	jmp regs_spin\n");

#define EACH_VECTOR(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_XMM(n)	"movdqu regs_vector+" #n "*32(%%rip), %%xmm" #n "\n"
#define LOAD_YMM(n)	"vmovdqu regs_vector+" #n "*32(%%rip), %%ymm" #n "\n"

void fill_values(void)
{
	unsigned int i;

	for (i = 0; i < 15; i++)
		regs_general[i] = VALUE(i);
	for (i = 0; i < 64; i++)
		regs_vector[i / 4][i % 4] = VALUE(100 + i);
	has_avx = __builtin_cpu_supports("avx");
}

void spin_on_values(struct child_page *page)
{
	page->result = (long)__builtin_thread_pointer();
	page->phase = 1;
	if (has_avx)
		asm volatile(EACH_VECTOR(LOAD_YMM) "jmp load_general" ::: "memory");
	else
		asm volatile(EACH_VECTOR(LOAD_XMM) "jmp load_general" ::: "memory");
	__builtin_unreachable();
}

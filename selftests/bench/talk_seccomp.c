// SPDX-License-Identifier: GPL-2.0
/*
 * Round trips by seccomp's user notification: a system call of the client's, which
 * its filter hands to a supervisor. That has the arguments, and takes and gives the
 * 64 bytes by process_vm_readv() and process_vm_writev(), as supervisors do.
 */
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "talk.h"

/* One that the kernel hasn't got any more: nobody else here makes it. */
#define FILTERED	SYS_uselib

struct post {
	struct words words;
	int listener;
};

static int filter_install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTERED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = COUNT(code), .filter = code };

	bench_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	return bench_must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program), "seccomp");
}

static void copy_words(int write, pid_t pid, struct words *words, uint64_t address)
{
	struct iovec here = { words, sizeof(*words) };
	struct iovec there = { (void *)address, sizeof(*words) };
	ssize_t size = write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			       process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (size != sizeof(*words))
		bench_fail(0, "seccomp: the client's memory can't be read or written");
}

static void seccomp_serve(void *arg)
{
	struct seccomp_notif_resp response;
	struct seccomp_notif notice;
	struct post *post = arg;
	struct words words;

	for (;;) {
		memset(&notice, 0, sizeof(notice));
		bench_must(ioctl(post->listener, SECCOMP_IOCTL_NOTIF_RECV, &notice), "NOTIF_RECV");
		copy_words(0, notice.pid, &words, notice.data.args[0]);
		talk_answer(&words);
		copy_words(1, notice.pid, &words, notice.data.args[1]);
		response = (struct seccomp_notif_resp){ .id = notice.id };
		bench_must(ioctl(post->listener, SECCOMP_IOCTL_NOTIF_SEND, &response),
			   "NOTIF_SEND");
	}
}

void seccomp_setup(struct contender *c)
{
	struct post *post = calloc(1, sizeof(*post));

	c->state = post;
	post->listener = filter_install();
	/* Forked behind the filter; it never makes the call. */
	bench_partner(talk_server_cpu, seccomp_serve, post);
}

void seccomp_call(struct contender *c)
{
	struct post *post = c->state;
	struct words answer;

	talk_ask(&post->words);
	bench_must(syscall(FILTERED, &post->words, &answer), "the filtered system call");
	talk_check(&post->words, &answer, c->name);
}

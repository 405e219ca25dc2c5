// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Hold a process's main thread, look at it, and let it go. */
#include <proxyipc.h>
#include <stdio.h>
#include <unistd.h>

int look_at(int device, pid_t pid)
{
	struct proxyipc_process_info info;
	int process = proxyipc_process_open(device, pid, 0);
	__u64 token;
	int ret;

	if (process < 0)
		return process;
	ret = proxyipc_process_hold(process, &token);
	if (ret >= 0)
		ret = proxyipc_process_info(process, &info);
	if (ret >= 0) {
		printf("at %llx, in system call %d\n",
		       (unsigned long long)info.out_ip, info.out_syscall);
		ret = proxyipc_process_resume(process, token, NULL);
	}
	/* Would have ended the hold as well. */
	close(process);
	return ret;
}

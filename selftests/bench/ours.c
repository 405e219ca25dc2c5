// SPDX-License-Identifier: GPL-2.0
#include "ours.h"

#include <unistd.h>

#include "bench.h"

/* Opened once by each process that needs it. */
static int device(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = bench_must(proxyipc_open(), "proxyipc_open");
	return fd;
}

int ours_endpoint(void)
{
	return bench_must(proxyipc_endpoint_create(device(), 0), "an endpoint");
}

int ours_entry(int endpoint, unsigned int rights)
{
	int notices = rights & PROXYIPC_RIGHT_NOTIFY ? 1 : 0;

	return bench_must(proxyipc_endpoint_mint(endpoint, 1, rights, notices), "an entry");
}

int ours_process(pid_t tgid, pid_t tid)
{
	return bench_must(proxyipc_process_open(device(), tgid, tid), "a process object");
}

int ours_group(pid_t tgid)
{
	return bench_must(proxyipc_process_open_group(device(), tgid), "a process object");
}

void ours_set_receiver(int process, int endpoint)
{
	int entry = ours_entry(endpoint, PROXYIPC_RIGHT_SEND);

	bench_must(proxyipc_process_set_receiver(process, entry), "SET_RECEIVER");
	close(entry);
}

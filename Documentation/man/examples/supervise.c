// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <proxyipc.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct proxyipc_message question = { .words = { 42 } };
	struct proxyipc_received received = { 0 };
	int device = proxyipc_open(), pair[2], process, endpoint, entry, proxy;

	if (device < 0)
		return fprintf(stderr, "%s\n", proxyipc_strerror(device));
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (fork() == 0) {
		proxyipc_fd_send(pair[1], proxyipc_process_open_self(device));
		return sleep(1);
	}
	process = proxyipc_fd_recv(pair[0]);
	endpoint = proxyipc_endpoint_create(device, 0);
	entry = proxyipc_endpoint_mint(endpoint, 7, PROXYIPC_RIGHT_SEND, 0);
	proxyipc_process_set_receiver(process, entry);
	proxy = proxyipc_process_mint(process, 0, PROXYIPC_RIGHT_SEND, 0);

	proxyipc_entry_send(proxy, &question);
	proxyipc_endpoint_recv(endpoint, &received);
	printf("asked %d, state %u\n", (int)received.out_words[0], received.out_state);
	return proxyipc_endpoint_resume(endpoint, received.out_cap, NULL);
}

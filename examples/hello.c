// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* A server that adds, and its client: cc hello.c $(pkg-config --cflags --libs proxyipc) */
#include <errno.h>
#include <proxyipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", what, proxyipc_strerror(result));
	exit(1);
}

int main(void)
{
	int device = check("open", proxyipc_open());
	int endpoint = check("create", proxyipc_endpoint_create(device, 0));
	int entry = check("mint", proxyipc_endpoint_mint(endpoint, 0, PROXYIPC_RIGHT_CALL, 0));
	struct proxyipc_message message = { .words = { 2, 3 } };
	pid_t server = fork();

	if (server < 0)
		check("fork", -errno);
	if (server == 0) {
		struct proxyipc_received received = { 0 };

		check("recv", proxyipc_endpoint_recv(endpoint, &received));
		message.words[0] = received.out_words[0] + received.out_words[1];
		check("reply", proxyipc_endpoint_reply(endpoint, received.out_cap, &message));
		return 0;
	}
	close(endpoint); /* the server's alone now: if it dies, the call fails */
	check("call", proxyipc_entry_call(entry, &message, &message));
	printf("2 + 3 = %llu\n", (unsigned long long)message.words[0]);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* A server with one message in its hands: answer it, and wait for the next. */
#include <proxyipc-uring.h>

int serve(struct io_uring *ring, int endpoint)
{
	struct proxyipc_endpoint_reply_recv params = { 0 };
	struct io_uring_cqe *cqe;
	int ret;

	do {
		proxyipc_prep_endpoint_reply_recv(io_uring_get_sqe(ring), endpoint, &params);
		ret = io_uring_submit_and_wait(ring, 1);
		if (ret < 0)
			return ret;
		ret = io_uring_wait_cqe(ring, &cqe);
		if (ret < 0)
			return ret;
		ret = cqe->res;
		io_uring_cqe_seen(ring, cqe);
		params.cap = params.received.out_cap;
		params.message.words[0] = params.received.out_words[0] + 1;
	} while (!ret);
	return ret;
}

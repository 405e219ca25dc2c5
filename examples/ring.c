// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * One io_uring that serves 1,000 entries and watches 1,000 targets:
 * cc -pthread ring.c -luring $(pkg-config --cflags --libs proxyipc)
 *
 * The entries and the targets' messages all come to one endpoint, and the payload says
 * which it is. So what the server keeps in flight is a few receives, however many there
 * are; each is handed back together with the answer to what it brought. The targets are
 * threads of this program that sleep. A client, with a ring of its own, calls every entry
 * and every target; the server looks at each target while that stands still.
 */
#include <errno.h>
#include <limits.h>
#include <proxyipc-uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define RECEIVES	4	/* the server's, in flight */
#define CALLS		64	/* the client's */

static int device, endpoint, gate[2];
static unsigned int count = 1000;
static int *entries, *proxies;
static unsigned int served, held, ended;

static int check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "ring: %s: %s\n", what, proxyipc_strerror(result));
	exit(1);
}

/* Sleeps until the gate is closed. */
static void *target(void *number)
{
	unsigned long i = (unsigned long)number;
	int process = check("enrol", proxyipc_process_open_self(device));
	char byte;
	int proxy;

	/* The entry is also the address of what is reported of this target. */
	check("receiver", proxyipc_process_set_receiver(process, entries[i]));
	proxy = check("proxy", proxyipc_process_mint(process, i, PROXYIPC_RIGHT_CALL, 0));
	__atomic_store_n(&proxies[i], proxy, __ATOMIC_RELEASE);
	/* The proxy entry is enough for it to be watched. */
	close(process);
	return (void *)read(gate[0], &byte, 1);
}

static void start(void *(*body)(void *), unsigned long number)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 65536);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	check("thread", -pthread_create(&thread, &attributes, body, (void *)number));
	pthread_attr_destroy(&attributes);
}

static struct proxyipc_entry_call calls[CALLS];

static void call(struct io_uring *ring, unsigned int slot, int entry, __u64 number)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	calls[slot].message.words[0] = number;
	proxyipc_prep_entry_call(sqe, entry, &calls[slot]);
	sqe->user_data = slot;
	check("submit", io_uring_submit(ring));
}

/* Of one call: the slot that it had. */
static unsigned int answer(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned int slot;

	check("wait", io_uring_wait_cqe(ring, &cqe));
	check("call", cqe->res);
	slot = cqe->user_data;
	io_uring_cqe_seen(ring, cqe);
	if (calls[slot].reply.words[0] != calls[slot].message.words[0] + 1)
		check("answer", -EBADMSG);
	return slot;
}

/* Calls each of @called, many at a time. */
static void call_all(struct io_uring *ring, const int *called)
{
	unsigned int sent, answered;

	for (sent = 0; sent < count && sent < CALLS; sent++)
		call(ring, sent, called[sent], sent + 1);
	for (answered = 0; answered < count; answered++) {
		unsigned int slot = answer(ring);

		if (sent < count) {
			call(ring, slot, called[sent], sent + 1);
			sent++;
		}
	}
}

static void *client(void *unused)
{
	struct io_uring ring;

	check("ring", io_uring_queue_init(CALLS, &ring, 0));
	call_all(&ring, entries);
	call_all(&ring, proxies);
	io_uring_queue_exit(&ring);
	/* And that is the end of all targets. */
	close(gate[1]);
	return unused;
}

/* What a message asks for, to be handed back together with its slot. */
static void handle(struct proxyipc_endpoint_reply_recv *slot)
{
	struct proxyipc_received *got = &slot->received;

	slot->flags = 0;
	slot->cap = got->out_cap;
	slot->message.words[0] = got->out_words[0] + 1;
	if (got->out_flags & PROXYIPC_RECEIVED_PROXIED) {
		/* It stands still until this is submitted. */
		slot->flags = PROXYIPC_RESUME_REPLY;
		held += got->out_payload == got->out_proxy_payload;
	} else if (got->out_events & PROXYIPC_EVENT_TARGET_GONE) {
		ended++;
	} else {
		served += got->out_payload + 1 == got->out_words[0];
	}
}

static void serve(void)
{
	static struct proxyipc_endpoint_reply_recv slots[RECEIVES];
	struct proxyipc_endpoint_reply_recv *slot;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	unsigned int i;

	check("ring", io_uring_queue_init(RECEIVES, &ring, 0));
	for (i = 0; i < RECEIVES; i++) {
		sqe = io_uring_get_sqe(&ring);
		proxyipc_prep_endpoint_reply_recv(sqe, endpoint, &slots[i]);
		io_uring_sqe_set_data(sqe, &slots[i]);
	}
	while (ended < count) {
		check("submit", io_uring_submit_and_wait(&ring, 1));
		check("wait", io_uring_wait_cqe(&ring, &cqe));
		check("receive", cqe->res);
		slot = io_uring_cqe_get_data(cqe);
		io_uring_cqe_seen(&ring, cqe);
		handle(slot);
		sqe = io_uring_get_sqe(&ring);
		proxyipc_prep_endpoint_reply_recv(sqe, endpoint, slot);
		io_uring_sqe_set_data(sqe, slot);
	}
	io_uring_queue_exit(&ring);
}

static int *descriptors(void)
{
	int *fds = calloc(count, sizeof(*fds));

	if (!fds)
		check("memory", -ENOMEM);
	return fds;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	unsigned int i;

	if (argc > 1)
		count = strtoul(argv[1], NULL, 0);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);

	entries = descriptors();
	proxies = descriptors();
	device = check("open", proxyipc_open());
	endpoint = check("endpoint", proxyipc_endpoint_create(device, 0));
	if (pipe(gate))
		check("pipe", -errno);
	for (i = 0; i < count; i++)
		entries[i] = check("entry",
				   proxyipc_endpoint_mint(endpoint, i, PROXYIPC_RIGHT_CALL |
							  PROXYIPC_RIGHT_SEND, 0));
	for (i = 0; i < count; i++)
		start(target, i);
	for (i = 0; i < count; i++)
		while (!__atomic_load_n(&proxies[i], __ATOMIC_ACQUIRE))
			usleep(1000);
	start(client, 0);
	serve();
	printf("%u entries served, %u targets held and resumed, %u seen to end\n",
	       served, held, ended);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Exceptions handled by another thread of the same process:
 * cc -pthread exception.c $(pkg-config --cflags --libs proxyipc)
 *
 * The main thread writes to memory that is read-only, as that of a garbage collector or
 * of a debugger is that wants to know what is written to. Each first write to a page is
 * held off; the handler thread notes the page, makes it writable, and has the write
 * executed again. No signal handler runs, so the handler may do whatever a thread may,
 * and the two never run at the same time.
 */
#include <errno.h>
#include <proxyipc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	4096UL
#define PAGES	16UL

static unsigned char *memory;
static int written[PAGES];	/* by the handler, while the main thread is held */
static int process;		/* the main thread */
static pthread_barrier_t ready;

static int check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "exception: %s: %s\n", what, proxyipc_strerror(result));
	exit(1);
}

static int mend(__u64 address)
{
	__u64 page = (address - proxyipc_address(memory)) / PAGE;

	if (page >= PAGES)
		return 0;
	written[page]++;
	return !mprotect(memory + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

static void *handle(void *device)
{
	struct proxyipc_received received = { 0 };
	int endpoint, entry;

	/* Made by the thread that will receive: one can't wait for itself to handle it. */
	endpoint = check("endpoint", proxyipc_endpoint_create(*(int *)device, 0));
	entry = check("entry", proxyipc_endpoint_mint(endpoint, 0, PROXYIPC_RIGHT_SEND, 0));
	check("receiver", proxyipc_process_set_receiver(process, entry));
	check("faults", proxyipc_process_set_faults(process, proxyipc_signal_bit(SIGSEGV)));
	pthread_barrier_wait(&ready);
	for (;;) {
		check("receive", proxyipc_endpoint_recv(endpoint, &received));
		if (received.out_kind != PROXYIPC_KIND_FAULT)
			continue;
		if (mend(received.out_words[PROXYIPC_FAULT_ADDRESS]))
			check("retry", proxyipc_endpoint_retry(endpoint, received.out_cap));
		else	/* a bug, and it ends as bugs do */
			check("deliver",
			      proxyipc_endpoint_resume(endpoint, received.out_cap, NULL));
	}
	return NULL;
}

int main(void)
{
	int device = check("open", proxyipc_open());
	pthread_t handler;

	memory = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		check("mmap", -errno);
	process = check("enrol", proxyipc_process_open_self(device));
	pthread_barrier_init(&ready, NULL, 2);
	check("thread", -pthread_create(&handler, NULL, handle, &device));
	pthread_barrier_wait(&ready);

	/* Every third page, and of that every byte: the first is what the handler sees. */
	for (unsigned long i = 0; i < PAGES; i += 3)
		memset(memory + i * PAGE, 1, PAGE);
	for (unsigned long i = 0; i < PAGES; i++)
		putchar(written[i] ? '0' + written[i] : '-');
	putchar('\n');
	return 0;
}

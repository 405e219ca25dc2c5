// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "crowd.h"

#include <pthread.h>
#include <unistd.h>

#include "board.h"
#include "party.h"
#include "random.h"
#include "section.h"
#include "target.h"

/* They are many, one after the other, and don't call deep. */
#define STACK_SIZE	(64 * 1024)

static int group;
static pthread_attr_t attributes;

/* Some exit in a section, for the end of which a hold may wait. */
static void live(void)
{
	unsigned int rounds = random_below(2000);

	if (chance(10)) {
		page_begin_of_thread(group);
		section_begin();
	}
	while (rounds--)
		tick();
	if (chance(50))
		sleep_us(random_below(60000));
	if (chance(50))
		section_end();
	if (chance(5))
		target_errs();
	tick();
}

/*
 * @arg: how many there were, of all chains in turn. It has counted for the last time
 * when the next one is born.
 */
static void *link_main(void *arg)
{
	unsigned long number = (unsigned long)arg;
	pthread_t next;

	random_begin(board->seed, (__u64)self << 32 | self_life);
	random_begin(random_u64(), number);
	target_counts_in(NR_THREADS + number % NR_CHAINS);
	count(COUNT_THREADS);
	live();
	number += NR_CHAINS;
	while (pthread_create(&next, &attributes, link_main, (void *)number)) {
		tick();
		sleep_us(1000);
	}
	return NULL;
}

void crowd_begin(int process)
{
	unsigned long chain;
	pthread_t first;

	group = process;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (chain = 0; chain < NR_CHAINS; chain++)
		if (pthread_create(&first, &attributes, link_main, (void *)chain))
			_exit(125);
}

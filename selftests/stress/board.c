// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "board.h"

#include <err.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"

/* Where the board's descriptor is: in every party, and in what that executes. */
#define BOARD_FD	100

struct board *board;
_Thread_local __u64 random_state;

static const struct {
	const char *name;
	int first, slots;
} roles[NR_ROLES] = {
	[ROLE_TARGET] = { "target", 0, 64 },
	[ROLE_INVOKER] = { "invoker", 64, 16 },
	[ROLE_RECEIVER] = { "receiver", 80, 4 },
	[ROLE_DISTURBER] = { "disturber", 84, 4 },
	[ROLE_OBSERVER] = { "observer", 88, 2 },
};

int role_first(enum role role)
{
	return roles[role].first;
}

int role_slots(enum role role)
{
	return roles[role].slots;
}

const char *role_name(enum role role)
{
	return roles[role].name;
}

/*
 * A quarter of the targets and receivers and half of the others live long: with
 * everybody dead after half a second no lease would ever run out. Half of the targets
 * are left in peace by everything but holds and SIGKILL: there a system call that
 * returns EINTR is ours.
 */
static void slot_init(int nr, enum role role)
{
	struct slot *slot = &board->slots[nr];
	int thread, place = nr - roles[role].first;
	int every = role == ROLE_TARGET || role == ROLE_RECEIVER ? 4 : 2;

	slot->role = role;
	slot->sturdy = place % every == 0;
	slot->quiet = role == ROLE_DISTURBER || role == ROLE_OBSERVER ||
		      (role == ROLE_TARGET && place % 8 < 4);
	for (thread = 0; thread < NR_THREADS; thread++) {
		slot->process[thread] = -1;
		slot->proxy[thread] = -1;
	}
	slot->endpoint = -1;
	slot->entry = -1;
	slot->victim = -1;
}

void board_create(__u64 seed)
{
	int fd = memfd_create("stress", 0);
	enum role role;
	int nr;

	if (fd < 0 || dup2(fd, BOARD_FD) < 0 || ftruncate(fd, sizeof(*board)))
		err(125, "no shared memory");
	close(fd);
	board_find();
	board->seed = seed;
	/* 0 is never. */
	board->fair = NS_PER_S;
	for (role = 0; role < NR_ROLES; role++)
		for (nr = 0; nr < roles[role].slots; nr++)
			slot_init(roles[role].first + nr, role);
}

void board_find(void)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED,
		     BOARD_FD, 0);
	if (board == MAP_FAILED)
		err(125, "mmap");
}

__u64 fair_now(void)
{
	return board->fair;
}

__u64 fresh_word(void)
{
	return atomic_fetch_add(&board->next_word, 1) + 1;
}

__u64 ident_of(int slot, __u32 life, int thread)
{
	return (__u64)life << 32 | thread << 16 | slot;
}

int ident_slot(__u64 ident)
{
	return ident & 0xffff;
}

int ident_thread(__u64 ident)
{
	return ident >> 16 & (NR_THREADS - 1);
}

struct cell *find_cell(__u64 ident)
{
	unsigned int slot = ident_slot(ident), thread = ident_thread(ident);
	__u32 life = ident >> 32;
	struct cell *cell;

	if (slot >= NR_SLOTS)
		return NULL;
	cell = &board->slots[slot].cells[life % NR_LIVES][thread];
	return cell->life == life ? cell : NULL;
}

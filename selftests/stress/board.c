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
	int object, place = nr - roles[role].first;
	int every = role == ROLE_TARGET || role == ROLE_RECEIVER ? 4 : 2;

	slot->role = role;
	slot->sturdy = place % every == 0;
	slot->quiet = role == ROLE_DISTURBER || role == ROLE_OBSERVER ||
		      (role == ROLE_TARGET && place % 8 < 4);
	for (object = 0; object < NR_OBJECTS; object++) {
		slot->process[object] = -1;
		slot->proxy[object] = -1;
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

__u64 ident_of(int slot, __u32 life, int object)
{
	return (__u64)life << 32 | object << 16 | slot;
}

int ident_slot(__u64 ident)
{
	return ident & 0xffff;
}

int ident_object(__u64 ident)
{
	return (ident >> 16 & 0xffff) % NR_OBJECTS;
}

struct cell *find_cells(__u64 ident)
{
	unsigned int slot = ident_slot(ident);
	__u32 life = ident >> 32;
	struct cell *cells;

	if (slot >= NR_SLOTS)
		return NULL;
	cells = board->slots[slot].cells[life % NR_LIVES];
	return cells[0].life == life ? cells : NULL;
}

struct cell *find_cell(__u64 ident, pid_t tid)
{
	struct cell *cells = find_cells(ident);
	int nr;

	if (!cells || ident_object(ident) != GROUP)
		return cells ? &cells[ident_object(ident)] : NULL;
	for (nr = 0; nr < NR_CELLS; nr++)
		if (cells[nr].tid == tid)
			return &cells[nr];
	return NULL;
}

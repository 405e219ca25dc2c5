// SPDX-License-Identifier: GPL-2.0
#include "history.h"

#include <stdarg.h>
#include <string.h>

#include "board.h"
#include "clock.h"
#include "party.h"

/* How many records are printed: of those involved, and of everybody. */
#define SHOW_INVOLVED	150
#define SHOW_ALL	60

static const char * const names[NR_WHATS] = {
	[WHAT_BORN] = "born",
	[WHAT_KILL] = "is killed",
	[WHAT_REAPED] = "reaped",
	[WHAT_LOOP] = "goes on",
	[WHAT_CALL] = "call...",
	[WHAT_SEND] = "send...",
	[WHAT_NOTIFY] = "notify",
	[WHAT_CALLED] = "...call or send",
	[WHAT_RECV] = "recv...",
	[WHAT_RECEIVED] = "received",
	[WHAT_ANSWER] = "answer...",
	[WHAT_ANSWERED] = "...answer",
	[WHAT_GIVE_UP] = "gives up",
	[WHAT_EVENT] = "received event",
	[WHAT_HOLD] = "hold...",
	[WHAT_HELD] = "...hold",
	[WHAT_RESUME] = "resume...",
	[WHAT_RESUMED] = "...resume",
	[WHAT_STALE] = "resumes by a dead token",
	[WHAT_ADOPT] = "set receiver",
	[WHAT_POLICY] = "set policy",
	[WHAT_LOOK] = "looks",
	[WHAT_FORK] = "forks",
	[WHAT_EXEC] = "executes itself",
	[WHAT_FAULT] = "is at fault",
	[WHAT_DISTURB] = "disturbs...",
	[WHAT_DISTURBED] = "...disturbs",
};

const char *what_name(enum what what)
{
	return what < NR_WHATS && names[what] ? names[what] : "?";
}

static void note_as(int slot, __u32 life, enum what what, __u64 a, __u64 b,
		    int result)
{
	struct history *history = &board->history;
	struct record *record;
	__u64 number;

	if (history->closed)
		return;
	number = atomic_fetch_add(&history->next, 1);
	record = &history->records[number % NR_RECORDS];
	atomic_store(&record->number, 0);
	record->time = now_ns();
	record->a = a;
	record->b = b;
	record->life = life;
	record->result = result;
	record->slot = slot;
	record->what = what;
	atomic_store(&record->number, number + 1);
}

void note(enum what what, __u64 a, __u64 b, int result)
{
	note_as(self, self_life, what, a, b, result);
}

void note_for(int slot, enum what what, __u64 a, __u64 b, int result)
{
	note_as(slot, board->slots[slot].life, what, a, b, result);
}

void violation(int about, __u64 a, __u64 b, const char *format, ...)
{
	struct history *history = &board->history;
	int expected = 0;
	va_list args;

	if (!atomic_compare_exchange_strong(&history->violated, &expected, 1))
		return;
	history->closed = true;
	history->when = now_ns();
	history->by = self;
	history->about = about;
	history->key_a = a;
	history->key_b = b;
	va_start(args, format);
	vsnprintf(history->text, sizeof(history->text), format, args);
	va_end(args);
	history->violated = 2;
}

bool violated(void)
{
	return board->history.violated;
}

static void print_slot(int slot, __u32 life)
{
	char name[32] = "main";

	if (slot >= 0 && slot < NR_SLOTS)
		snprintf(name, sizeof(name), "%s %d.%u",
			 role_name(board->slots[slot].role), slot, life);
	printf("%-16s", name);
}

static void print_record(const struct record *record)
{
	printf("  %12.6f  ", (record->time / 1000) / 1e6);
	print_slot((__s16)record->slot, record->life);
	printf(" %-24s %#llx %#llx", what_name(record->what), record->a, record->b);
	if (record->result < 0)
		printf(" = %s", strerrorname_np(-record->result));
	else
		printf(" = %d", record->result);
	printf("\n");
}

static bool is_key(__u64 value)
{
	const struct history *history = &board->history;

	return value && (value == history->key_a || value == history->key_b);
}

static bool involved(const struct record *record)
{
	const struct history *history = &board->history;

	return record->slot == (__u16)history->by ||
	       (history->about >= 0 && record->slot == history->about) ||
	       is_key(record->a) || is_key(record->b);
}

static bool everybody(const struct record *record)
{
	(void)record;
	return true;
}

/* The last @limit records for which @wanted, oldest first. */
static void print_last(bool (*wanted)(const struct record *), int limit)
{
	struct history *history = &board->history;
	__u64 next = history->next, number = next, oldest;
	struct record *record;

	oldest = next > NR_RECORDS ? next - NR_RECORDS : 0;
	while (number > oldest && limit) {
		record = &history->records[--number % NR_RECORDS];
		if (record->number == number + 1 && wanted(record))
			limit--;
	}
	for (; number < next; number++) {
		record = &history->records[number % NR_RECORDS];
		if (record->number == number + 1 && wanted(record))
			print_record(record);
	}
}

void history_print(void)
{
	struct history *history = &board->history;

	printf("\nThe first violation, at %.6f, seen by ",
	       (history->when / 1000) / 1e6);
	print_slot(history->by, history->by < 0 ? 0 :
		   board->slots[history->by].life);
	printf("\n  %s\n", history->violated == 2 ? history->text :
	       "(who saw it was killed before it could say what)");
	printf("\nWhat those involved did:\n");
	print_last(involved, SHOW_INVOLVED);
	printf("\nWhat everybody did last:\n");
	print_last(everybody, SHOW_ALL);
	fflush(stdout);
}

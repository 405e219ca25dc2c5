// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

/* Points of a sweep, first to last delay. */
#define POINTS		100

/* How often the ends are moved apart if one of the orders wasn't seen, and trials there. */
#define WIDER_MOST	8
#define WIDER_TRIALS	20

/* Looks in a row, some microseconds, before a pause. */
#define SPINS		2000

/* Answers that A waits for at the gate, at most. */
#define GATE_TRIES	8

/* Trials to find an end of it, and with what delay they begin. */
#define CALIBRATIONS	60
#define START_NS	2000

/* The descriptors below this belong to the race, from here on to the trial. */
#define TRIAL_FDS	64

struct stage *the_stage;

/* Rounds of burn() in a microsecond, or a little less. */
static unsigned int burn_rate;

/*
 * Both sides
 */

static void wait_ns(__u64 ns)
{
	burn(ns * burn_rate / 1000);
}

/* As often as the thread went to sleep so far. */
static long sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/*
 * The gate. A has B answer until an answer comes about as fast as any: then both
 * are running, here and on the host of a guest, and go through it together.
 */

/* For somebody who should be running: not for long, so as not to keep him from it. */
#define SPIN_UNTIL(cond) do {						\
	for (int spins_ = 0; !(cond); spins_++)				\
		if (spins_ >= SPINS) {					\
			usleep(20);					\
			spins_ = 0;					\
		}							\
} while (0)

static void wait_at_gate(struct stage *s)
{
	int ball = 0;

	while (!s->is_open) {
		SPIN_UNTIL(s->is_open || s->ball != ball);
		ball = s->ball;
		s->answer = ball;
	}
}

static void open_gate(struct stage *s)
{
	__u64 start, took;

	for (int ball = 1; ball <= GATE_TRIES; ball++) {
		start = now_ns();
		s->ball = ball;
		SPIN_UNTIL(s->answer == ball);
		took = now_ns() - start;
		if (!s->fastest || took < s->fastest)
			s->fastest = took;
		if (ball > 1 && took <= 4 * s->fastest + 1000)
			break;
	}
	s->is_open = 1;
}

static void act(struct stage *s, enum side mine, int (*operation)(struct stage *s))
{
	struct part *part = &s->part[mine];
	long slept;

	if (mine == B)
		wait_at_gate(s);
	else if (s->race->b_by != BY_TIME)
		open_gate(s);
	slept = sleeps();
	wait_ns(part->delay);
	part->was_late = s->part[!mine].through;
	part->result = operation(s);
	part->through = 1;
	part->slept = sleeps() != slept;
}

/* A, where B is a point in time. */
static void act_around(struct stage *s, long long b_is_later)
{
	while ((long long)(now_ns() - s->at) < -b_is_later)
		;
	act(s, A, s->race->a);
}

void race_b(struct stage *s)
{
	pin_to_cpu(CPU_OF_B);
	act(s, B, s->race->b);
}

static void *be_b(void *arg)
{
	struct stage *s = arg;

	pin_to_cpu(CPU_OF_B);
	for (;;) {
		sem_wait(&s->b_go);
		act(s, B, s->race->b);
		sem_post(&s->b_ended);
	}
	return NULL;
}

static void *be_caller(void *arg)
{
	struct caller *c = &((struct stage *)arg)->caller;
	struct proxyipc_entry_call call;

	pin_to_cpu(CPU_OF_A);
	c->tid = syscall(SYS_gettid);
	for (;;) {
		/* A signal for the call may come after it. */
		while (sem_wait(&c->go))
			;
		call = (struct proxyipc_entry_call){
			.size = sizeof(call),
			.deadline = c->deadline,
			.message.words[0] = c->word,
		};
		c->result = command(c->entry, PROXYIPC_IOC_ENTRY_CALL, &call);
		c->answer = call.reply.words[0];
		sem_post(&c->ended);
	}
	return NULL;
}

/*
 * One trial
 */

static enum order judge(struct stage *s)
{
	enum order order = s->race->judge(s);

	if (s->race->b_by != BY_THREAD || s->race->asynchronous)
		return order;
	if (s->part[B].was_late && order == B_FIRST)
		s->wrong = "A was over before B began, but B came first";
	else if (s->part[A].was_late && order == A_FIRST)
		s->wrong = "B was over before A began, but A came first";
	return s->wrong ? WRONG : order;
}

static bool b_ends(struct stage *s)
{
	struct timespec until;
	__u64 end = deadline_ms(2 * PATIENCE_MS);

	if (s->race->b_by != BY_THREAD)
		return true;
	until = (struct timespec){
		.tv_sec = end / NS_PER_S,
		.tv_nsec = end % NS_PER_S,
	};
	return !sem_clockwait(&s->b_ended, CLOCK_MONOTONIC, &until);
}

static enum order trial(struct stage *s, long long b_is_later)
{
	s->nr++;
	s->ball = 0;
	s->answer = 0;
	s->is_open = 0;
	s->wrong = NULL;
	memset(s->part, 0, sizeof(s->part));
	if (s->race->b_by != BY_TIME)
		s->part[b_is_later > 0 ? B : A].delay =
			b_is_later > 0 ? b_is_later : -b_is_later;
	if (!s->race->prepare(s)) {
		s->wrong = "could not be prepared";
		return WRONG;
	}

	if (s->race->b_by == BY_TIME) {
		act_around(s, b_is_later);
	} else {
		if (s->race->b_by == BY_THREAD)
			sem_post(&s->b_go);
		act(s, A, s->race->a);
	}
	if (!b_ends(s)) {
		s->wrong = "B does not end";
		return WRONG;
	}
	return judge(s);
}

/*
 * Many
 */

static void describe(struct sweep *sw, long long b_is_later)
{
	const struct stage *s = sw->stage;
	const struct part *a = &s->part[A], *b = &s->part[B];

	snprintf(sw->wrong, sizeof(sw->wrong),
		 "trial %u, B %lld ns later: %s; A got %d%s%s, B got %d%s%s, the last call %d",
		 s->nr, b_is_later, s->wrong,
		 a->result, a->slept ? ", slept" : "", a->was_late ? ", was late" : "",
		 b->result, b->slept ? ", slept" : "", b->was_late ? ", was late" : "",
		 s->caller.result);
}

static enum order sweep_trial(struct sweep *sw, long long b_is_later)
{
	struct stage *s = sw->stage;
	enum order order = trial(s, b_is_later);

	if (order == WRONG)
		describe(sw, b_is_later);
	sw->came_out[order]++;
	sw->apart[A] += s->part[B].was_late;
	sw->apart[B] += s->part[A].was_late;
	sw->trials++;
	syscall(SYS_close_range, TRIAL_FDS, ~0U, 0U);
	return order;
}

/*
 * Was @first through before the other began; or, if it waits for the other, did it
 * wait already? If neither can be known the result must do.
 */
static bool was_apart(struct stage *s, enum side first, enum order order)
{
	bool told = order == (first == A ? A_FIRST : B_FIRST);
	bool knows = s->race->b_by == BY_THREAD ||
		     (s->race->b_by == BY_CHILD && first == A);

	if (!knows || s->race->asynchronous)
		return told;
	return s->part[!first].was_late || (told && s->part[first].slept);
}

/*
 * The delay with which the two are apart two times out of three, and half as much
 * more. It grows when they weren't and shrinks, by about half of that, when they
 * were: so a machine that now and then leaves one CPU alone for a long time
 * doesn't make the sweep longer than what is swept.
 */
static long long find_end(struct sweep *sw, enum side first)
{
	long long longest = (sw->stage->race->longest ?: LONGEST_NS) * slowness();
	long long delay = START_NS, sum = 0;
	enum order order;

	for (int i = 0; i < CALIBRATIONS && !sw->wrong[0]; i++) {
		order = sweep_trial(sw, first == A ? delay : -delay);
		if (was_apart(sw->stage, first, order))
			delay = delay * 4 / 5;
		else if (delay < longest)
			delay = delay * 3 / 2;
		if (i >= CALIBRATIONS / 2)
			sum += delay;
	}
	sum = sum / (CALIBRATIONS / 2) * 3 / 2;
	return first == A ? sum : -sum;
}

static void measure_burn(void)
{
	__u64 start = now_ns();
	__u64 best = ~0ULL;

	/* The best of some: others may be on this machine. */
	for (int i = 0; i < 20; i++) {
		start = now_ns();
		burn(100000);
		start = now_ns() - start;
		best = start < best ? start : best;
	}
	burn_rate = 100000ULL * 1000 / (best ?: 1) ?: 1;
}

static struct stage *stage_new(const struct race *race)
{
	struct stage *s;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	s->race = race;
	s->process = -1;
	s->process2 = -1;
	s->proxy = -1;
	s->other = -1;
	s->endpoint = -1;
	s->entry = -1;
	s->endpoint2 = -1;
	s->entry2 = -1;
	sem_init(&s->b_go, 0, 0);
	sem_init(&s->b_ended, 0, 0);
	sem_init(&s->caller.go, 0, 0);
	sem_init(&s->caller.ended, 0, 0);
	the_stage = s;
	return s;
}

static bool sweep_begin(struct sweep *sw, const struct race *race)
{
	struct stage *s = stage_new(race);
	pthread_t b;

	*sw = (struct sweep){ .stage = s };
	if (!s || pin_to_cpu(CPU_OF_A))
		return false;
	measure_burn();
	if (pthread_create(&s->caller.thread, NULL, be_caller, s) ||
	    pthread_create(&b, NULL, be_b, s) || !eventually(s->caller.tid))
		return false;
	if (race->begin && !race->begin(s))
		return false;
	while (dup(STDIN_FILENO) < TRIAL_FDS - 1)
		;
	return true;
}

/*
 * The ends were found by few trials, and on a busy machine they may be too near: go on
 * at those alone, and further apart each time.
 */
static void sweep_wider(struct sweep *sw)
{
	long long half = (sw->to - sw->from) / 2;
	int i;

	sw->from -= half;
	sw->to += half;
	for (i = 0; i < WIDER_TRIALS && !sw->wrong[0]; i++)
		sweep_trial(sw, i % 2 ? sw->to : sw->from);
}

void sweep(struct sweep *sw, const struct race *race, long trials)
{
	long i;

	if (!sweep_begin(sw, race)) {
		strcpy(sw->wrong, "could not begin");
		return;
	}
	sw->to = find_end(sw, A);
	sw->from = find_end(sw, B);
	for (i = 0; i < trials && !sw->wrong[0]; i++)
		sweep_trial(sw, sw->from + (sw->to - sw->from) * (i % POINTS) /
			    (POINTS - 1));
	for (i = 0; i < WIDER_MOST && !sw->wrong[0] && !saw_both_orders(sw); i++)
		sweep_wider(sw);
	child_kill(&sw->stage->target);
	child_kill(&sw->stage->receiver);
}

bool saw_both_orders(const struct sweep *sw)
{
	if (sw->came_out[UNTOLD])
		return sw->apart[A] && sw->apart[B];
	return sw->came_out[A_FIRST] && sw->came_out[B_FIRST];
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A race: two operations, A and B, at the same time on two CPUs, and what may
 * come out of it. sweep.h repeats it with one of them later and later.
 *
 * What came out is judged by what both returned and by what is left afterwards.
 * That must be what A and then B gives, or B and then A; if one was over before
 * the other began (A or B saw that), it must be in that order.
 */
#ifndef PROXYIPC_RACE_H
#define PROXYIPC_RACE_H

#include <linux/proxyipc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "clock.h"
#include "hold_helpers.h"

enum side { A, B, SIDES };

#define CPU_OF_A	0
#define CPU_OF_B	1

enum order {
	A_FIRST,
	B_FIRST,
	UNTOLD,		/* both orders look the same */
	WRONG,		/* no order gives this */
	ORDERS,
};

/* Of one side in one trial. */
struct part {
	__u64 delay;		/* nanoseconds after the gate */
	atomic_int result;
	bool slept;		/* in its operation */
	bool was_late;		/* the other was through before this began */
	atomic_int through;
};

/* A third party: a thread that issues a CALL, and waits for its end. */
struct caller {
	pthread_t thread;
	atomic_int tid;
	sem_t go, ended;
	int entry;
	__u64 deadline;
	__u64 word;
	__u64 answer;
	int result;
};

/* What the trials of a race have in common. Shared with the children. */
struct stage {
	const struct race *race;
	unsigned int nr;		/* which trial */

	/* The gate at which A and B meet. */
	atomic_int ball, answer;
	atomic_int is_open;
	__u64 fastest;			/* answer so far, nanoseconds */
	sem_t b_go, b_ended;
	struct part part[SIDES];
	struct caller caller;
	const char *wrong;		/* what isn't as it should be */

	/* For the races. Descriptors that a trial makes are closed at its end. */
	struct child target, receiver;
	int process, process2;
	int proxy;
	int endpoint, entry;
	int endpoint2, entry2;
	int other;
	__u64 token, token2, cap;
	__u64 at;			/* when B happens, if it does so by itself */
	struct proxyipc_endpoint_recv recv[SIDES];
};

/* Who executes B. */
enum actor {
	BY_THREAD = 0,
	BY_CHILD,	/* one that prepare() makes, with race_child() */
	BY_TIME,	/* B is an operation's deadline: at stage->at */
};

/*
 * @begin runs once; @prepare before and @judge after each trial. @begin and
 * @prepare return whether all went well, @a and @b what they got.
 *
 * @asynchronous: when @b has returned (A: @a) its effect may be still to come, so
 * that to have been late proves nothing. BY_CHILD and BY_TIME are that anyway.
 *
 * @longest: how far apart A and B can have to be, nanoseconds on a stock kernel, if
 * that is longer than any command takes: LONGEST_NS.
 */
#define LONGEST_NS	(1000 * 1000)

struct race {
	enum actor b_by;
	bool asynchronous;
	long long longest;
	bool (*begin)(struct stage *s);
	bool (*prepare)(struct stage *s);
	int (*a)(struct stage *s);
	int (*b)(struct stage *s);
	enum order (*judge)(struct stage *s);
};

/*
 * What takes a moment is looked for often at first: most is there at once, and
 * there are very many trials.
 */
#define soon(cond) ({							\
	bool is_ = false;						\
									\
	for (int look_ = 0; !is_ && look_ < 200; look_++) {		\
		is_ = !!(cond);						\
		if (!is_)						\
			usleep(20);					\
	}								\
	is_ || eventually(cond);					\
})

/* In judge(): what must hold whatever the order. */
#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		s->wrong = #cond;					\
		return WRONG;						\
	}								\
} while (0)

static inline int result(struct stage *s, enum side side)
{
	return s->part[side].result;
}

/*
 * Who was first, where the results don't say so: one side waits for the other,
 * and did have to wait, or came too late for that.
 */
enum order order_by_sleep(struct stage *s, enum side waits);

/* B was at the gate, went through it, and did @b: for the child's body. */
void race_b(struct stage *s);

/* As child_new(), but in the page that @c had before, if it had one. */
bool race_child(struct child *c, void (*body)(struct child_page *page), int fd0, int fd1);

/* The stage, for bodies. */
extern struct stage *the_stage;

/*
 * What most races need. All but the last return whether they succeeded.
 */

/* s->endpoint and s->entry; and the second ones. */
bool new_endpoint(struct stage *s);
bool new_endpoint2(struct stage *s);

/* Is there a message at s->endpoint? Into s->recv[A], s->cap and s->token. */
bool receive(struct stage *s);
bool is_empty(int endpoint);

/* The caller calls @entry. caller_calls() waits until something is at s->endpoint. */
void caller_starts(struct stage *s, int entry, __u64 deadline);
bool caller_ended(struct stage *s);
bool caller_calls(struct stage *s, int entry, __u64 deadline);
/* Its result, -EINPROGRESS if it doesn't end. */
int caller_result(struct stage *s);
/* Is its answer @word? */
bool caller_got(struct stage *s, __u64 word);

/* A thread, 0 for this one, runs only where nobody else wants to, or does so again. */
void set_idle(pid_t tid, bool idle);

/* s->target: counts whenever B leaves its CPU alone. s->process is on it. */
bool new_target(struct stage *s);
bool runs(struct stage *s);
bool stands(struct stage *s);

/*
 * The same for s->target as a whole, s->process, that has a thread that counts in either
 * counter; what its object says of its threads.
 */
bool open_group(struct stage *s);
bool all_stand(struct stage *s);
bool all_run(struct stage *s);
bool all_held(struct stage *s);
bool has_threads(struct stage *s, unsigned int threads);

/* s->target has died of SIGKILL, in good time; and the process object knows. */
bool died(struct stage *s);

/* The receiver is told once that the target is gone, and has no message. */
bool is_told_of_the_end(struct stage *s);

/*
 * s->target: does B in each trial, for @b_by BY_CHILD, and counts in between. It begins by
 * @begin, with @fd as page->fd[0], and does @ready before it is at the gate: is_ready()
 * when it is there, has_acted() when it is through with B and counts again.
 */
bool acting_target(struct stage *s, int fd, void (*begin)(struct child_page *page),
		   void (*ready)(void));
bool is_ready(struct stage *s);
bool has_acted(struct stage *s);

/* Holds s->target by s->process, s->token; every second time until it is parked. */
bool held(struct stage *s);

/* s->proxy on s->process, with a new s->endpoint in the receiver slot. */
bool new_proxy(struct stage *s);

/* No episode, and nothing holds. */
bool is_free(struct stage *s);

#endif /* PROXYIPC_RACE_H */

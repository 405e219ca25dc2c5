// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * How the demo measures a standstill of the server: see measure.h.
 */
#define _GNU_SOURCE
#include "measure.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PING		"PING\r\n"
#define PONG		"+PONG\r\n"
#define PONG_LEN	(sizeof(PONG) - 1)

#define PING_EVERY	(1 * MSEC)

/* A server that is held for seconds isn't asked for ever more. */
#define UNANSWERED_MAX	100

/* How long the server may take to answer what is left at the end. */
#define LAST_ANSWERS	(10 * SEC)

#define PROGRESS_EVERY	50

__u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SEC + now.tv_nsec;
}

void sleep_until(__u64 when)
{
	const struct timespec ts = { .tv_sec = when / SEC, .tv_nsec = when % SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Between 2 and 20 ms, so that each standstill finds the server elsewhere. */
void sleep_random(void)
{
	sleep_until(now_ns() + 2 * MSEC + random() % (18 * MSEC));
}

/* Connect to a Unix socket; what is read from it and written to it has 5 s. */
int connect_to(const char *address)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(address) >= sizeof(addr.sun_path))
		errx(1, "%s: the name is too long", address);
	memcpy(addr.sun_path, address, strlen(address));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "%s", address);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

/* --- the witness --------------------------------------------------------- */

static int witness_ask(struct witness *w)
{
	__u64 now = now_ns();
	unsigned int asked;
	ssize_t sent;

	pthread_mutex_lock(&w->lock);
	asked = w->asked;
	if (asked - w->answered >= UNANSWERED_MAX) {
		pthread_mutex_unlock(&w->lock);
		return 0;
	}
	if (asked == WITNESS_PINGS) {
		pthread_mutex_unlock(&w->lock);
		return -EOVERFLOW;
	}
	w->asked_at[asked] = now;
	w->asked++;
	pthread_mutex_unlock(&w->lock);

	sent = send(w->fd, PING, sizeof(PING) - 1, MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	return sent == sizeof(PING) - 1 ? 0 : -EIO;
}

/* Wait for answers until @until, and note those that came. */
static int witness_listen(struct witness *w, __u64 until)
{
	static char buf[UNANSWERED_MAX * PONG_LEN];
	static size_t have;
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN };
	__u64 now = now_ns();
	__u64 left = until > now ? until - now : 0;
	struct timespec ts = { .tv_sec = left / SEC, .tv_nsec = left % SEC };
	ssize_t got;

	if (ppoll(&pfd, 1, &ts, NULL) <= 0)
		return 0;
	got = recv(w->fd, buf + have, sizeof(buf) - have, MSG_DONTWAIT);
	now = now_ns();
	if (got <= 0)
		return got ? -errno : -EPIPE;
	have += got;

	pthread_mutex_lock(&w->lock);
	for (; have >= PONG_LEN; have -= PONG_LEN) {
		if (memcmp(buf, PONG, PONG_LEN) || w->answered == w->asked)
			break;
		memmove(buf, buf + PONG_LEN, have - PONG_LEN);
		w->answered_at[w->answered++] = now;
	}
	pthread_mutex_unlock(&w->lock);
	return have < PONG_LEN ? 0 : -EPROTO;
}

static bool witness_is_done(struct witness *w, __u64 *deadline)
{
	bool done;

	pthread_mutex_lock(&w->lock);
	if (w->ending && !*deadline)
		*deadline = now_ns() + LAST_ANSWERS;
	done = w->ending && (w->answered == w->asked || now_ns() > *deadline);
	pthread_mutex_unlock(&w->lock);
	return done;
}

static void *witness_run(void *arg)
{
	__u64 due = now_ns(), deadline = 0;
	struct witness *w = arg;
	int ret = 0;

	while (!ret && !witness_is_done(w, &deadline)) {
		if (now_ns() >= due && !deadline) {
			ret = witness_ask(w);
			due = now_ns() + PING_EVERY;
		}
		if (!ret)
			ret = witness_listen(w, deadline ? deadline : due);
	}
	pthread_mutex_lock(&w->lock);
	w->error = ret;
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void witness_start(struct witness *w, const char *address)
{
	int ret;

	w->fd = connect_to(address);
	pthread_mutex_init(&w->lock, NULL);
	ret = pthread_create(&w->thread, NULL, witness_run, w);
	if (ret)
		errx(1, "no thread for the witness: %s", strerror(ret));
}

/* Stop asking, wait for what is still to be answered; how many were not? */
unsigned int witness_end(struct witness *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	close(w->fd);
	if (w->error)
		errx(1, "the connection that asks PING broke: %s", strerror(-w->error));
	return w->asked - w->answered;
}

/* Wait until a PING has gone unanswered for @ns: the server stands still. */
int witness_wait_silence(struct witness *w, __u64 ns, __u64 deadline)
{
	bool silent = false;

	while (!silent) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		sleep_until(now_ns() + MSEC);
		pthread_mutex_lock(&w->lock);
		silent = w->answered < w->asked &&
			 now_ns() - w->asked_at[w->answered] >= ns;
		pthread_mutex_unlock(&w->lock);
	}
	return 0;
}

/* Wait for an answer after @after. When did it come? 0: not before @deadline. */
__u64 witness_wait_answer(struct witness *w, __u64 after, __u64 deadline)
{
	__u64 last = 0;

	while (last <= after) {
		if (now_ns() > deadline)
			return 0;
		sleep_until(now_ns() + MSEC);
		pthread_mutex_lock(&w->lock);
		if (w->answered)
			last = w->answered_at[w->answered - 1];
		pthread_mutex_unlock(&w->lock);
	}
	return last;
}

/* --- a series of standstills --------------------------------------------- */

void series_init(struct series *s, unsigned int wanted)
{
	*s = (struct series){
		.wanted = wanted,
		.standstills = calloc(wanted, sizeof(*s->standstills)),
	};
	if (!s->standstills)
		errx(1, "no memory for %u standstills", wanted);
}

/*
 * Count one standstill. A PING that was asked after the server was held, and
 * whose answer was here before it was resumed, was served by a server that is
 * said to stand still. Where no PING was asked in between (the machine had no
 * processor for the witness) nothing is shown, and it doesn't count.
 */
bool series_add(struct series *s, struct witness *w, const struct standstill *one)
{
	unsigned int i, pings = 0, served = 0;

	pthread_mutex_lock(&w->lock);
	for (i = w->asked; i > 0 && w->asked_at[i - 1] > one->held; i--) {
		if (w->asked_at[i - 1] >= one->resumed)
			continue;
		pings++;
		if (i <= w->answered && w->answered_at[i - 1] < one->resumed)
			served++;
	}
	pthread_mutex_unlock(&w->lock);

	s->pings += pings;
	s->served += served;
	if (!pings) {
		s->repeated++;
		return false;
	}
	s->standstills[s->count++] = *one;
	if (s->count % PROGRESS_EVERY == 0)
		fprintf(stderr, "   %u of %u\n", s->count, s->wanted);
	return true;
}

static int compare(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/* Print median and worst of @times, nanoseconds, as microseconds. */
static void report_times(const char *name, __u64 *times, unsigned int count)
{
	if (!count)
		return;
	qsort(times, count, sizeof(*times), compare);
	printf("%s_median_us %llu\n", name, times[count / 2] / 1000);
	printf("%s_worst_us %llu\n", name, times[count - 1] / 1000);
}

/* One "name value" per line, for the script that judges. */
void series_report(const struct series *s, const struct witness *w, unsigned int unanswered)
{
	__u64 *times = calloc(s->count + 1, sizeof(*times));
	unsigned int i;

	if (!times)
		errx(1, "no memory for the report");
	printf("episodes %u\nrepeated %u\n", s->count, s->repeated);
	printf("pings %u\nserved %u\n", s->pings, s->served);
	printf("pings_in_all %u\nunanswered %u\n", w->asked, unanswered);
	for (i = 0; i < s->count; i++)
		times[i] = s->standstills[i].held - s->standstills[i].wanted;
	report_times("until_held", times, s->count);
	for (i = 0; i < s->count; i++)
		times[i] = s->standstills[i].resumed - s->standstills[i].held;
	report_times("held", times, s->count);
	printf("reported yes\n");
	free(times);
}

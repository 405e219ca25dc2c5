// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints: each invocation and each hold is seen from begin to end, under
 * one id, which is the token where there is one.
 */
#include "proxy_stage.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <stdio.h>

#define TRACING		"/sys/kernel/tracing"

FIXTURE(trace) {
	struct proxy_stage s;
	__u64 id;		/* of what was seen */
	char seen[1024];	/* "event arguments" and a line end, each */
};

static void empty_trace(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	close_fd(&fd);
}

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
	/* The order is what matters, and that is what this clock says. */
	ASSERT_EQ(0, file_write(TRACING "/trace_clock", "counter"));
	/*
	 * To know names, the first event makes the kernel patch its scheduler, which
	 * all CPUs are running. An emulated CPU may trip over that: it still takes
	 * the breakpoint of the patching when the kernel no longer expects it.
	 */
	ASSERT_EQ(0, file_write(TRACING "/options/record-cmd", "0"));
	empty_trace();
	ASSERT_EQ(0, file_write(TRACING "/events/proxyipc/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	proxy_stage_close(&self->s);
	file_write(TRACING "/events/proxyipc/enable", "0");
	file_write(TRACING "/options/record-cmd", "1");
	file_write(TRACING "/trace_clock", "local");
}

/*
 * A line is "comm-tid [cpu] flags time: proxyipc_EVENT: id=N ARGUMENTS". Events of
 * another id than the first are marked as such.
 */
static void add_line(const char *line, __u64 *id, char *seen, size_t size)
{
	const char *event = strstr(line, ": proxyipc_");
	char name[16], rest[128] = "";
	size_t used = strlen(seen);
	unsigned long long this_id;

	if (!event || sscanf(event, ": proxyipc_%15[a-z]: id=%llu %127[^\n]", name,
			     &this_id, rest) < 2)
		return;
	if (!*id)
		*id = this_id;
	snprintf(seen + used, size - used, "%s%s %s\n",
		 this_id == *id ? "" : "OTHER ", name, rest);
}

/* What was seen since the last time, into @seen; its id. */
static __u64 look_at_trace(char *seen, size_t size)
{
	FILE *file = fopen(TRACING "/trace", "re");
	char line[512];
	__u64 id = 0;

	*seen = '\0';
	while (file && fgets(line, sizeof(line), file))
		add_line(line, &id, seen, size);
	if (file)
		fclose(file);
	empty_trace();
	return id;
}

#define LOOK() \
	(self->id = look_at_trace(self->seen, sizeof(self->seen)))

/* @format is for the target's thread id. */
#define EXPECT_SEEN(format, ...) do {					\
	char want[sizeof(self->seen)];					\
									\
	snprintf(want, sizeof(want), format, ##__VA_ARGS__);		\
	LOOK();								\
	EXPECT_STREQ(want, self->seen);					\
} while (0)

TEST_F(trace, follows_a_proxied_call_to_its_reply_and_resume)
{
	struct proxyipc_received r = proxied_call(&self->s);

	ASSERT_NE(0ULL, r.out_cap);
	EXPECT_EQ(0, endpoint_resume_reply(self->s.endpoint, r.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_SEEN("invoke kind=call proxied=1\n"
		    "hold tid=%d\n"
		    "confirm result=0\n"
		    "deliver result=0\n"
		    "reply result=0\n"
		    "resume result=0\n", self->s.t.h.pid);
	EXPECT_EQ(r.out_token, self->id);
}

TEST_F(trace, follows_a_proxied_call_that_is_given_up)
{
	struct proxyipc_received r = proxied_call(&self->s);

	ASSERT_NE(0ULL, r.out_cap);
	EXPECT_EQ(0, endpoint_resume(self->s.endpoint, r.out_cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&self->s.h));
	EXPECT_SEEN("invoke kind=call proxied=1\n"
		    "hold tid=%d\n"
		    "confirm result=0\n"
		    "deliver result=0\n"
		    "resume result=0\n"
		    "abort result=%d\n", self->s.t.h.pid, -ECANCELED);
	EXPECT_EQ(r.out_token, self->id);
}

TEST_F(trace, follows_a_proxied_send)
{
	struct proxyipc_received r = proxied_send(&self->s, 1);

	ASSERT_NE(0ULL, r.out_cap);
	EXPECT_EQ(0, endpoint_resume(self->s.endpoint, r.out_cap));
	EXPECT_SEEN("invoke kind=send proxied=1\n"
		    "hold tid=%d\n"
		    "confirm result=0\n"
		    "deliver result=0\n"
		    "resume result=0\n", self->s.t.h.pid);
	EXPECT_EQ(r.out_token, self->id);
}

TEST_F(trace, follows_a_proxied_notice)
{
	struct proxyipc_received r;

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->s.proxy, 1));
	r = receive(self->s.endpoint);
	ASSERT_NE(0ULL, r.out_cap);
	EXPECT_EQ(0, endpoint_resume(self->s.endpoint, r.out_cap));
	EXPECT_SEEN("invoke kind=notice proxied=1\n"
		    "hold tid=%d\n"
		    "confirm result=0\n"
		    "deliver result=0\n"
		    "resume result=0\n", self->s.t.h.pid);
	EXPECT_EQ(r.out_token, self->id);
}

TEST_F(trace, follows_a_hold_by_hand)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->s.t.process, &token)));
	EXPECT_EQ(0, process_resume(self->s.t.process, token));
	EXPECT_SEEN("hold tid=%d\n"
		    "confirm result=0\n"
		    "resume result=0\n", self->s.t.h.pid);
	EXPECT_EQ(token, self->id);
}

/* A plain call: the helper's, through the entry. */
static struct proxyipc_received plain_call(struct proxy_stage *s)
{
	int nr = helper_give(&s->h, s->entry);

	if (nr < 0 || helper_call(&s->h, nr, 1))
		return (struct proxyipc_received) { .out_cap = 0 };
	return receive(s->endpoint);
}

TEST_F(trace, follows_a_plain_call_to_its_reply)
{
	struct proxyipc_received r = plain_call(&self->s);

	ASSERT_NE(0ULL, r.out_cap);
	EXPECT_EQ(0, endpoint_reply(self->s.endpoint, r.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_SEEN("invoke kind=call proxied=0\n"
		    "deliver result=0\n"
		    "reply result=0\n");
	EXPECT_NE(0ULL, self->id);
}

TEST_F(trace, says_why_a_plain_call_was_aborted)
{
	EXPECT_EQ(-ETIMEDOUT, entry_call_until(self->s.entry, 1, deadline_ms(20)));
	EXPECT_SEEN("invoke kind=call proxied=0\n"
		    "deliver result=0\n"
		    "abort result=%d\n", -ETIMEDOUT);
	EXPECT_NE(0ULL, self->id);
}

TEST_F(trace, says_why_a_proxied_call_was_aborted)
{
	EXPECT_EQ(-ETIMEDOUT, entry_call_until(self->s.proxy, 1, deadline_ms(200)));
	EXPECT_SEEN("invoke kind=call proxied=1\n"
		    "hold tid=%d\n"
		    "confirm result=0\n"
		    "deliver result=0\n"
		    "abort result=%d\n"
		    "resume result=%d\n", self->s.t.h.pid, -ETIMEDOUT, -ETIMEDOUT);
	EXPECT_NE(0ULL, self->id);
}

TEST_F(trace, says_why_a_proxied_call_found_nobody)
{
	ASSERT_EQ(0, process_set_receiver(self->s.t.process, -1));
	EXPECT_EQ(-ENOTCONN, entry_call_until(self->s.proxy, 1, deadline_ms(200)));
	EXPECT_SEEN("invoke kind=call proxied=1\n"
		    "abort result=%d\n", -ENOTCONN);
	EXPECT_NE(0ULL, self->id);
}

TEST_F(trace, gives_every_invocation_its_own_id)
{
	__u64 last = 0;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, entry_send(self->s.entry, 1));
		ASSERT_EQ(PROXYIPC_KIND_SEND, receive(self->s.endpoint).out_kind);
		LOOK();
		EXPECT_LT(last, self->id);
		last = self->id;
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/fdinfo of every kind of descriptor: what it is, its state, and who
 * holds what since when. It is for people, but a line once there stays.
 */
#include <stdio.h>

#include "proxyipc_test.h"
#include "proxy_stage.h"

FIXTURE(fdinfo) {
	struct proxy_stage s;
	char text[4096];
};

FIXTURE_SETUP(fdinfo)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
}

FIXTURE_TEARDOWN(fdinfo)
{
	proxy_stage_close(&self->s);
}

#define EXPECT_FIELD(value_, name_)					\
do {									\
	const char *field_ = proc_field(self->text, name_);		\
									\
	EXPECT_NE(NULL, (void *)field_) {				\
		TH_LOG("no line %s in:\n%s", name_, self->text);	\
	}								\
	EXPECT_STREQ(value_, field_ ?: "");				\
} while (0)

#define READ_FDINFO(fd_) \
	ASSERT_EQ(0, proc_fdinfo(fd_, self->text, sizeof(self->text)))

TEST_F(fdinfo, device_tells_its_version_and_parameters)
{
	int device = device_open();

	READ_FDINFO(device);
	EXPECT_FIELD("device", "proxyipc");
	EXPECT_FIELD("1", "version");
	EXPECT_FIELD("0", "open-same-uid");
	EXPECT_FIELD("4096", "holds-per-user");
	close(device);
}

TEST_F(fdinfo, endpoint_tells_what_waits_in_it)
{
	struct proxy_stage *s = &self->s;
	int endpoint = endpoint_new_limit(5);
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	int nr = helper_give(&s->h, entry);
	char me[16];

	snprintf(me, sizeof(me), "%d", getpid());
	READ_FDINFO(endpoint);
	EXPECT_FIELD("endpoint", "proxyipc");
	EXPECT_FIELD("0", "queued");
	EXPECT_FIELD("0/5", "sends");
	EXPECT_FIELD("0", "blocked");
	EXPECT_FIELD("0x0", "notices");
	EXPECT_FIELD(me, "receiver");

	ASSERT_EQ(0, entry_send(entry, 1));
	ASSERT_EQ(0, entry_send(entry, 2));
	ASSERT_EQ(0, helper_call(&s->h, nr, 3));
	READ_FDINFO(endpoint);
	EXPECT_FIELD("3", "queued");
	EXPECT_FIELD("2/5", "sends");
	ASSERT_EQ(0, entry_notify(entry, 0x21));
	READ_FDINFO(endpoint);
	EXPECT_FIELD("4", "queued");
	EXPECT_FIELD("0x21", "notices");
	close(entry);
	close(endpoint);
}

TEST_F(fdinfo, endpoint_tells_who_waits_for_room_and_who_received_last)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct proxyipc_entry_send send = { .size = sizeof(send) };
	struct proxy_stage *s = &self->s;
	struct helper receiver = helper_new();
	int endpoint = endpoint_new_limit(1);
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	int nr = helper_give(&s->h, entry);
	char who[16];

	ASSERT_EQ(0, entry_send(entry, 1));
	ASSERT_EQ(0, helper_start(&s->h, nr, PROXYIPC_IOC_ENTRY_SEND, &send,
				  sizeof(send)));
	ASSERT_TRUE(eventually(helper_asleep(&s->h)));
	READ_FDINFO(endpoint);
	EXPECT_FIELD("1", "blocked");
	EXPECT_FIELD("1/1", "sends");
	nr = helper_give(&receiver, endpoint);
	ASSERT_EQ(0, helper_do(&receiver, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	ASSERT_EQ(0, helper_finish(&s->h));
	snprintf(who, sizeof(who), "%d", receiver.pid);
	READ_FDINFO(endpoint);
	EXPECT_FIELD("0", "blocked");
	EXPECT_FIELD(who, "receiver");
	helper_kill(&receiver);
	close(entry);
	close(endpoint);
}

TEST_F(fdinfo, entry_tells_its_rights_and_whether_there_is_a_receiver)
{
	struct proxy_stage *s = &self->s;
	int entry = entry_new(s->endpoint, 1, PROXYIPC_RIGHT_SEND |
			      PROXYIPC_RIGHT_NOTIFY, 0xf0);

	READ_FDINFO(entry);
	EXPECT_FIELD("entry", "proxyipc");
	EXPECT_FIELD("send notify", "rights");
	EXPECT_FIELD("0xf0", "notice-mask");
	EXPECT_FIELD("present", "receiver");
	close_fd(&s->endpoint);
	READ_FDINFO(entry);
	EXPECT_FIELD("gone", "receiver");
	close(entry);
}

/* Who invokes an entry may not learn the payload: it is the receiver's. */
TEST_F(fdinfo, entry_keeps_its_payload_to_itself)
{
	struct proxy_stage *s = &self->s;
	__u64 payload = 0x123456789abcdefULL;
	int entry = entry_new(s->endpoint, payload, RIGHTS_ALL, 0);
	int proxy = process_mint(s->t.process, payload, RIGHTS_ALL, 0);
	char decimal[32];

	snprintf(decimal, sizeof(decimal), "%llu", (unsigned long long)payload);
	READ_FDINFO(entry);
	EXPECT_EQ(NULL, (void *)strstr(self->text, "123456789abcdef"));
	EXPECT_EQ(NULL, (void *)strstr(self->text, decimal));
	READ_FDINFO(proxy);
	EXPECT_EQ(NULL, (void *)strstr(self->text, "123456789abcdef"));
	EXPECT_EQ(NULL, (void *)strstr(self->text, decimal));
	close(entry);
	close(proxy);
}

TEST_F(fdinfo, proxy_entry_tells_its_target)
{
	struct proxy_stage *s = &self->s;
	char target[16];

	snprintf(target, sizeof(target), "%d", s->t.h.pid);
	READ_FDINFO(s->proxy);
	EXPECT_FIELD("proxy entry", "proxyipc");
	EXPECT_FIELD("call send notify", "rights");
	EXPECT_FIELD("0xffffffffffffffff", "notice-mask");
	EXPECT_FIELD(target, "target");
}

TEST_F(fdinfo, process_tells_state_holds_and_receiver_slot)
{
	struct proxy_stage *s = &self->s;
	char target[40];

	snprintf(target, sizeof(target), "%d/%d", s->t.h.pid, s->t.h.pid);
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("process", "proxyipc");
	EXPECT_FIELD(target, "target");
	EXPECT_FIELD("runnable", "state");
	EXPECT_FIELD("0", "holds");
	EXPECT_FIELD("none", "episode");
	EXPECT_FIELD("0", "waiting");
	EXPECT_FIELD("0", "episodes");
	EXPECT_FIELD("0", "held-us");
	EXPECT_FIELD("set", "receiver-slot");
	EXPECT_FIELD("empty", "guardian");
	EXPECT_FIELD("receiver-death resume lease-end resume", "policy");
	EXPECT_EQ(NULL, (void *)proc_field(self->text, "ended"));

	ASSERT_EQ(0, process_set_policy(s->t.process, s->entry,
					PROXYIPC_POLICY_KILL, PROXYIPC_POLICY_RESUME));
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("set", "guardian");
	EXPECT_FIELD("receiver-death kill lease-end resume", "policy");

	close_fd(&s->endpoint);
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("gone", "receiver-slot");
	EXPECT_FIELD("gone", "guardian");
	ASSERT_EQ(0, process_set_receiver(s->t.process, -1));
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("empty", "receiver-slot");
	ASSERT_EQ(0, target_kill(&s->t));
	/* The object ends a moment after its target is seen to be gone. */
	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_GONE));
	EXPECT_TRUE(eventually(!proc_fdinfo(s->t.process, self->text, sizeof(self->text)) &&
			       proc_field(self->text, "ended")));
	EXPECT_FIELD("gone", "state");
	EXPECT_FIELD("target gone", "ended");
}

/* All descriptors and proxy entries of one object say the same number, others not. */
TEST_F(fdinfo, object_number_is_the_same_for_all_of_an_object_and_for_no_other)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	int same = endpoint_fetch(s->endpoint, got.out_cap);
	int other = process_open(s->t.h.pid, 0, 0);
	char object[32];

	ASSERT_LE(0, same);
	ASSERT_LE(0, other);
	READ_FDINFO(s->t.process);
	ASSERT_NE(NULL, (void *)proc_field(self->text, "object"));
	strcpy(object, proc_field(self->text, "object"));
	EXPECT_STRNE("0", object);
	READ_FDINFO(same);
	EXPECT_FIELD(object, "object");
	READ_FDINFO(s->proxy);
	EXPECT_FIELD(object, "object");
	READ_FDINFO(other);
	ASSERT_NE(NULL, (void *)proc_field(self->text, "object"));
	EXPECT_STRNE(object, proc_field(self->text, "object"));
	close(same);
	close(other);
}

/* A hold as a line tells it: token, who, for how many microseconds, for how many more. */
struct told {
	unsigned long long token;
	unsigned long long us;
	unsigned long long left;
	int pid;
};

static bool parse_told(const char *line, const char *format, struct told *told)
{
	if (!line)
		return false;
	if (sscanf(line, format, &told->token, &told->pid, &told->us, &told->left) != 4)
		return false;
	return true;
}

/* The default lease is 10 s: what it lasted and what is left are that together. */
#define LEASE_US	10000000ULL

/* As @why begins the episode, the line ends. */
static bool ends_in(const char *line, const char *why)
{
	size_t len = line ? strlen(line) : 0;

	return len > strlen(why) && !strcmp(line + len - strlen(why), why);
}

TEST_F(fdinfo, process_tells_what_began_the_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	READ_FDINFO(s->t.process);
	EXPECT_TRUE(ends_in(proc_field(self->text, "episode"), ", by send"));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = proxied_call(s);
	READ_FDINFO(s->t.process);
	EXPECT_TRUE(ends_in(proc_field(self->text, "episode"), ", by call"));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	ASSERT_EQ(-ECANCELED, helper_finish(&s->h));
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 1));
	READ_FDINFO(s->t.process);
	EXPECT_TRUE(ends_in(proc_field(self->text, "episode"), ", by notice"));
}

TEST_F(fdinfo, process_tells_who_has_the_episode_since_when)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	__u64 before = now_ns();
	struct told told;

	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_PARKED));
	sleep_ms(5);
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("parked", "state");
	EXPECT_FIELD("1", "holds");
	EXPECT_FIELD("1", "episodes");
	ASSERT_TRUE(parse_told(proc_field(self->text, "episode"),
			       "received token %llu receiver %d for %llu us, %llu us left",
			       &told));
	EXPECT_GE(LEASE_US, told.us + told.left);
	EXPECT_LT(0ULL, told.left);
	EXPECT_EQ(got.out_token, told.token);
	EXPECT_EQ(getpid(), told.pid);
	EXPECT_LE(5000ULL, told.us);
	/* It began before this test looked at the clock, but not long before. */
	EXPECT_GE((now_ns() - before) / 1000 + 10000000, told.us);
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	READ_FDINFO(s->t.process);
	EXPECT_FIELD("none", "episode");
	EXPECT_FIELD("runnable", "state");
}

TEST_F(fdinfo, process_tells_who_holds_by_hand_since_when)
{
	struct proxy_stage *s = &self->s;
	struct told told;
	__u64 token;

	ASSERT_TRUE(held_state(process_hold(s->t.process, &token)));
	sleep_ms(5);
	READ_FDINFO(s->t.process);
	ASSERT_TRUE(parse_told(proc_field(self->text, "held-by-hand"),
			       "token %llu holder %d for %llu us, %llu us left",
			       &told));
	EXPECT_GE(LEASE_US, told.us + told.left);
	EXPECT_LT(0ULL, told.left);
	EXPECT_EQ(token, told.token);
	EXPECT_EQ(getpid(), told.pid);
	EXPECT_LE(5000ULL, told.us);
	EXPECT_GE(10000000ULL, told.us);
	ASSERT_EQ(0, process_resume(s->t.process, token));
	READ_FDINFO(s->t.process);
	EXPECT_EQ(NULL, (void *)proc_field(self->text, "held-by-hand"));
}

TEST_F(fdinfo, reply_tells_whether_it_is_answered)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	int reply = process_fetch_reply(s->t.process, got.out_token);

	ASSERT_LE(0, reply);
	READ_FDINFO(reply);
	EXPECT_FIELD("reply", "proxyipc");
	EXPECT_FIELD("unanswered", "state");
	EXPECT_NE(NULL, (void *)proc_field(self->text, "call"));
	ASSERT_EQ(0, reply_send(reply, 1));
	READ_FDINFO(reply);
	EXPECT_FIELD("done", "state");
	close(reply);
}

TEST_HARNESS_MAIN

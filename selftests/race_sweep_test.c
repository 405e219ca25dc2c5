// SPDX-License-Identifier: GPL-2.0
/*
 * Two operations at the same time on two CPUs, with a delay between them that is
 * swept over all of what matters: see race_sweep/race.h and race_sweep/sweep.h.
 *
 * The table has a line for each race: how often A was first and how often B, by
 * what came out ("-" where both look the same); how often one was over before the
 * other began; and the sweep, as how much later than A side B began.
 */
#include "proxyipc_test.h"
#include "exec_image.h"
#include "race_sweep/races.h"
#include "race_sweep/sweep.h"

#include <sys/syscall.h>

/*
 * The kernel that sees most is the slowest, and worth most trials; on the others a
 * point of the sweep is tried once, which finds what is wrong with an order.
 */
#define TRIALS_DEBUG	1000
#define TRIALS		100
#define REFERENCES	"/sys/module/proxyipc/refcnt"

FIXTURE(race) {
	char references[16];
};

FIXTURE_VARIANT(race) {
	const char *name;
	const struct race *race;
};

#define RACE(name_) FIXTURE_VARIANT_ADD(race, name_) {			\
	.name = #name_,							\
	.race = &name_,							\
}

RACE(send_x_close);
RACE(call_x_close);
RACE(recv_x_close);
RACE(recv_x_recv);
RACE(recv_x_notify);
RACE(epoll_add_x_close);
RACE(waiting_recv_x_send);
RACE(poll_x_notify);
RACE(epoll_x_send);
RACE(waiting_send_x_recv);
RACE(poll_entry_x_close);
RACE(poll_process_x_hold);
RACE(reply_x_drop);
RACE(reply_x_reply);
RACE(fetch_x_drop);
RACE(reply_x_close);
RACE(reply_x_deadline);
RACE(signal_x_recv);
RACE(reply_x_kill);
RACE(hold_x_hold);
RACE(hold_x_hold_of_one_file);
RACE(resume_x_resume);
RACE(resume_x_hold);
RACE(resume_x_lease);
RACE(hold_x_close);
RACE(resume_x_close);
RACE(proxied_send_x_close);
RACE(proxied_call_x_close);
RACE(proxied_send_x_set_receiver);
RACE(proxied_notify_x_resume);
RACE(proxied_recv_x_resume);
RACE(fetch_reply_x_resume);
RACE(proxied_signal_x_recv);
RACE(proxied_resume_x_lease);
RACE(proxied_resume_x_close_of_held);
RACE(hold_x_kill);
RACE(resume_x_kill);
RACE(proxied_send_x_kill);
RACE(hold_x_exit);
RACE(hold_x_exec);
RACE(hold_x_exec_in_section);
RACE(proxied_send_x_exec);
RACE(resume_x_exec_of_another_thread);
RACE(reply_x_exit_of_receiver);
RACE(hold_x_yield);
RACE(proxied_signal_x_yield);
RACE(proxied_signal_x_bound);
RACE(proxied_notify_x_map);
RACE(set_watchdog_x_expiry);
RACE(keepalive_x_expiry);
RACE(kill_x_expiry);
RACE(set_faults_x_fault);
RACE(retry_x_exit_of_receiver);
RACE(kill_x_fault);
RACE(set_guardian_x_exit_of_receiver);
RACE(set_policy_x_close);
RACE(get_regs_x_resume);
RACE(get_regs_x_kill);
RACE(group_hold_x_kill);
RACE(group_resume_x_hold);
RACE(group_hold_x_hold_of_thread);
RACE(group_hold_x_close);
RACE(group_hold_x_set_faults);
RACE(group_fault_x_fault_of_another);
RACE(group_hold_x_clone);
RACE(group_hold_x_fork);
RACE(group_hold_x_thread_exit);
RACE(group_hold_x_exit_group);
RACE(group_hold_x_exec_of_a_thread);
RACE(group_hold_x_setuid_of_a_thread);

FIXTURE_SETUP(race)
{
	if (count_cpus() < 2)
		SKIP(return, "takes two CPUs");
	ASSERT_EQ(0, file_read(REFERENCES, self->references, sizeof(self->references)));
}

FIXTURE_TEARDOWN(race)
{
}

/* As many things of the module in use as before the race. */
static bool nothing_leaked(const char *references)
{
	char now[16];

	return !file_read(REFERENCES, now, sizeof(now)) && !strcmp(now, references);
}

static void print_line(const char *name, const struct sweep *sw)
{
	char first[SIDES][16];

	for (int side = A; side < SIDES; side++)
		if (sw->came_out[UNTOLD])
			strcpy(first[side], "-");
		else
			snprintf(first[side], sizeof(first[side]), "%lu",
				 sw->came_out[side]);
	ksft_print_msg("%-32s %6ld %7s %7s %7lu %7lu %9.1f ... %.1f us\n", name,
		       sw->trials, first[A], first[B], sw->apart[A], sw->apart[B],
		       sw->from / 1000.0, sw->to / 1000.0);
}

TEST_F(race, comes_out_as_one_after_the_other)
{
	struct sweep sw;

	sweep(&sw, variant->race, repeat(slowness() > 1 ? TRIALS_DEBUG : TRIALS));
	print_line(variant->name, &sw);
	ASSERT_STREQ("", sw.wrong);
	EXPECT_TRUE(saw_both_orders(&sw));
	syscall(SYS_close_range, 3U, ~0U, 0U);
	EXPECT_TRUE(eventually(nothing_leaked(self->references)));
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	if (argc == 1)
		ksft_print_msg("%-32s %6s %7s %7s %7s %7s %s\n", "race", "trials",
			       "A first", "B first", "A apart", "B apart",
			       "sweep: B is later than A by");
	return test_harness_run(argc, argv);
}

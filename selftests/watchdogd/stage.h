/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of watchdogd have in common, whose fixtures have a daemon. */
#ifndef PROXYIPC_WATCHDOGD_STAGE_H
#define PROXYIPC_WATCHDOGD_STAGE_H

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon.h"

#define HELPER(...)	"command = {\"/test/programs/watchdogd_helper\", " #__VA_ARGS__ "}\n"

/* For the tests of what is done about it, which should not wait long. */
#define QUICK		"timeout = 1s\npretimeout = 300ms\n"
/* What a service may be held for. */
#define HELD_MAX_US	(100000 * slowness())
#define START(config)	ASSERT_EQ(0, daemon_start(&self->daemon, config))

/* The next such event; the test ends without one. */
#define EVENT(event_, service_) ({						\
	const char *line_ = daemon_event(&self->daemon, event_, service_, 0);	\
										\
	ASSERT_NE(NULL, (void *)line_) {					\
		TH_LOG("no event %s", event_);					\
	}									\
	line_;									\
})

/* The next stall of that stage; others may come before it. */
#define STALL(service_, stage_)		STALL_SHOWN(service_, stage_, NULL)

/* And one that has stacks. */
#define STALL_SHOWN(service_, stage_, stacks_) ({				\
	const char *line_ = daemon_stall(&self->daemon, service_, stage_, stacks_); \
										\
	ASSERT_NE(NULL, (void *)line_) {					\
		TH_LOG("no stall at %s", stage_);				\
	}									\
	line_;									\
})

#define EXPECT_VALUE(line_, key_, value_)	EXPECT_STREQ(value_, event_value(line_, key_))

#define EXPECT_HAS(text_, part_) do {						\
	const char *in_ = (text_);						\
										\
	EXPECT_NE(NULL, (void *)strstr(in_, part_)) {				\
		TH_LOG("no '%s' in: %s", part_, in_);				\
	}									\
} while (0)

#define EXPECT_NOT_SAID(event_, service_)					\
	EXPECT_EQ(NULL, (void *)daemon_said(&self->daemon, event_, service_)) {	\
		TH_LOG("there is: %s", daemon_said(&self->daemon, event_, service_)); \
	}

static inline bool runs(pid_t pid)
{
	return pid > 0 && !kill(pid, 0);
}

static inline void end_process(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

#endif /* PROXYIPC_WATCHDOGD_STAGE_H */

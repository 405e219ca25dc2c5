/* SPDX-License-Identifier: GPL-2.0 */
/* Expectations about what the command said, to be used where EXPECT_EQ() can be. */
#ifndef PROXYIPC_COMMAND_SAYS_H
#define PROXYIPC_COMMAND_SAYS_H

#include <string.h>

#include "json.h"

/* A user without privilege. */
#define ALICE	1000

#define EXPECT_SAYS(text_, part_)						\
	EXPECT_NE(NULL, (void *)strstr(text_, part_)) {				\
		TH_LOG("no '%s' in:\n%s", part_, text_);			\
	}

#define EXPECT_SAYS_NOT(text_, part_)						\
	EXPECT_EQ(NULL, (void *)strstr(text_, part_)) {				\
		TH_LOG("'%s' in:\n%s", part_, text_);				\
	}

/* Members of what is one object of JSON, or a row of a list in it. */
#define EXPECT_ROW_NUMBER(number_, row_, key_) \
	EXPECT_EQ((long long)(number_), json_number(json_member(row_, key_)))

#define EXPECT_ROW_STRING(string_, row_, key_)					\
	EXPECT_TRUE(json_is_string(json_member(row_, key_), string_)) {		\
		TH_LOG("%s is not %s in %s", key_, string_, row_);		\
	}

/*
 * Its arguments are refused, with @status_: it says why, and nothing where results
 * are. Of a fixture that has a struct started cmd.
 */
#define REFUSED(status_, ...) do {						\
	EXPECT_EQ(status_, command_run(&self->cmd, NULL, ##__VA_ARGS__));	\
	EXPECT_STREQ("", self->cmd.said);					\
	EXPECT_STRNE("", self->cmd.complained);					\
} while (0)

/* A number as an argument. Of a fixture that has a char number[32]. */
#define NUMBER(number_)								\
	(snprintf(self->number, sizeof(self->number), "%lld",			\
		  (long long)(number_)), self->number)

#endif /* PROXYIPC_COMMAND_SAYS_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * libproxyipc-backtrace: the stacks of all threads of a program are those that gdb
 * sees a moment later, frame by frame: address, function, file and line.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <ctype.h>
#include <fcntl.h>
#include <proxyipc-backtrace.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_MAX	8
#define FRAMES_MAX	32

struct frame {
	unsigned long ip;
	bool signal;		/* gdb: "<signal handler called>" */
	char function[64];	/* empty if it has no line: a library's names vary */
	char file[64];
	int line;
};

struct stack {
	pid_t tid;
	int count;
	struct frame frames[FRAMES_MAX];
};

struct stacks {
	int count;
	struct stack stacks[THREADS_MAX];
};

FIXTURE(stacks) {
	pid_t pid;
	int stdin_end, stdout_end;
	int device;
	struct stacks ours, gdbs;
};

FIXTURE_VARIANT(stacks) {
	const char *program;
};

FIXTURE_VARIANT_ADD(stacks, optimised) { "./backtrace_helper" };
FIXTURE_VARIANT_ADD(stacks, plain) { "./backtrace_plain_helper" };

static pid_t start(const char *program, int in, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in, 0);
	dup2(out, 1);
	execl(program, program, NULL);
	_exit(127);
}

FIXTURE_SETUP(stacks)
{
	int in[2], out[2];
	char line;

	ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	self->pid = start(variant->program, in[0], out[1]);
	ASSERT_LT(0, self->pid);
	close(in[0]);
	close(out[1]);
	self->stdin_end = in[1];
	self->stdout_end = out[0];
	ASSERT_EQ(1, read(self->stdout_end, &line, 1));
	self->device = proxyipc_open();
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(stacks)
{
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

/*
 * Reading of what we print and of what gdb prints, which look much the same:
 *	#1  0x0000000000401234 in function+0x12 at file.c:12
 *	#1  0x0000000000401234 in function (...) at file.c:12
 */

static void parse_place(struct frame *frame, const char *text)
{
	const char *at = strstr(text, " at "), *colon, *slash;

	if (!at)
		return;
	at += 4;
	colon = strrchr(at, ':');
	slash = strrchr(at, '/');
	if (slash)
		at = slash + 1;
	if (!colon || colon < at)
		return;
	snprintf(frame->file, sizeof(frame->file), "%.*s", (int)(colon - at), at);
	frame->line = atoi(colon + 1);
}

static void parse_function(struct frame *frame, const char *text)
{
	size_t i = 0;

	while ((isalnum(*text) || *text == '_') && i < sizeof(frame->function) - 1)
		frame->function[i++] = *text++;
	frame->function[i] = '\0';
}

static void parse_frame(struct frame *frame, const char *line)
{
	const char *in = strstr(line, " in ");

	memset(frame, 0, sizeof(*frame));
	frame->signal = strstr(line, "<signal handler called>");
	if (frame->signal || !in || sscanf(line, "#%*d 0x%lx", &frame->ip) != 1)
		return;
	parse_place(frame, in);
	/* Names of a library without lines are several for one address. */
	if (frame->line)
		parse_function(frame, in + 4);
}

/* "Thread 12 ..." is ours, "Thread 1 (... LWP 12) ..." gdb's. */
static bool parse_thread(const char *line, pid_t *tid)
{
	const char *lwp = strstr(line, "LWP ");

	if (strncmp(line, "Thread ", 7))
		return false;
	return sscanf(lwp ? lwp : line, "%*s %d", tid) == 1;
}

static void parse_line(struct stacks *stacks, const char *line)
{
	struct stack *stack = &stacks->stacks[stacks->count - 1];
	pid_t tid;

	if (parse_thread(line, &tid) && stacks->count < THREADS_MAX)
		stacks->stacks[stacks->count++] = (struct stack){ .tid = tid };
	else if (*line == '#' && stacks->count && stack->count < FRAMES_MAX)
		parse_frame(&stack->frames[stack->count++], line);
}

static void parse(struct stacks *stacks, FILE *file)
{
	char line[1024];

	memset(stacks, 0, sizeof(*stacks));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		printf("# %s\n", line);
		parse_line(stacks, line);
	}
}

/* What it is to print is what we print. */
static const char * const gdb_commands[] = {
	"set width 0",
	"set print frame-arguments none",
	"set print frame-info location-and-address",
	"set backtrace past-main on",
	"set backtrace past-entry on",
	"thread apply all backtrace",
};

/* As the program is after this, so it was before. */
static bool ask_gdb(struct stacks *stacks, pid_t pid)
{
	char command[512];
	FILE *gdb;
	int len;

	len = snprintf(command, sizeof(command), "gdb 2>&1 -nx -batch -p %d", pid);
	for (unsigned int i = 0; i < ARRAY_SIZE(gdb_commands); i++)
		len += snprintf(command + len, sizeof(command) - len, " -ex '%s'",
				gdb_commands[i]);
	gdb = popen(command, "re");
	if (!gdb)
		return false;
	parse(stacks, gdb);
	return pclose(gdb) == 0;
}

static bool ask_ours(struct stacks *stacks, int device, pid_t pid, int *result)
{
	FILE *file = tmpfile();

	if (!file)
		return false;
	*result = proxyipc_backtrace_pid(device, pid, file);
	rewind(file);
	parse(stacks, file);
	fclose(file);
	return true;
}

static const struct stack *stack_of(const struct stacks *stacks, pid_t tid)
{
	for (int i = 0; i < stacks->count; i++)
		if (stacks->stacks[i].tid == tid)
			return &stacks->stacks[i];
	return NULL;
}

/* NULL, or what is different. */
static const char *differ(const struct frame *ours, const struct frame *gdbs)
{
	/* Ours has the address of what the handler returns to. */
	if (gdbs->signal)
		return NULL;
	if (ours->ip != gdbs->ip)
		return "address";
	if (strcmp(ours->function, gdbs->function))
		return "function";
	if (strcmp(ours->file, gdbs->file))
		return "file";
	return ours->line == gdbs->line ? NULL : "line";
}

static const char *stacks_differ(const struct stack *ours, const struct stack *gdbs)
{
	const char *what;

	if (!ours || !gdbs)
		return "there is no such thread";
	for (int i = 0; i < gdbs->count && i < ours->count; i++) {
		what = differ(&ours->frames[i], &gdbs->frames[i]);
		if (what) {
			printf("# thread %d: frame %d differs\n", ours->tid, i);
			return what;
		}
	}
	return ours->count == gdbs->count ? NULL : "number of frames";
}

#define EXPECT_SAME(ours, gdbs) do {					\
	const char *what_ = stacks_differ(ours, gdbs);			\
									\
	EXPECT_EQ(NULL, what_) {					\
		TH_LOG("%s", what_);					\
	}								\
} while (0)

static bool has_function(const struct stacks *stacks, const char *name)
{
	for (int t = 0; t < stacks->count; t++)
		for (int f = 0; f < stacks->stacks[t].count; f++)
			if (!strcmp(stacks->stacks[t].frames[f].function, name))
				return true;
	return false;
}

TEST_F(stacks, of_all_threads_are_those_that_gdb_sees)
{
	static const char * const names[] = {
		"spin_here", "spin_inlined", "spin_outer", "spinner", "sleep_by_hand",
		"sleeper", "wait_in_library", "waiter", "handler", "get_signal",
		"signalled", "tell_and_wait", "main",
	};
	int result = 0;

	ASSERT_TRUE(ask_ours(&self->ours, self->device, self->pid, &result));
	EXPECT_EQ(5, result);
	ASSERT_TRUE(ask_gdb(&self->gdbs, self->pid));
	/* So that this isn't a comparison of nothing with nothing. */
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_TRUE(has_function(&self->gdbs, names[i])) {
			TH_LOG("gdb doesn't see %s", names[i]);
		}
	}
	ASSERT_EQ(5, self->gdbs.count);
	ASSERT_EQ(5, self->ours.count);
	for (int i = 0; i < 5; i++)
		EXPECT_SAME(&self->ours.stacks[i],
			    stack_of(&self->gdbs, self->ours.stacks[i].tid));
}

/* Frames by the callback, into a stack. */
static int add_frame(unsigned int number, const struct proxyipc_frame *got, void *arg)
{
	struct stack *stack = arg;
	struct frame *frame = &stack->frames[stack->count];
	const char *slash = got->file ? strrchr(got->file, '/') : NULL;

	if ((int)number != stack->count++)
		return 1;
	frame->ip = got->ip;
	frame->line = got->line;
	if (got->file && got->line) {
		snprintf(frame->file, sizeof(frame->file), "%s", slash ? slash + 1 : got->file);
		snprintf(frame->function, sizeof(frame->function), "%s", got->function);
	}
	return stack->count == FRAMES_MAX;
}

static int only_the_first(unsigned int number, const struct proxyipc_frame *got, void *arg)
{
	return 1;
}

TEST_F(stacks, of_one_thread_come_frame_by_frame)
{
	struct stack stack = { .tid = self->pid };
	__u64 token = 0;
	int process;

	ASSERT_TRUE(ask_gdb(&self->gdbs, self->pid));
	process = proxyipc_process_open(self->device, self->pid, self->pid);
	ASSERT_LE(0, process);
	EXPECT_EQ(-ESTALE, proxyipc_backtrace(process, 0, add_frame, &stack));
	EXPECT_EQ(0, stack.count);
	ASSERT_TRUE(held_state(proxyipc_process_hold(process, &token)));
	EXPECT_LT(3, proxyipc_backtrace(process, token, add_frame, &stack));
	EXPECT_SAME(&stack, stack_of(&self->gdbs, self->pid));
	EXPECT_EQ(1, proxyipc_backtrace(process, token, only_the_first, NULL));
	ASSERT_EQ(0, proxyipc_process_resume(process, token, NULL));
	EXPECT_EQ(-ESTALE, proxyipc_backtrace(process, token, only_the_first, NULL));
	close(process);
}

struct early {
	struct stack stack;
	int process;
	__u64 token;
	int result;
};

static int resume_and_add(unsigned int number, const struct proxyipc_frame *got, void *arg)
{
	struct early *early = arg;

	if (!number)
		early->result = proxyipc_process_resume(early->process, early->token, NULL);
	return add_frame(number, got, &early->stack);
}

TEST_F(stacks, come_whole_though_the_target_is_resumed_at_the_first_frame)
{
	struct early early = { .stack.tid = self->pid, .result = -1 };

	ASSERT_TRUE(ask_gdb(&self->gdbs, self->pid));
	early.process = proxyipc_process_open(self->device, self->pid, self->pid);
	ASSERT_TRUE(held_state(proxyipc_process_hold(early.process, &early.token)));
	EXPECT_LT(3, proxyipc_backtrace(early.process, early.token, resume_and_add, &early));
	EXPECT_EQ(0, early.result);
	EXPECT_SAME(&early.stack, stack_of(&self->gdbs, self->pid));
	close(early.process);
}

/* A tracer that stays: two can't be. */
TEST_F(stacks, are_the_same_while_a_debugger_is_attached)
{
	int result = 0;

	ASSERT_TRUE(ask_gdb(&self->gdbs, self->pid));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, NULL, NULL));
	ASSERT_TRUE(ask_ours(&self->ours, self->device, self->pid, &result));
	EXPECT_EQ(5, result);
	for (int i = 0; i < self->ours.count; i++)
		EXPECT_SAME(&self->ours.stacks[i],
			    stack_of(&self->gdbs, self->ours.stacks[i].tid));
}

/* What a callback is to note of threads, and of a frame. */
static void add_stack(const struct proxyipc_thread *thread, void *arg)
{
	struct stacks *stacks = arg;

	if (stacks->count < THREADS_MAX)
		stacks->stacks[stacks->count++] = (struct stack){ .tid = thread->tid };
}

static int add_frame_of_last(unsigned int number, const struct proxyipc_frame *got, void *arg)
{
	struct stacks *stacks = arg;

	return add_frame(number, got, &stacks->stacks[stacks->count - 1]);
}

/* By nothing but the caller's own hold: of the whole process, or of a thread. */
TEST_F(stacks, are_those_of_what_the_caller_holds)
{
	struct proxyipc_threads threads = {
		.device = -1,
		.pid = self->pid,
		.thread = add_stack,
		.frame = add_frame_of_last,
		.arg = &self->ours,
	};

	ASSERT_TRUE(ask_gdb(&self->gdbs, self->pid));
	threads.process = proxyipc_process_open_group(self->device, self->pid);
	ASSERT_LE(0, threads.process);
	ASSERT_TRUE(held_state(proxyipc_process_hold(threads.process, &threads.token)));
	EXPECT_EQ(5, proxyipc_backtrace_threads(&threads));
	EXPECT_EQ(5, threads.out_threads);
	EXPECT_EQ(5, threads.out_held);
	ASSERT_EQ(5, self->ours.count);
	for (int i = 0; i < 5; i++)
		EXPECT_SAME(&self->ours.stacks[i],
			    stack_of(&self->gdbs, self->ours.stacks[i].tid));
	/* It stays held. */
	EXPECT_EQ(0, proxyipc_process_resume(threads.process, threads.token, NULL));
	EXPECT_EQ(-ESTALE, proxyipc_backtrace_threads(&threads));
	close(threads.process);

	self->ours.count = 0;
	threads.process = proxyipc_process_open(self->device, self->pid,
						self->gdbs.stacks[1].tid);
	ASSERT_LE(0, threads.process);
	ASSERT_TRUE(held_state(proxyipc_process_hold(threads.process, &threads.token)));
	EXPECT_EQ(1, proxyipc_backtrace_threads(&threads));
	EXPECT_EQ(1, threads.out_threads);
	EXPECT_SAME(&self->ours.stacks[0], &self->gdbs.stacks[1]);
	EXPECT_EQ(0, proxyipc_process_resume(threads.process, threads.token, NULL));
	close(threads.process);
}

TEST_F(stacks, of_somebody_who_is_gone_are_an_error)
{
	int result = 0;

	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, NULL, 0));
	ASSERT_TRUE(ask_ours(&self->ours, self->device, self->pid, &result));
	EXPECT_EQ(-ESRCH, result);
	EXPECT_EQ(0, self->ours.count);
}

TEST_F(stacks, cannot_be_taken_of_oneself)
{
	int result = 0;

	/* The only thread: it can't hold itself. */
	ASSERT_TRUE(ask_ours(&self->ours, self->device, getpid(), &result));
	EXPECT_EQ(-EDEADLK, result);
}

TEST_HARNESS_MAIN

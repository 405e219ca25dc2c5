// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../fault.c"

static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

static void five_signals_and_no_other_are_of_faults(struct kunit *test)
{
	int signal, found = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fault_signals); i++)
		KUNIT_EXPECT_TRUE(test, signal_is_of_fault(fault_signals[i]));
	for (signal = 1; signal <= _NSIG; signal++) {
		found += signal_is_of_fault(signal);
		KUNIT_EXPECT_EQ(test, signal_is_of_fault(signal),
				proxyipc_fault_signals_are_valid(SIGNAL_BIT(signal)));
	}
	KUNIT_EXPECT_EQ(test, 5, found);
	KUNIT_EXPECT_FALSE(test, signal_is_of_fault(SIGSYS));
	KUNIT_EXPECT_TRUE(test, proxyipc_fault_signals_are_valid(0));
	KUNIT_EXPECT_TRUE(test, proxyipc_fault_signals_are_valid(FAULT_SIGNALS));
	KUNIT_EXPECT_FALSE(test, proxyipc_fault_signals_are_valid(U64_MAX));
}

static void what_a_sender_can_say_is_no_fault(struct kunit *test)
{
	static const int codes[] = {
		SI_USER, SI_QUEUE, SI_TIMER, SI_MESGQ, SI_ASYNCIO, SI_SIGIO,
		SI_TKILL, INT_MIN,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(fault_signals); i++)
		for (j = 0; j < ARRAY_SIZE(codes); j++)
			KUNIT_EXPECT_FALSE(test, code_is_of_fault(fault_signals[i],
								  codes[j]));
}

static void what_the_processor_says_is_a_fault(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGSEGV, SEGV_MAPERR));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGSEGV, SEGV_ACCERR));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGSEGV, SEGV_PKUERR));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGBUS, BUS_ADRALN));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGBUS, BUS_ADRERR));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGFPE, FPE_INTDIV));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGILL, ILL_ILLOPN));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGTRAP, TRAP_TRACE));
}

static void what_the_kernel_condemns_by_is_no_fault(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGSEGV, SI_KERNEL));
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGBUS, SI_KERNEL));
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGILL, SI_KERNEL));
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGFPE, SI_KERNEL));
	/* By this one it condemns nobody, and it is all that a breakpoint has. */
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGTRAP, SI_KERNEL));
}

static void bad_memory_and_events_of_perf_are_no_faults(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGBUS, BUS_MCEERR_AR));
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGBUS, BUS_MCEERR_AO));
	KUNIT_EXPECT_FALSE(test, code_is_of_fault(SIGTRAP, TRAP_PERF));
	/* The same numbers mean other things elsewhere. */
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGSEGV, BUS_MCEERR_AR));
	KUNIT_EXPECT_TRUE(test, code_is_of_fault(SIGFPE, TRAP_PERF));
}

static void words_say_it_all_and_the_rest_is_zero(struct kunit *test)
{
	static const struct proxyipc_fault fault = {
		.signal = SIGSEGV, .code = SEGV_MAPERR, .address = 3, .ip = 4,
		.trap = 5, .error = 6,
	};
	static const u64 want[PROXYIPC_WORDS] = {
		SIGSEGV, SEGV_MAPERR, 3, 4, 5, 6,
	};
	u64 words[PROXYIPC_WORDS] = {};

	proxyipc_fault_export(&fault, words);
	KUNIT_EXPECT_EQ(test, 0, memcmp(want, words, sizeof(words)));
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(five_signals_and_no_other_are_of_faults),
	KUNIT_CASE(what_a_sender_can_say_is_no_fault),
	KUNIT_CASE(what_the_processor_says_is_a_fault),
	KUNIT_CASE(what_the_kernel_condemns_by_is_no_fault),
	KUNIT_CASE(bad_memory_and_events_of_perf_are_no_faults),
	KUNIT_CASE(words_say_it_all_and_the_rest_is_zero),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "proxyipc_fault",
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);

// SPDX-License-Identifier: GPL-2.0
/*
 * The contract of all commands, for every command: size and tail, flags,
 * reserved fields, addresses that can't be accessed, commands of other objects,
 * and the layout. Each wrong argument differs from a good one in one thing, and
 * each test ends with the good one, which must still work.
 *
 * Also built for 32 bit.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "proxyipc_test.h"
#include "abi_cases.h"

#define TAIL	64	/* bytes beyond the struct that are tried */

FIXTURE(abi) {
	struct bench b;
};

FIXTURE_VARIANT(abi) {
	const struct command_case *c;
};

FIXTURE_VARIANT_ADD(abi, device_info) { &case_device_info };
FIXTURE_VARIANT_ADD(abi, endpoint_create) { &case_endpoint_create };
FIXTURE_VARIANT_ADD(abi, process_open) { &case_process_open };
FIXTURE_VARIANT_ADD(abi, endpoint_mint) { &case_endpoint_mint };
FIXTURE_VARIANT_ADD(abi, endpoint_recv) { &case_endpoint_recv };
FIXTURE_VARIANT_ADD(abi, endpoint_reply) { &case_endpoint_reply };
FIXTURE_VARIANT_ADD(abi, endpoint_reply_recv) { &case_endpoint_reply_recv };
FIXTURE_VARIANT_ADD(abi, endpoint_resume) { &case_endpoint_resume };
FIXTURE_VARIANT_ADD(abi, endpoint_fetch) { &case_endpoint_fetch };
FIXTURE_VARIANT_ADD(abi, endpoint_drop) { &case_endpoint_drop };
FIXTURE_VARIANT_ADD(abi, entry_call) { &case_entry_call };
FIXTURE_VARIANT_ADD(abi, entry_send) { &case_entry_send };
FIXTURE_VARIANT_ADD(abi, entry_notify) { &case_entry_notify };
FIXTURE_VARIANT_ADD(abi, process_mint) { &case_process_mint };
FIXTURE_VARIANT_ADD(abi, process_set_receiver) { &case_process_set_receiver };
FIXTURE_VARIANT_ADD(abi, process_hold) { &case_process_hold };
FIXTURE_VARIANT_ADD(abi, process_resume) { &case_process_resume };
FIXTURE_VARIANT_ADD(abi, process_reply) { &case_process_reply };
FIXTURE_VARIANT_ADD(abi, process_fetch_reply) { &case_process_fetch_reply };
FIXTURE_VARIANT_ADD(abi, process_info) { &case_process_info };
FIXTURE_VARIANT_ADD(abi, process_yield) { &case_process_yield };
FIXTURE_VARIANT_ADD(abi, process_set_watchdog) { &case_process_set_watchdog };
FIXTURE_VARIANT_ADD(abi, process_keepalive) { &case_process_keepalive };
FIXTURE_VARIANT_ADD(abi, process_set_faults) { &case_process_set_faults };
FIXTURE_VARIANT_ADD(abi, process_get_regs) { &case_process_get_regs };
FIXTURE_VARIANT_ADD(abi, process_set_policy) { &case_process_set_policy };
FIXTURE_VARIANT_ADD(abi, reply_send) { &case_reply_send };

FIXTURE_SETUP(abi)
{
	ASSERT_EQ(0, bench_open(&self->b));
}

FIXTURE_TEARDOWN(abi)
{
	world_close(&self->b.w);
}

/*
 * The sweep
 */

TEST_F(abi, exact_size_is_accepted_and_nothing_beyond_is_read)
{
	prepare(&self->b, variant->c);
	EXPECT_EQ(0, issue(&self->b, variant->c, 0));
}

TEST_F(abi, shorter_size_is_einval)
{
	const struct command_case *c = variant->c;
	size_t size;

	prepare(&self->b, c);
	for (size = 0; size < (c->min_size ?: c->size); size++) {
		set_size(&self->b, size);
		ASSERT_EQ(-EINVAL, issue(&self->b, c, 0)) {
			TH_LOG("size %zu of %zu", size, c->size);
		}
	}
	set_size(&self->b, c->size);
	EXPECT_EQ(0, issue(&self->b, c, 0));
}

TEST_F(abi, size_of_an_older_version_is_accepted_and_nothing_beyond_is_written)
{
	const struct command_case *c = variant->c;
	unsigned char *arg = self->b.pages;
	size_t size;

	for (size = c->min_size ?: c->size; size < c->size; size++) {
		prepare(&self->b, c);
		set_size(&self->b, size);
		memset(arg, POISON, c->size);
		memcpy(arg, self->b.good, size);
		ASSERT_EQ(0, issue_at(&self->b, c, arg)) {
			TH_LOG("size %zu of %zu", size, c->size);
		}
		ASSERT_TRUE(all_bytes(arg + size, POISON, c->size - size)) {
			TH_LOG("size %zu of %zu", size, c->size);
		}
	}
}

TEST_F(abi, longer_size_with_zero_tail_is_accepted)
{
	static const size_t tails[] = { 1, 4, 8, TAIL, 1024 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		prepare(&self->b, variant->c);
		set_size(&self->b, variant->c->size + tails[i]);
		EXPECT_EQ(0, issue(&self->b, variant->c, tails[i])) {
			TH_LOG("tail of %zu bytes", tails[i]);
		}
	}
}

TEST_F(abi, longer_size_with_garbage_tail_is_e2big)
{
	unsigned char *arg = self->b.pages;
	const size_t size = variant->c->size;
	int i;

	prepare(&self->b, variant->c);
	set_size(&self->b, size + TAIL);
	memcpy(arg, self->b.good, size);
	for (i = 0; i < TAIL; i++) {
		memset(arg + size, 0, TAIL);
		arg[size + i] = 0x80;
		ASSERT_EQ(-E2BIG, issue_at(&self->b, variant->c, arg)) {
			TH_LOG("byte %d of the tail", i);
		}
	}
	EXPECT_EQ(0, issue(&self->b, variant->c, TAIL));
}

TEST_F(abi, enormous_size_is_refused)
{
	int ret;

	prepare(&self->b, variant->c);
	set_size(&self->b, ~0U);
	ret = issue(&self->b, variant->c, 0);
	EXPECT_TRUE(ret == -E2BIG || ret == -EFAULT) {
		TH_LOG("result %d", ret);
	}
	set_size(&self->b, variant->c->size);
	EXPECT_EQ(0, issue(&self->b, variant->c, 0));
}

TEST_F(abi, every_unknown_flag_is_einval)
{
	const struct command_case *c = variant->c;
	unsigned int bit;

	prepare(&self->b, c);
	for (bit = 0; bit < 32; bit++) {
		if (c->flags & 1U << bit)
			continue;
		*flags_of(&self->b) = c->use | 1U << bit;
		ASSERT_EQ(-EINVAL, issue(&self->b, c, 0)) {
			TH_LOG("flag %#x", 1U << bit);
		}
	}
	*flags_of(&self->b) = c->use;
	EXPECT_EQ(0, issue(&self->b, c, 0));
}

TEST_F(abi, every_reserved_byte_must_be_zero)
{
	const struct command_case *c = variant->c;
	unsigned int byte, i;

	prepare(&self->b, c);
	for (i = 0; i < RESERVED_MAX && c->reserved[i]; i++) {
		for (byte = 0; byte < 4; byte++) {
			size_t at = c->reserved[i] + byte;

			self->b.good[at] = 1;
			ASSERT_EQ(-EINVAL, issue(&self->b, c, 0)) {
				TH_LOG("byte at %zu", at);
			}
			self->b.good[at] = 0;
		}
	}
	EXPECT_EQ(0, issue(&self->b, c, 0));
}

TEST_F(abi, unreadable_argument_is_efault)
{
	unsigned char *hole = self->b.pages + 2 * self->b.page_size;
	const struct command_case *c = variant->c;
	unsigned char *cut = hole - c->size + 1;

	prepare(&self->b, c);
	EXPECT_EQ(-EFAULT, issue_at(&self->b, c, NULL));
	EXPECT_EQ(-EFAULT, issue_at(&self->b, c, hole));
	/* All of it but the last byte. */
	memcpy(cut, self->b.good, c->size - 1);
	EXPECT_EQ(-EFAULT, issue_at(&self->b, c, cut));
	EXPECT_EQ(0, issue(&self->b, c, 0));
}

/*
 * Commands that make a descriptor
 */

FIXTURE(abi_fd) {
	struct bench b;
};

FIXTURE_VARIANT(abi_fd) {
	const struct command_case *c;
};

FIXTURE_VARIANT_ADD(abi_fd, endpoint_create) { &case_endpoint_create };
FIXTURE_VARIANT_ADD(abi_fd, process_open) { &case_process_open };
FIXTURE_VARIANT_ADD(abi_fd, endpoint_mint) { &case_endpoint_mint };
FIXTURE_VARIANT_ADD(abi_fd, endpoint_fetch) { &case_endpoint_fetch };
FIXTURE_VARIANT_ADD(abi_fd, process_mint) { &case_process_mint };
FIXTURE_VARIANT_ADD(abi_fd, process_fetch_reply) { &case_process_fetch_reply };

FIXTURE_SETUP(abi_fd)
{
	ASSERT_EQ(0, bench_open(&self->b));
}

FIXTURE_TEARDOWN(abi_fd)
{
	world_close(&self->b.w);
}

TEST_F(abi_fd, failure_to_copy_out_leaves_no_descriptor)
{
	unsigned char *arg = self->b.pages;
	int before;

	prepare(&self->b, variant->c);
	memcpy(arg, self->b.good, variant->c->size);
	ASSERT_EQ(0, mprotect(arg, self->b.page_size, PROT_READ));
	before = proc_count_fds();
	EXPECT_EQ(-EFAULT, issue_at(&self->b, variant->c, arg));
	EXPECT_EQ(before, proc_count_fds());
	ASSERT_EQ(0, mprotect(arg, self->b.page_size, PROT_READ | PROT_WRITE));
	/* Nothing was changed either: a right to answer is still there. */
	EXPECT_EQ(0, issue(&self->b, variant->c, 0));
	EXPECT_EQ(before + 1, proc_count_fds());
}

TEST_F(abi_fd, full_descriptor_table_is_emfile_and_changes_nothing)
{
	struct rlimit limit, none = { .rlim_cur = 0 };
	int before;

	prepare(&self->b, variant->c);
	before = proc_count_fds();
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none.rlim_max = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, issue(&self->b, variant->c, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(before, proc_count_fds());
	EXPECT_EQ(0, issue(&self->b, variant->c, 0));
}

TEST_F(abi_fd, new_descriptor_closes_on_exec)
{
	int before;

	prepare(&self->b, variant->c);
	before = proc_count_fds();
	ASSERT_EQ(0, issue(&self->b, variant->c, 0));
	ASSERT_LE(0, self->b.w.made);
	EXPECT_EQ(before + 1, proc_count_fds());
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->b.w.made, F_GETFD));
}

/*
 * Commands that an object doesn't have
 */

FIXTURE(abi_kind) {
	struct world w;
};

FIXTURE_VARIANT(abi_kind) {
	enum kind kind;
	unsigned char block;	/* its commands begin here, */
	unsigned short commands;	/* bit n: there is one n later */
};

FIXTURE_VARIANT_ADD(abi_kind, device) { DEVICE, 0x00, 0x7 };
FIXTURE_VARIANT_ADD(abi_kind, endpoint) { ENDPOINT, 0x10, 0x7f };
FIXTURE_VARIANT_ADD(abi_kind, entry) { ENTRY, 0x20, 0x7 };
FIXTURE_VARIANT_ADD(abi_kind, proxy_entry) { PROXY, 0x20, 0x7 };
FIXTURE_VARIANT_ADD(abi_kind, process) { PROCESS, 0x30, 0x1fff };
FIXTURE_VARIANT_ADD(abi_kind, reply) { REPLY, 0x40, 0x1 };

FIXTURE_SETUP(abi_kind)
{
	ASSERT_EQ(0, world_open(&self->w));
	self->w.reply = endpoint_fetch(self->w.endpoint, call_cap(&self->w));
	ASSERT_LE(0, self->w.reply);
}

FIXTURE_TEARDOWN(abi_kind)
{
	world_close(&self->w);
}

static bool has_command(const struct _fixture_variant_abi_kind *variant,
			unsigned int nr)
{
	return nr >= variant->block && nr < variant->block + 16U &&
	       variant->commands & 1U << (nr - variant->block);
}

TEST_F(abi_kind, unknown_commands_and_those_of_other_kinds_are_enotty)
{
	int fd = object_of(&self->w, variant->kind);
	unsigned char zeros[1024];
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		memset(zeros, 0, sizeof(zeros));
		/* Its own, with a size of 0: known, that's all to be seen here */
		ASSERT_EQ(has_command(variant, nr) ? -EINVAL : -ENOTTY,
			  command(fd, _IO(PROXYIPC_IOC_TYPE, nr), zeros)) {
			TH_LOG("command %#x", nr);
		}
	}
}

TEST_F(abi_kind, commands_with_direction_or_size_bits_are_enotty)
{
	int fd = object_of(&self->w, variant->kind);
	unsigned char zeros[1024];
	unsigned int bit;

	memset(zeros, 0, sizeof(zeros));
	for (bit = 16; bit < 32; bit++)
		EXPECT_EQ(-ENOTTY, command(fd, _IO(PROXYIPC_IOC_TYPE,
						   variant->block) | 1U << bit,
					   zeros)) {
			TH_LOG("bit %u", bit);
		}
}

TEST_F(abi_kind, commands_of_another_type_are_enotty)
{
	int fd = object_of(&self->w, variant->kind);
	unsigned char zeros[1024];
	unsigned int type;

	memset(zeros, 0, sizeof(zeros));
	/* 'T' and 'f' have commands that every file has. */
	for (type = 0x80; type < 256; type++) {
		if (type == PROXYIPC_IOC_TYPE)
			continue;
		EXPECT_EQ(-ENOTTY, command(fd, _IO(type, variant->block),
					   zeros)) {
			TH_LOG("type %#x", type);
		}
	}
}

TEST_F(abi_kind, read_and_write_do_nothing)
{
	int fd = object_of(&self->w, variant->kind);
	char byte = 0;

	/* EBADF where it isn't even open for that. */
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_TRUE(errno == EINVAL || errno == EBADF);
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_TRUE(errno == EINVAL || errno == EBADF);
}

/*
 * The layout, the same for 32 and 64 bit
 */

#define EXPECT_SIZE(size_, object_verb) \
	EXPECT_EQ((size_t)(size_), sizeof(struct proxyipc_ ## object_verb))

TEST(layout_is_the_same_for_32_and_64_bit)
{
	EXPECT_SIZE(80, message);
	EXPECT_SIZE(160, received);
	EXPECT_SIZE(56, device_info);
	EXPECT_SIZE(16, endpoint_create);
	EXPECT_SIZE(40, process_open);
	EXPECT_SIZE(32, endpoint_mint);
	EXPECT_SIZE(16 + 160, endpoint_recv);
	EXPECT_SIZE(16 + 80, endpoint_reply);
	EXPECT_SIZE(24 + 80 + 160, endpoint_reply_recv);
	EXPECT_SIZE(16 + 80, endpoint_resume);
	EXPECT_SIZE(24, endpoint_fetch);
	EXPECT_SIZE(16, endpoint_drop);
	EXPECT_SIZE(16 + 80 + 80, entry_call);
	EXPECT_SIZE(16 + 80, entry_send);
	EXPECT_SIZE(32, entry_notify);
	EXPECT_SIZE(32, process_mint);
	EXPECT_SIZE(16, process_set_receiver);
	EXPECT_SIZE(32, process_hold);
	EXPECT_SIZE(16 + 80, process_resume);
	EXPECT_SIZE(16 + 80, process_reply);
	EXPECT_SIZE(24, process_fetch_reply);
	EXPECT_SIZE(8, process_yield);
	EXPECT_SIZE(128, control);
	EXPECT_SIZE(144, process_info);
	EXPECT_SIZE(32, process_set_watchdog);
	EXPECT_SIZE(8, process_keepalive);
	EXPECT_SIZE(16, process_set_faults);
	EXPECT_SIZE(56, process_get_regs);
	EXPECT_SIZE(24, process_set_policy);
	EXPECT_SIZE(88, reply_send);
}

/* The numbers are the ABI: a program built long ago goes on using them. */
TEST(commands_keep_their_numbers)
{
	EXPECT_EQ(0xd100U, (unsigned int)PROXYIPC_IOC_DEVICE_INFO);
	EXPECT_EQ(0xd101U, (unsigned int)PROXYIPC_IOC_ENDPOINT_CREATE);
	EXPECT_EQ(0xd102U, (unsigned int)PROXYIPC_IOC_PROCESS_OPEN);
	EXPECT_EQ(0xd110U, (unsigned int)PROXYIPC_IOC_ENDPOINT_MINT);
	EXPECT_EQ(0xd111U, (unsigned int)PROXYIPC_IOC_ENDPOINT_RECV);
	EXPECT_EQ(0xd112U, (unsigned int)PROXYIPC_IOC_ENDPOINT_REPLY);
	EXPECT_EQ(0xd113U, (unsigned int)PROXYIPC_IOC_ENDPOINT_REPLY_RECV);
	EXPECT_EQ(0xd114U, (unsigned int)PROXYIPC_IOC_ENDPOINT_RESUME);
	EXPECT_EQ(0xd115U, (unsigned int)PROXYIPC_IOC_ENDPOINT_FETCH);
	EXPECT_EQ(0xd116U, (unsigned int)PROXYIPC_IOC_ENDPOINT_DROP);
	EXPECT_EQ(0xd120U, (unsigned int)PROXYIPC_IOC_ENTRY_CALL);
	EXPECT_EQ(0xd121U, (unsigned int)PROXYIPC_IOC_ENTRY_SEND);
	EXPECT_EQ(0xd122U, (unsigned int)PROXYIPC_IOC_ENTRY_NOTIFY);
	EXPECT_EQ(0xd130U, (unsigned int)PROXYIPC_IOC_PROCESS_MINT);
	EXPECT_EQ(0xd131U, (unsigned int)PROXYIPC_IOC_PROCESS_SET_RECEIVER);
	EXPECT_EQ(0xd13cU, (unsigned int)PROXYIPC_IOC_PROCESS_SET_POLICY);
	EXPECT_EQ(0xd132U, (unsigned int)PROXYIPC_IOC_PROCESS_HOLD);
	EXPECT_EQ(0xd133U, (unsigned int)PROXYIPC_IOC_PROCESS_RESUME);
	EXPECT_EQ(0xd134U, (unsigned int)PROXYIPC_IOC_PROCESS_REPLY);
	EXPECT_EQ(0xd135U, (unsigned int)PROXYIPC_IOC_PROCESS_FETCH_REPLY);
	EXPECT_EQ(0xd136U, (unsigned int)PROXYIPC_IOC_PROCESS_INFO);
	EXPECT_EQ(0xd137U, (unsigned int)PROXYIPC_IOC_PROCESS_YIELD);
	EXPECT_EQ(0xd140U, (unsigned int)PROXYIPC_IOC_REPLY_SEND);
}

TEST_HARNESS_MAIN

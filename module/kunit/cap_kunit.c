// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../cap.c"

struct fixture {
	struct proxyipc_cap_table caps;
	int objects[3];
};

static int caps_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void caps_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		kvfree(f->caps.slots);
}

/* As endpoint_grow_caps() does. */
static void grow(struct kunit *test, struct proxyipc_cap_table *caps)
{
	u32 capacity = proxyipc_caps_next_capacity(caps);
	struct proxyipc_cap_slot *slots;

	slots = proxyipc_caps_alloc_slots(capacity);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	kvfree(proxyipc_caps_grow(caps, slots, capacity));
}

static struct proxyipc_cap_table *new_table(struct kunit *test)
{
	struct fixture *f = test->priv;

	grow(test, &f->caps);
	return &f->caps;
}

static enum proxyipc_cap_type type_of(struct proxyipc_cap_table *caps, u64 cap)
{
	void *object;

	return proxyipc_caps_find(caps, cap, &object);
}

static void empty_table_has_no_cap(struct kunit *test)
{
	struct proxyipc_cap_table caps = {};

	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_caps_reserve(&caps));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE, type_of(&caps, 0));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE, type_of(&caps, 1ULL << 20));
	proxyipc_caps_release(&caps, 1ULL << 20);
}

static void table_doubles_until_it_is_as_large_as_it_gets(struct kunit *test)
{
	struct proxyipc_cap_table caps = {};
	u32 capacity;

	for (capacity = PROXYIPC_CAPS_FIRST; capacity <= PROXYIPC_CAPS_MAX;
	     capacity *= 2) {
		KUNIT_EXPECT_EQ(test, capacity, proxyipc_caps_next_capacity(&caps));
		caps.capacity = capacity;
	}
	KUNIT_EXPECT_EQ(test, 0U, proxyipc_caps_next_capacity(&caps));
	/* An index must fit in the bits that a cap has for it. */
	KUNIT_EXPECT_LE(test, PROXYIPC_CAPS_MAX, 1U << PROXYIPC_CAP_INDEX_BITS);
}

static void no_cap_is_0_and_no_two_are_equal(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	u64 names[PROXYIPC_CAPS_FIRST];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		names[i] = proxyipc_caps_reserve(caps);
		KUNIT_EXPECT_NE(test, 0ULL, names[i]);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, names[j], names[i]);
	}
}

static void full_table_gives_no_cap_until_it_grows(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	unsigned int i;

	for (i = 0; i < PROXYIPC_CAPS_FIRST; i++)
		KUNIT_EXPECT_NE(test, 0ULL, proxyipc_caps_reserve(caps));
	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_caps_reserve(caps));
	grow(test, caps);
	for (i = 0; i < PROXYIPC_CAPS_FIRST; i++)
		KUNIT_EXPECT_NE(test, 0ULL, proxyipc_caps_reserve(caps));
	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_caps_reserve(caps));
}

static void caps_survive_growth(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	struct fixture *f = test->priv;
	void *object = NULL;
	u64 call, reserved;

	call = proxyipc_caps_reserve(caps);
	reserved = proxyipc_caps_reserve(caps);
	proxyipc_caps_set(caps, call, PROXYIPC_CAP_CALL, &f->objects[0]);
	grow(test, caps);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_CALL,
			proxyipc_caps_find(caps, call, &object));
	KUNIT_EXPECT_PTR_EQ(test, object, (void *)&f->objects[0]);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RESERVED, type_of(caps, reserved));
}

static void table_that_grew_meanwhile_gives_the_memory_back(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	struct proxyipc_cap_slot *before = caps->slots, *slots;

	slots = proxyipc_caps_alloc_slots(PROXYIPC_CAPS_FIRST);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	KUNIT_EXPECT_PTR_EQ(test, slots,
			    proxyipc_caps_grow(caps, slots, PROXYIPC_CAPS_FIRST));
	KUNIT_EXPECT_PTR_EQ(test, before, caps->slots);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAPS_FIRST, caps->capacity);
	kvfree(slots);
}

static void reserved_cap_names_nothing_yet(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	void *object = caps;
	u64 cap = proxyipc_caps_reserve(caps);

	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RESERVED,
			proxyipc_caps_find(caps, cap, &object));
	KUNIT_EXPECT_NULL(test, object);
}

static void released_cap_is_dead_and_stays_dead(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	struct fixture *f = test->priv;
	u64 first, next;
	int use;

	first = proxyipc_caps_reserve(caps);
	proxyipc_caps_set(caps, first, PROXYIPC_CAP_CALL, &f->objects[0]);
	proxyipc_caps_release(caps, first);
	for (use = 0; use < 1000; use++) {
		next = proxyipc_caps_reserve(caps);
		/* The same slot, which is what makes this worth a test. */
		KUNIT_ASSERT_EQ(test, cap_index(first), cap_index(next));
		KUNIT_ASSERT_NE(test, first, next);
		proxyipc_caps_set(caps, next, PROXYIPC_CAP_CALL, &f->objects[1]);
		KUNIT_ASSERT_EQ(test, PROXYIPC_CAP_FREE, type_of(caps, first));
		proxyipc_caps_release(caps, next);
	}
}

static void releasing_a_dead_cap_frees_nobody_elses_slot(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	u64 dead, cap;

	dead = proxyipc_caps_reserve(caps);
	proxyipc_caps_release(caps, dead);
	cap = proxyipc_caps_reserve(caps);
	proxyipc_caps_release(caps, dead);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RESERVED, type_of(caps, cap));
	KUNIT_EXPECT_NE(test, cap_index(cap),
			cap_index(proxyipc_caps_reserve(caps)));
}

static void renewed_cap_names_the_same_and_the_old_one_is_dead(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	struct fixture *f = test->priv;
	void *object = NULL;
	u64 old, new;

	old = proxyipc_caps_reserve(caps);
	proxyipc_caps_set(caps, old, PROXYIPC_CAP_RECEIVER, &f->objects[2]);
	new = proxyipc_caps_renew(caps, old);
	KUNIT_EXPECT_NE(test, old, new);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE, type_of(caps, old));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RECEIVER,
			proxyipc_caps_find(caps, new, &object));
	KUNIT_EXPECT_PTR_EQ(test, object, (void *)&f->objects[2]);
}

static void any_number_may_be_looked_up(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	u64 cap = proxyipc_caps_reserve(caps);
	int bit;

	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE, type_of(caps, 0));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE, type_of(caps, U64_MAX));
	/* The first index beyond the table, with a generation that was used. */
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE,
			type_of(caps, cap_name(caps->capacity, 1)));
	for (bit = 0; bit < 64; bit++)
		KUNIT_ASSERT_EQ(test, PROXYIPC_CAP_FREE,
				type_of(caps, cap ^ BIT_ULL(bit)));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RESERVED, type_of(caps, cap));
}

static void every_index_up_to_the_largest_can_be_named(struct kunit *test)
{
	struct proxyipc_cap_table *caps = new_table(test);
	unsigned int i;
	u64 cap = 0;

	while (caps->capacity < PROXYIPC_CAPS_MAX)
		grow(test, caps);
	for (i = 0; i < PROXYIPC_CAPS_MAX; i++) {
		cap = proxyipc_caps_reserve(caps);
		if (!cap || type_of(caps, cap) != PROXYIPC_CAP_RESERVED)
			break;
	}
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAPS_MAX, i);
	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_caps_reserve(caps));
	KUNIT_EXPECT_EQ(test, 0U, proxyipc_caps_next_capacity(caps));
	proxyipc_caps_release(caps, cap);
	KUNIT_EXPECT_NE(test, 0ULL, proxyipc_caps_reserve(caps));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(empty_table_has_no_cap),
	KUNIT_CASE(table_doubles_until_it_is_as_large_as_it_gets),
	KUNIT_CASE(no_cap_is_0_and_no_two_are_equal),
	KUNIT_CASE(full_table_gives_no_cap_until_it_grows),
	KUNIT_CASE(caps_survive_growth),
	KUNIT_CASE(table_that_grew_meanwhile_gives_the_memory_back),
	KUNIT_CASE(reserved_cap_names_nothing_yet),
	KUNIT_CASE(released_cap_is_dead_and_stays_dead),
	KUNIT_CASE(releasing_a_dead_cap_frees_nobody_elses_slot),
	KUNIT_CASE(renewed_cap_names_the_same_and_the_old_one_is_dead),
	KUNIT_CASE(any_number_may_be_looked_up),
	KUNIT_CASE(every_index_up_to_the_largest_can_be_named),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_cap",
	.init = caps_init,
	.exit = caps_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

// SPDX-License-Identifier: GPL-2.0
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cap.h"

#define PROXYIPC_CAPS_FIRST	16U

static u32 cap_index(u64 cap)
{
	return cap & (BIT_ULL(PROXYIPC_CAP_INDEX_BITS) - 1);
}

static u64 cap_name(u32 index, u64 generation)
{
	return generation << PROXYIPC_CAP_INDEX_BITS | index;
}

static struct proxyipc_cap_slot *
caps_slot(const struct proxyipc_cap_table *caps, u64 cap)
{
	u32 index = cap_index(cap);

	if (index >= caps->capacity ||
	    caps->slots[index].type == PROXYIPC_CAP_FREE ||
	    cap_name(index, caps->slots[index].generation) != cap)
		return NULL;
	return &caps->slots[index];
}

/**
 * proxyipc_caps_next_capacity() - what a full table should grow to
 * @caps: the table
 *
 * Return: the capacity, or 0 if the table is as large as it gets.
 */
u32 proxyipc_caps_next_capacity(const struct proxyipc_cap_table *caps)
{
	if (caps->capacity >= PROXYIPC_CAPS_MAX)
		return 0;
	return max(caps->capacity * 2, PROXYIPC_CAPS_FIRST);
}

/**
 * proxyipc_caps_alloc_slots() - memory for a larger table
 * @capacity: number of slots
 *
 * Context: may sleep; no lock may be held. Give it back with kvfree().
 *
 * Return: the slots, zeroed, or NULL.
 */
struct proxyipc_cap_slot *proxyipc_caps_alloc_slots(u32 capacity)
{
	return kvcalloc(capacity, sizeof(struct proxyipc_cap_slot),
			GFP_KERNEL_ACCOUNT);
}

/**
 * proxyipc_caps_grow() - move a table to larger memory
 * @caps: the table
 * @slots: @capacity zeroed slots
 * @capacity: must be larger than the table's, else nothing happens
 *
 * Somebody else may have grown the table while @slots was allocated.
 *
 * Return: the memory that isn't needed any more, for kvfree() after unlock.
 */
struct proxyipc_cap_slot *proxyipc_caps_grow(struct proxyipc_cap_table *caps,
					     struct proxyipc_cap_slot *slots,
					     u32 capacity)
{
	struct proxyipc_cap_slot *old = caps->slots;
	u32 i;

	if (capacity <= caps->capacity)
		return slots;

	if (caps->capacity)
		memcpy(slots, old, caps->capacity * sizeof(*slots));
	/* The new slots go to the head of the free list, lowest first. */
	for (i = capacity; i-- > caps->capacity; ) {
		slots[i].next = caps->free;
		caps->free = i + 1;
	}
	caps->slots = slots;
	caps->capacity = capacity;
	return old;
}

/**
 * proxyipc_caps_reserve() - take a slot
 * @caps: the table
 *
 * Return: its cap, which names nothing yet, or 0 if the table is full and must
 * grow first.
 */
u64 proxyipc_caps_reserve(struct proxyipc_cap_table *caps)
{
	struct proxyipc_cap_slot *slot;
	u32 index;

	if (!caps->free)
		return 0;

	index = caps->free - 1;
	slot = &caps->slots[index];
	caps->free = slot->next;
	slot->type = PROXYIPC_CAP_RESERVED;
	slot->generation++;
	return cap_name(index, slot->generation);
}

/**
 * proxyipc_caps_set() - have a reserved cap name something
 * @caps: the table
 * @cap: the cap; must be valid
 * @type: what @object is
 * @object: what it names
 */
void proxyipc_caps_set(struct proxyipc_cap_table *caps, u64 cap,
		       enum proxyipc_cap_type type, void *object)
{
	struct proxyipc_cap_slot *slot = caps_slot(caps, cap);

	if (WARN_ON_ONCE(!slot))
		return;
	slot->type = type;
	slot->object = object;
}

/**
 * proxyipc_caps_renew() - give a slot its next name
 * @caps: the table
 * @cap: the present one, which is dead afterwards; must be valid
 *
 * Return: the new cap of the same object.
 */
u64 proxyipc_caps_renew(struct proxyipc_cap_table *caps, u64 cap)
{
	struct proxyipc_cap_slot *slot = caps_slot(caps, cap);

	if (WARN_ON_ONCE(!slot))
		return cap;
	return cap_name(cap_index(cap), ++slot->generation);
}

/**
 * proxyipc_caps_find() - what does a cap name?
 * @caps: the table
 * @cap: any number
 * @object: receives the object
 *
 * Return: what @object is; PROXYIPC_CAP_FREE if @cap is dead or never was.
 */
enum proxyipc_cap_type
proxyipc_caps_find(const struct proxyipc_cap_table *caps, u64 cap, void **object)
{
	struct proxyipc_cap_slot *slot = caps_slot(caps, cap);

	if (!slot)
		return PROXYIPC_CAP_FREE;
	*object = slot->object;
	return slot->type;
}

/**
 * proxyipc_caps_release() - free a slot
 * @caps: the table
 * @cap: its name, dead afterwards; one that is dead already is fine
 */
void proxyipc_caps_release(struct proxyipc_cap_table *caps, u64 cap)
{
	struct proxyipc_cap_slot *slot = caps_slot(caps, cap);

	if (!slot)
		return;
	slot->type = PROXYIPC_CAP_FREE;
	slot->object = NULL;
	slot->next = caps->free;
	caps->free = cap_index(cap) + 1;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_CAP_H
#define _PROXYIPC_CAP_H

/**
 * DOC: Cap table
 *
 * A cap is a 64-bit name that an endpoint's receivers use for what a message
 * brought: the right to answer a call, or a held process. Each endpoint has a
 * table of them. A cap is an index into the table and the generation of that
 * slot: 44 bits that grow with every use of the slot, so a cap is never reused
 * and one that is dead stays dead.
 *
 * A slot is reserved early, by the one who may have to allocate (a caller before
 * its call is queued, or whoever sets a receiver slot), and named late, so that
 * what happens in between cannot fail. The table knows nothing of what its slots
 * point to. It has no lock; all is under the lock of the endpoint that owns it,
 * except the one function that allocates.
 */

#include <linux/types.h>

#define PROXYIPC_CAP_INDEX_BITS	20
#define PROXYIPC_CAPS_MAX	65536U

/**
 * enum proxyipc_cap_type - what a slot names
 * @PROXYIPC_CAP_FREE: nothing, it is on the free list
 * @PROXYIPC_CAP_RESERVED: nothing yet
 * @PROXYIPC_CAP_CALL: a call that was picked up, with a reference
 * @PROXYIPC_CAP_RECEIVER: the held process of a receiver
 */
enum proxyipc_cap_type {
	PROXYIPC_CAP_FREE,
	PROXYIPC_CAP_RESERVED,
	PROXYIPC_CAP_CALL,
	PROXYIPC_CAP_RECEIVER,
};

/**
 * struct proxyipc_cap_slot - one entry of a table
 * @object: what it names, NULL if free
 * @generation: of the cap that names it, or named it last
 * @type: what @object is
 * @next: if free: one more than the index of the next free slot, 0 for none
 */
struct proxyipc_cap_slot {
	void *object;
	u64 generation;
	u32 type;
	u32 next;
};

/**
 * struct proxyipc_cap_table - the caps of an endpoint
 * @slots: @capacity of them, NULL at first
 * @capacity: how many there are
 * @free: one more than the index of the first free slot, 0 for none
 */
struct proxyipc_cap_table {
	struct proxyipc_cap_slot *slots;
	u32 capacity;
	u32 free;
};

struct proxyipc_cap_slot *proxyipc_caps_alloc_slots(u32 capacity);
u32 proxyipc_caps_next_capacity(const struct proxyipc_cap_table *caps);
struct proxyipc_cap_slot *proxyipc_caps_grow(struct proxyipc_cap_table *caps,
					     struct proxyipc_cap_slot *slots,
					     u32 capacity);
u64 proxyipc_caps_reserve(struct proxyipc_cap_table *caps);
void proxyipc_caps_set(struct proxyipc_cap_table *caps, u64 cap,
		       enum proxyipc_cap_type type, void *object);
u64 proxyipc_caps_renew(struct proxyipc_cap_table *caps, u64 cap);
enum proxyipc_cap_type
proxyipc_caps_find(const struct proxyipc_cap_table *caps, u64 cap, void **object);
void proxyipc_caps_release(struct proxyipc_cap_table *caps, u64 cap);

#endif /* _PROXYIPC_CAP_H */

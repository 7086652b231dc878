/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_usage.h"

#include "base/bits.h"

/* A class' uses: from bit 0 the kinds of context that took it, from bit 4 the kinds that could interrupt a holder. */
#define TAKEN(kind)       (1u << (kind))
#define INTERRUPTED(kind) (16u << (kind))

static const void *key_of(const struct lab_spinlock *lock)
{
	return lock->class_key ? lock->class_key : lock;
}

/* The class' record, made at first sight; NULL when the table is full: then the class is not tracked. */
static struct lab_live_class *find(struct lab_live_usage *usage, const void *key)
{
	uint64_t wanted = (uintptr_t)key;
	unsigned start = (unsigned)((wanted >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 56);

	_Static_assert(LAB_LIVE_CLASS_MAX == 256, "the shift above leaves eight bits");
	for (unsigned i = 0; i < LAB_LIVE_CLASS_MAX; i++) {
		struct lab_live_class *class = &usage->classes[(start + i) % LAB_LIVE_CLASS_MAX];
		/* relaxed, here and below: a key is written once and publishes nothing but itself */
		uint64_t seen = lab_load_relaxed(&class->key);

		if (seen == 0 && lab_cas_relaxed(&class->key, &seen, wanted))
			return class;
		if (seen == wanted)
			return class;
	}
	return NULL;
}

static bool note(struct lab_live_usage *usage, const struct lab_spinlock *lock, unsigned uses,
		 struct lab_live_clash *ret_clash)
{
	struct lab_live_class *class = find(usage, key_of(lock));
	uint32_t before, after;

	/* relaxed: bits that are only ever set; read first, so that a class in steady use stays unwritten and shared */
	if (!class || (lab_load_relaxed(&class->uses) & uses) == uses)
		return false;
	before = lab_fetch_or_relaxed(&class->uses, uses);
	after = before | uses;
	if (!(after & (after >> 4) & 0xfu) || (before & (before >> 4) & 0xfu))
		return false;
	ret_clash->taken_in = (enum lab_context_kind)lab_bits_first(after & (after >> 4) & 0xfu);
	ret_clash->class_key = key_of(lock);
	return true;
}

bool lab_live_usage_taken(struct lab_live_usage *usage, const struct lab_spinlock *lock, enum lab_context_kind kind,
			  struct lab_live_clash *ret_clash)
{
	return note(usage, lock, TAKEN(kind), ret_clash);
}

bool lab_live_usage_held(struct lab_live_usage *usage, const struct lab_spinlock *lock, enum lab_context_kind kind,
			 bool masked, struct lab_live_clash *ret_clash)
{
	unsigned uses = 0;

	for (unsigned above = kind + 1; above < LAB_CONTEXT_KIND_COUNT; above++)
		if (!masked || above == LAB_CONTEXT_NMI)
			uses |= INTERRUPTED(above);
	return note(usage, lock, uses, ret_clash);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/words.h"

#include <string.h>

#include "base/assert.h"

const struct lab_op_info lab_op_infos[LAB_OP_KIND_COUNT] = {
	[LAB_OP_ALLOC] = {"alloc", LAB_TAKES_SLOT | LAB_TAKES_GFP | LAB_TAKES_ORDER, LAB_PEER_NONE},
	[LAB_OP_FREE] = {"free", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_TOUCH] = {"touch", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_GIVE] = {"give", LAB_TAKES_SLOT, LAB_PEER_CONTEXT},
	[LAB_OP_TAKE] = {"take", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_MAP] = {"map", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_UNMAP] = {"unmap", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_FREE_TWICE] = {"free-twice", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_FREE_FOREIGN] = {"free-foreign", LAB_TAKES_SLOT, LAB_PEER_CONTEXT},
	[LAB_OP_FREE_WRONG_ORDER] = {"free-wrong-order", LAB_TAKES_SLOT, LAB_PEER_NONE},
	[LAB_OP_FREE_WILD] = {"free-wild", LAB_TAKES_VALUE, LAB_PEER_NONE},
	[LAB_OP_IRQ_OFF] = {"irq-off", 0, LAB_PEER_NONE},
	[LAB_OP_IRQ_ON] = {"irq-on", 0, LAB_PEER_NONE},
	[LAB_OP_LOCK] = {"lock", LAB_TAKES_IRQ, LAB_PEER_LOCK},
	[LAB_OP_UNLOCK] = {"unlock", 0, LAB_PEER_LOCK},
	[LAB_OP_RAISE] = {"raise", 0, LAB_PEER_HANDLER},
	[LAB_OP_DRAIN] = {"drain", 0, LAB_PEER_CPU},
	[LAB_OP_OFFLINE] = {"offline", 0, LAB_PEER_CPU},
	[LAB_OP_ONLINE] = {"online", 0, LAB_PEER_CPU},
	[LAB_OP_RECLAIM] = {"reclaim", LAB_TAKES_VALUE, LAB_PEER_NONE},
	[LAB_OP_WATERMARK] = {"watermark", LAB_TAKES_VALUE, LAB_PEER_ZONE},
	[LAB_OP_WAIT] = {"wait", 0, LAB_PEER_NONE},
	[LAB_OP_DIE] = {"die", 0, LAB_PEER_NONE},
	[LAB_OP_REAP] = {"reap", 0, LAB_PEER_CPU},
	[LAB_OP_MEMORY] = {"memory", LAB_TAKES_COMES, LAB_PEER_SPAN},
};

static const char *const context_kind_names[LAB_CONTEXT_KIND_COUNT] = {
	[LAB_CONTEXT_TASK] = "task",
	[LAB_CONTEXT_SOFTIRQ] = "softirq",
	[LAB_CONTEXT_HARDIRQ] = "hardirq",
	[LAB_CONTEXT_NMI] = "nmi",
};

const char *lab_op_name(enum lab_op_kind kind)
{
	lab_assert_cmp(kind, <, LAB_OP_KIND_COUNT);
	return lab_op_infos[kind].name;
}

const char *lab_context_kind_name(enum lab_context_kind kind)
{
	lab_assert_cmp(kind, <, LAB_CONTEXT_KIND_COUNT);
	return context_kind_names[kind];
}

const char *lab_zone_name(enum lab_zone zone)
{
	lab_assert_cmp(zone, <, LAB_ZONE_COUNT);
	return zone == LAB_ZONE_DMA ? "dma" : "normal";
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool lab_name_valid(const char *name, size_t bytes)
{
	if (!bytes || bytes >= LAB_NAME_BYTES || !is_letter(name[0]))
		return false;
	for (size_t i = 1; i < bytes; i++)
		if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') && name[i] != '-')
			return false;
	return !(bytes == 5 && !memcmp(name, "bytes", 5));
}

void lab_name_default(char name[LAB_NAME_BYTES], enum lab_context_kind kind, size_t index)
{
	char digits[8];
	unsigned count = 0, at = 0;

	/* By hand: the fuzz decoder names its contexts in every run, and snprintf would cost more than the rest. */
	lab_assert_cmp(index, <, 10 * LAB_CONTEXT_MAX);
	memset(name, 0, LAB_NAME_BYTES);
	name[at++] = lab_context_kind_name(kind)[0];
	do
		digits[count++] = (char)('0' + index % 10);
	while (index /= 10);
	while (count)
		name[at++] = digits[--count];
}

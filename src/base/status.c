/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/status.h>

#include "base/bits.h"

static const char *const names[] = {
	[LAB_OK] = "ok",
	[LAB_NO_MEMORY] = "no-memory",
	[LAB_INVALID] = "invalid",
	[LAB_BAD_FLAGS] = "bad-flags",
	[LAB_BAD_ADDRESS] = "bad-address",
	[LAB_NOT_ALLOCATED] = "not-allocated",
	[LAB_NOT_HEAD] = "not-head",
	[LAB_WRONG_OWNER] = "wrong-owner",
	[LAB_WRONG_ORDER] = "wrong-order",
	[LAB_BUSY] = "busy",
	[LAB_NOT_MAPPED] = "not-mapped",
	[LAB_UNSUPPORTED] = "unsupported",
	[LAB_UNCHANGED] = "unchanged",
	[LAB_SYSTEM] = "system",
};

_Static_assert(LAB_ARRAY_COUNT(names) == LAB_STATUS_COUNT, "every status has a name");

const char *lab_status_name(enum lab_status status)
{
	return (unsigned)status < LAB_STATUS_COUNT ? names[status] : "unknown";
}

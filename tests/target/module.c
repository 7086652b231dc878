/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

/* A plug-in with one thing wrong, chosen by MODULE_* when it is built; the functions are never called. */

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	return LAB_SYSTEM;
}

static void destroy(void *self)
{
}

static enum lab_status alloc(void *self, const struct lab_request *request, void **ret_block)
{
	return LAB_NO_MEMORY;
}

static enum lab_status release(void *self, void *block, const struct lab_request *request)
{
	return LAB_OK;
}

#ifdef MODULE_NAMELESS
static enum lab_word nameless(void *self, const void *address, char *text, size_t room)
{
	return LAB_WORD_NONE;
}
#endif

static const struct lab_target target = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(struct lab_target),
	.name = "module",
	.summary = "for the loader's tests",
	.caps = LAB_CAP_ARENA,
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = release,
#ifdef MODULE_WRONG
	MODULE_WRONG,
#endif
};

#ifdef MODULE_NO_ENTRY
const struct lab_target *lab_other_entry(void);
const struct lab_target *lab_other_entry(void)
#else
const struct lab_target *lab_target_entry(void)
#endif
{
#ifdef MODULE_NULL_TABLE
	return target.abi ? NULL : &target;
#else
	return &target;
#endif
}

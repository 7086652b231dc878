/* SPDX-License-Identifier: Apache-2.0 */
#include "target/singleton.h"

#include "base/bits.h"
#include "target/locals.h"
#include "target/module.h"

/* A table's destroy is told of no table: there is one function for each. */
static struct {
	struct lab_module *module;
	struct lab_module_image image;
} singletons[LAB_SINGLETON_COUNT];

#define DESTROY(index)                                                                                                 \
	static void destroy_##index(void *self)                                                                        \
	{                                                                                                              \
		lab_module_restore(singletons[index].module, &singletons[index].image);                                \
		lab_locals_reset(singletons[index].module);                                                            \
	}

DESTROY(0)
DESTROY(1)
DESTROY(2)
DESTROY(3)
DESTROY(4)
DESTROY(5)
DESTROY(6)
DESTROY(7)

static void (*const functions[])(void *self) = {destroy_0, destroy_1, destroy_2, destroy_3,
						destroy_4, destroy_5, destroy_6, destroy_7};

_Static_assert(LAB_ARRAY_COUNT(functions) == LAB_SINGLETON_COUNT, "a function for each");

enum lab_status lab_singleton_destroy(const struct lab_target *target, const char *file,
				      void (**ret_destroy)(void *self))
{
	enum lab_status status;
	unsigned at = 0;

	while (at < LAB_SINGLETON_COUNT && singletons[at].module && singletons[at].module->target != target)
		at++;
	if (at == LAB_SINGLETON_COUNT)
		return LAB_UNSUPPORTED;
	if (!singletons[at].module) {
		status = lab_module_survey(target, file, &singletons[at].module);
		if (status == LAB_OK)
			status = lab_module_save(singletons[at].module, &singletons[at].image);
		if (status != LAB_OK)
			return status;
	}
	*ret_destroy = functions[at];
	return LAB_OK;
}

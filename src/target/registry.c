/* SPDX-License-Identifier: Apache-2.0 */
#include "target/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "target/malloc.h"
#include "target/plugin.h"

static const struct lab_target *const builtins[] = {
	&lab_target_core,
	&lab_target_locked,
	&lab_target_malloc,
};

const struct lab_target *const *lab_target_builtins(size_t *ret_count)
{
	*ret_count = LAB_ARRAY_COUNT(builtins);
	return builtins;
}

static bool is_file(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') || (length > 3 && strcmp(name + length - 3, ".so") == 0);
}

static void say_unknown(const char *name, char *message, size_t room)
{
	size_t used = (size_t)snprintf(message, room, "%s: no such target, expected", name);

	for (size_t i = 0; i < LAB_ARRAY_COUNT(builtins) && used < room; i++)
		used += (size_t)snprintf(message + used, room - used, " %s,", builtins[i]->name);
	if (used < room)
		snprintf(message + used, room - used, " malloc:LIB.so or a plug-in's file (./my.so)");
}

enum lab_status lab_target_open(const char *name, const struct lab_target **ret_target, char *message, size_t room)
{
	/* Before the test for a file: a malloc library's name may end in .so or have a slash. */
	if (strncmp(name, "malloc:", strlen("malloc:")) == 0)
		return lab_target_malloc_open(name + strlen("malloc:"), ret_target, message, room);
	if (is_file(name))
		return lab_target_plugin_open(name, ret_target, message, room);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(builtins); i++)
		if (strcmp(name, builtins[i]->name) == 0) {
			*ret_target = builtins[i];
			return LAB_OK;
		}
	say_unknown(name, message, room);
	return LAB_INVALID;
}

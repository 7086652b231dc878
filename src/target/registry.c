/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/registry.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "target/malloc.h"
#include "target/module.h"
#include "target/peers.h"
#include "target/plugin.h"

static const struct lab_target *const builtins[] = {
	&lab_target_core,
	&lab_target_locked,
	&lab_target_malloc,
	&lab_target_shared,
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
	size_t peer_count;
	const struct lab_peer *peers = lab_peers(&peer_count);
	size_t used = (size_t)snprintf(message, room, "%s: no such target, expected", name);

	for (size_t i = 0; i < LAB_ARRAY_COUNT(builtins) && used < room; i++)
		used += (size_t)snprintf(message + used, room - used, " %s,", builtins[i]->name);
	for (size_t i = 0; i < peer_count && used < room; i++)
		used += (size_t)snprintf(message + used, room - used, " %s,", peers[i].name);
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
	if (lab_peer_by_name(name))
		return lab_peer_open(lab_peer_by_name(name), ret_target, message, room);
	say_unknown(name, message, room);
	return LAB_INVALID;
}

bool lab_target_find(const char *folder, const char *name, char *path, size_t room)
{
	static const char *const ways[] = {"", "/..", LAB_MODULE_DIR};
	ssize_t length = readlink("/proc/self/exe", path, room - 1);
	size_t program;

	if (length <= 0)
		return false;
	path[length] = '\0';
	program = (size_t)(strrchr(path, '/') - path);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(ways); i++)
		if ((size_t)snprintf(path + program, room - program, "%s/%s/%s.so", ways[i], folder, name) <
			    room - program &&
		    access(path, R_OK) == 0)
			return true;
	return false;
}

bool lab_target_find_module(const char *name, char *path, size_t room)
{
	return lab_target_find("targets", name, path, room);
}

enum lab_status lab_target_open_hooked(const char *name, const struct lab_target **ret_target, bool *ret_hooked,
				       char *message, size_t room)
{
	char path[4096];
	bool built_in = !is_file(name) && strncmp(name, "malloc:", strlen("malloc:")) != 0;
	const char *file = built_in && lab_target_find_module(name, path, sizeof(path)) ? path : name;
	enum lab_status status = lab_target_open(file, ret_target, message, room);

	if (status == LAB_OK)
		*ret_hooked = lab_module_of(*ret_target) != NULL;
	return status;
}

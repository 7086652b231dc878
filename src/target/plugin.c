/* SPDX-License-Identifier: Apache-2.0 */
#include "target/plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/module.h"
#include "target/singleton.h"

/* A table that ends early, or has no destroy, once more with all members; the same one each time. */
struct filled {
	struct filled *next;
	const struct lab_target *from;
	struct lab_target target;
};

static enum lab_status fill(const struct lab_target *from, const char *file, const struct lab_target **ret_target)
{
	static struct filled *all;
	struct filled *it = all;
	enum lab_status status = LAB_OK;

	*ret_target = from;
	if (from->size == sizeof(*from) && from->destroy)
		return LAB_OK;
	while (it && it->from != from)
		it = it->next;
	if (it) {
		*ret_target = &it->target;
		return LAB_OK;
	}
	it = calloc(1, sizeof(*it));
	if (!it)
		return LAB_NO_MEMORY;
	memcpy(&it->target, from, from->size);
	if (!from->destroy)
		status = lab_singleton_destroy(from, file, &it->target.destroy);
	if (status != LAB_OK) {
		free(it);
		return status;
	}
	it->from = from;
	it->next = all;
	all = it;
	*ret_target = &it->target;
	return LAB_OK;
}

void (*lab_target_restart)(void);

void *lab_target_load(const char *file)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	const char *reason = handle ? NULL : dlerror();

	if (!reason || !lab_target_restart || !strstr(reason, "static TLS"))
		return handle ? handle : dlopen(file, RTLD_NOW | RTLD_LOCAL); /* again, for dlerror */
	lab_target_restart();
	return dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

enum lab_status lab_target_plugin_open(const char *file, const struct lab_target **ret_target, char *message,
				       size_t room)
{
	const struct lab_target *(*entry)(void);
	const struct lab_target *target;
	struct lab_module *module;
	enum lab_status status;
	char path[4096];
	void *handle, *symbol;

	/* dlopen looks a bare name up in the system's folders; a plug-in is a file here. */
	if ((size_t)snprintf(path, sizeof(path), "%s%s", strchr(file, '/') ? "" : "./", file) >= sizeof(path)) {
		snprintf(message, room, "%.64s...: file name too long, expected at most %zu bytes", file, sizeof(path));
		return LAB_INVALID;
	}
	handle = lab_target_load(path);
	if (!handle) {
		snprintf(message, room, "%s: cannot be loaded, expected a shared object: %s", file, dlerror());
		return LAB_INVALID;
	}
	symbol = dlsym(handle, "lab_target_entry");
	if (!symbol) {
		snprintf(message, room,
			 "%s: lab_target_entry is missing, expected `const struct lab_target *lab_target_entry(void)`",
			 file);
		dlclose(handle);
		return LAB_INVALID;
	}
	memcpy(&entry, &symbol, sizeof(entry));
	target = entry();
	status = lab_target_validate(target, file, message, room);
	if (status != LAB_OK) {
		dlclose(handle);
		return status;
	}
	status = fill(target, path, &target);
	if (status == LAB_NO_MEMORY || status == LAB_UNSUPPORTED) {
		snprintf(message, room, "%s: %s", file,
			 status == LAB_NO_MEMORY ? "no memory" : "one plug-in without destroy too many");
		dlclose(handle);
		return status;
	}
	if (status == LAB_OK)
		status = lab_module_register(target, path, &module);
	if (status != LAB_OK) {
		snprintf(message, room, "%s: its sections cannot be read, expected an ELF file: %s", file,
			 lab_status_name(status));
		dlclose(handle);
		return status;
	}
	*ret_target = target;
	return LAB_OK;
}

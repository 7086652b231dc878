/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/locals.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

/* What the general dynamic model asks the loader, on the machines that it has this function on. */
struct index {
	unsigned long module, offset;
};

extern void *__tls_get_addr(struct index *index);

void lab_locals_reset(const struct lab_module *module)
{
	struct index index = {.module = module->tls_id};
	char *own = module->tls_id ? __tls_get_addr(&index) : NULL;

	if (!own)
		return;
	memcpy(own, module->tls_start_values, module->tls_start_bytes);
	memset(own + module->tls_start_bytes, 0, module->tls_bytes - module->tls_start_bytes);
}

void lab_locals_prepare(const void *inside)
{
	struct index index = {0};
	size_t module = 0;
	struct link_map *map;
	Dl_info info;

	if (!dladdr1(inside, &info, (void **)&map, RTLD_DL_LINKMAP) || dlinfo(map, RTLD_DI_TLS_MODID, &module) != 0 ||
	    !module)
		return;
	index.module = module;
	(void)__tls_get_addr(&index);
}

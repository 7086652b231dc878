/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/module.h"

#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "plat/sanitizer.h"
#include "plat/vm.h"
#include "target/changes.h"
#include "target/sections.h"

struct lab_heap *lab_module_heap;

static struct lab_module *modules;

struct lab_module *lab_module_of(const struct lab_target *target)
{
	for (struct lab_module *module = modules; module; module = module->next)
		if (module->target == target)
			return module;
	return NULL;
}

/* Adds a piece of memory without the spans that are spared; what does not fit is not restored. */
static void add_writable(struct lab_module *module, const struct lab_sections_facts *facts, char *load, char *start,
			 char *end)
{
	for (unsigned i = 0; i < facts->spared_count && start < end; i++) {
		char *hole = load + facts->spared[i].offset, *hole_end = hole + facts->spared[i].bytes;

		if (hole_end <= start || hole >= end)
			continue;
		if (hole > start)
			add_writable(module, facts, load, start, hole);
		start = hole_end;
	}
	if (start < end && module->writable_count < LAB_MODULE_RANGES)
		module->writable[module->writable_count++] = (struct lab_range){start, (size_t)(end - start)};
}

struct search {
	struct lab_module *module;
	const struct lab_sections_facts *facts;
	uintptr_t inside; /* an address of the module that is looked for */
	bool found;
};

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    address - info->dlpi_addr - info->dlpi_phdr[i].p_vaddr < info->dlpi_phdr[i].p_memsz)
			return true;
	return false;
}

static void note_whole(struct lab_module *module, char *start, char *end)
{
	struct lab_range *whole = &module->whole;

	if (!whole->start)
		*whole = (struct lab_range){start, (size_t)(end - start)};
	start = LAB_MIN(start, whole->start);
	end = LAB_MAX(end, whole->start + whole->bytes);
	*whole = (struct lab_range){start, (size_t)(end - start)};
}

/* What the loader made read-only after relocating; it ends at a page's start. */
static char *relro_end(const struct dl_phdr_info *info)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_GNU_RELRO)
			return (char *)((info->dlpi_addr + header->p_vaddr + header->p_memsz) &
					~(uintptr_t)(lab_vm_page_bytes() - 1));
	}
	return NULL;
}

static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	struct lab_module *module = search->module;
	char *relro = relro_end(info);

	if (!holds(info, search->inside))
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		char *start = (char *)(info->dlpi_addr + header->p_vaddr), *end = start + header->p_memsz;

		if (header->p_type == PT_LOAD) {
			note_whole(module, start, end);
			if (relro > start && relro < end)
				start = relro;
			if (header->p_flags & PF_W && relro != end)
				add_writable(module, search->facts, (char *)info->dlpi_addr, start, end);
		} else if (header->p_type == PT_TLS) {
			module->tls_id = info->dlpi_tls_modid;
			module->tls_start_values = start;
			module->tls_start_bytes = header->p_filesz;
			module->tls_bytes = header->p_memsz;
			module->tls_alignment = LAB_MAX(header->p_align, (ElfW(Xword))16);
		}
	}
	search->found = true;
	return 1;
}

static enum lab_status survey(const struct lab_target *target, const struct lab_sections_facts *facts,
			      struct lab_module **ret_module)
{
	struct lab_module *module = calloc(1, sizeof(*module));

	if (!module)
		return LAB_NO_MEMORY;
	module->target = target;
	module->fenced = facts->fenced;
	/* its own function, since the table may lie anywhere */
	dl_iterate_phdr(look_at, &(struct search){module, facts, (uintptr_t)target->create, false});
	*ret_module = module;
	return LAB_OK;
}

enum lab_status lab_module_survey(const struct lab_target *target, const char *file, struct lab_module **ret_module)
{
	struct lab_sections_facts facts;
	enum lab_status status = lab_sections_read(file, &facts);

	return status == LAB_OK ? survey(target, &facts, ret_module) : status;
}

enum lab_status lab_module_register(const struct lab_target *target, const char *file, struct lab_module **ret_module)
{
	struct lab_sections_facts facts;
	struct lab_module *module = lab_module_of(target);
	enum lab_status status = module ? LAB_OK : lab_sections_read(file, &facts);

	if (module || status != LAB_OK || !facts.hooked) {
		*ret_module = module;
		return status;
	}
	status = survey(target, &facts, &module);
	if (status != LAB_OK)
		return status;
	status = lab_heap_init(&module->heap);
	if (status != LAB_OK) {
		free(module);
		return status;
	}
	module->next = modules;
	modules = module;
	*ret_module = module;
	return LAB_OK;
}

/* Between a module's variables AddressSanitizer keeps red zones, which are copied with the rest. */
LAB_NO_INSTRUMENTATION static void copy(char *to, const char *from, size_t bytes)
{
#if LAB_SANITIZER_ADDRESS
	for (size_t i = 0; i < bytes; i++)
		*(volatile char *)(to + i) = *(const volatile char *)(from + i); /* no memcpy, which is watched */
#else
	memcpy(to, from, bytes);
#endif
}

/* Pieces of an image lie at multiples of this, so that a leak checker sees the pointers in it. */
static size_t piece_bytes(const struct lab_range *range)
{
	return lab_align_up(range->bytes, sizeof(max_align_t));
}

enum lab_status lab_module_save(const struct lab_module *module, struct lab_module_image *image)
{
	size_t used = module->heap.state.used, grains = used / LAB_HEAP_GRAIN, bytes = used + grains;
	char *to;

	for (unsigned i = 0; i < module->writable_count; i++)
		bytes += piece_bytes(&module->writable[i]);
	if (bytes > image->room) {
		char *grown = realloc(image->bytes, bytes);

		if (!grown)
			return LAB_NO_MEMORY;
		image->bytes = grown;
		image->room = bytes;
	}
	to = image->bytes;
	for (unsigned i = 0; i < module->writable_count; to += piece_bytes(&module->writable[i++]))
		copy(to, module->writable[i].start, module->writable[i].bytes);
	if (used) {
		copy(to, module->heap.base, used);
		memcpy(to + used, module->heap.grains, grains);
	}
	image->heap = module->heap.state;
	image->taken = true;
	return LAB_OK;
}

void lab_module_restore(struct lab_module *module, const struct lab_module_image *image)
{
	const char *from = image->bytes;
	size_t grains = image->heap.used / LAB_HEAP_GRAIN;

	for (unsigned i = 0; i < module->writable_count; from += piece_bytes(&module->writable[i++]))
		copy(module->writable[i].start, from, module->writable[i].bytes);
	if (grains) {
		copy(module->heap.base, from, image->heap.used);
		memcpy(module->heap.grains, from + image->heap.used, grains);
	}
	if (module->heap.state.used > image->heap.used)
		memset(module->heap.grains + grains, 0, module->heap.state.used / LAB_HEAP_GRAIN - grains);
	module->heap.state = image->heap;
}

void lab_module_image_free(struct lab_module_image *image)
{
	free(image->bytes);
	*image = (struct lab_module_image){0};
}

uint64_t lab_module_changes(const struct lab_module *module, const struct lab_module_image *image, uint64_t seed)
{
	const char *was = image->bytes;
	size_t kept = LAB_MIN(module->heap.state.used, image->heap.used);

	for (unsigned i = 0; i < module->writable_count; was += module->writable[i++].bytes)
		seed = lab_changes_hash(module->writable[i].start, was, module->writable[i].bytes, seed + i);
	seed = lab_changes_hash(module->heap.base, was, kept, seed + module->heap.state.used);
	return lab_changes_hash(module->heap.base + kept, NULL, module->heap.state.used - kept, seed);
}

/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/got.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "plat/vm.h"

#if defined(__x86_64__)
#define RELOCATION_CALL    R_X86_64_JUMP_SLOT
#define RELOCATION_POINTER R_X86_64_GLOB_DAT
#define RELOCATION_WORD    R_X86_64_64
#elif defined(__aarch64__)
#define RELOCATION_CALL    R_AARCH64_JUMP_SLOT
#define RELOCATION_POINTER R_AARCH64_GLOB_DAT
#define RELOCATION_WORD    R_AARCH64_ABS64
#endif

#ifdef RELOCATION_CALL
/* What an object says of itself to the loader. */
struct dynamic {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * tables[2];
	size_t bytes[2];
};

static void read_dynamic(const struct link_map *map, struct dynamic *dynamic)
{
	*dynamic = (struct dynamic){.base = map->l_addr};
	for (const ElfW(Dyn) *it = map->l_ld; it->d_tag != DT_NULL; it++) {
		switch (it->d_tag) {
		case DT_SYMTAB:
			dynamic->symbols = (const ElfW(Sym) *)it->d_un.d_ptr;
			break;
		case DT_STRTAB:
			dynamic->names = (const char *)it->d_un.d_ptr;
			break;
		case DT_JMPREL:
			dynamic->tables[0] = (const ElfW(Rela) *)it->d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			dynamic->bytes[0] = it->d_un.d_val;
			break;
		case DT_RELA:
			dynamic->tables[1] = (const ElfW(Rela) *)it->d_un.d_ptr;
			break;
		case DT_RELASZ:
			dynamic->bytes[1] = it->d_un.d_val;
			break;
		default:
			break;
		}
	}
}

/* The loader made it read-only after relocating, and nothing of this program's relies on that: it stays writable. */
static enum lab_status write_slot(uintptr_t slot, void (*instead)(void))
{
	uintptr_t page = slot & ~(uintptr_t)(lab_vm_page_bytes() - 1);

	if (mprotect((void *)page, slot + sizeof(instead) - page, PROT_READ | PROT_WRITE) != 0)
		return LAB_SYSTEM;
	memcpy((void *)slot, &instead, sizeof(instead));
	return LAB_OK;
}

static enum lab_status replace_one(const struct dynamic *dynamic, const ElfW(Rela) * relocation,
				   const struct lab_got_function *functions, size_t count)
{
	const ElfW(Sym) *symbol = &dynamic->symbols[ELF64_R_SYM(relocation->r_info)];
	unsigned kind = ELF64_R_TYPE(relocation->r_info);

	if ((kind != RELOCATION_CALL && kind != RELOCATION_POINTER && kind != RELOCATION_WORD) ||
	    symbol->st_shndx != SHN_UNDEF)
		return LAB_OK;
	for (size_t i = 0; i < count; i++)
		if (strcmp(dynamic->names + symbol->st_name, functions[i].name) == 0)
			return write_slot(dynamic->base + relocation->r_offset, functions[i].instead);
	return LAB_OK;
}

enum lab_status lab_got_replace(const void *inside, const struct lab_got_function *functions, size_t count)
{
	struct dynamic dynamic;
	struct link_map *map;
	Dl_info info;

	if (!dladdr1(inside, &info, (void **)&map, RTLD_DL_LINKMAP) || !map->l_name[0])
		return LAB_OK;
	read_dynamic(map, &dynamic);
	for (unsigned table = 0; table < 2; table++) {
		const ElfW(Rela) *relocation = dynamic.tables[table];
		size_t left = relocation && dynamic.symbols && dynamic.names ? dynamic.bytes[table] : 0;

		for (; left; left -= sizeof(*relocation)) {
			enum lab_status status = replace_one(&dynamic, relocation++, functions, count);

			if (status != LAB_OK)
				return status;
		}
	}
	return LAB_OK;
}
#else
enum lab_status lab_got_replace(const void *inside, const struct lab_got_function *functions, size_t count)
{
	return LAB_OK;
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "target/sections.h"

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory. Every offset that is read from it is checked against its size. */
struct object {
	const char *bytes;
	size_t size;
	const ElfW(Shdr) * sections;
	size_t section_count;
};

static bool inside(const struct object *object, uint64_t offset, uint64_t bytes)
{
	return offset <= object->size && bytes <= object->size - offset;
}

static enum lab_status map_file(const char *file, struct object *object)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	void *bytes;

	if (fd < 0)
		return LAB_SYSTEM;
	if (fstat(fd, &stat) != 0 || stat.st_size < (off_t)sizeof(ElfW(Ehdr))) {
		close(fd);
		return LAB_INVALID;
	}
	object->size = (size_t)stat.st_size;
	bytes = mmap(NULL, object->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return LAB_SYSTEM;
	object->bytes = bytes;
	return LAB_OK;
}

static bool find_sections(struct object *object)
{
	const void *sections;
	ElfW(Ehdr) header;

	memcpy(&header, object->bytes, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(ElfW(Shdr)) ||
	    header.e_shoff % _Alignof(ElfW(Shdr)) ||
	    !inside(object, header.e_shoff, (uint64_t)header.e_shnum * sizeof(ElfW(Shdr))) ||
	    header.e_shstrndx >= header.e_shnum)
		return false;
	sections = object->bytes + header.e_shoff;
	object->sections = sections;
	object->section_count = header.e_shnum;
	return true;
}

/* The string at an offset of a string section; "" if it does not end inside. */
static const char *string_at(const struct object *object, size_t section, size_t offset)
{
	const ElfW(Shdr) *strings = &object->sections[section];
	const char *start;

	if (section >= object->section_count || !inside(object, strings->sh_offset, strings->sh_size) ||
	    offset >= strings->sh_size)
		return "";
	start = object->bytes + strings->sh_offset + offset;
	return memchr(start, '\0', strings->sh_size - offset) ? start : "";
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool asks_for(const struct object *object, const ElfW(Shdr) * symbols, const char *start)
{
	size_t count = symbols->sh_size / sizeof(ElfW(Sym));

	if (!inside(object, symbols->sh_offset, symbols->sh_size))
		return false;
	for (size_t i = 0; i < count; i++) {
		ElfW(Sym) symbol;

		memcpy(&symbol, object->bytes + symbols->sh_offset + i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF &&
		    starts_with(string_at(object, symbols->sh_link, symbol.st_name), start))
			return true;
	}
	return false;
}

/* Counters of coverage and profiles go on from run to run. */
static bool is_spared(const char *section)
{
	return starts_with(section, "__sancov_") || starts_with(section, "__llvm_prf_") ||
	       starts_with(section, "__llvm_gcov") || starts_with(section, "__libfuzzer_");
}

static void read_sections(const struct object *object, struct lab_sections_facts *facts)
{
	ElfW(Ehdr) header;

	memcpy(&header, object->bytes, sizeof(header));
	for (size_t i = 0; i < object->section_count; i++) {
		const ElfW(Shdr) *section = &object->sections[i];

		if (section->sh_type == SHT_DYNSYM) {
			facts->hooked |= asks_for(object, section, "__wrap___tsan_");
			facts->fenced |= asks_for(object, section, "__wrap___tsan_atomic_thread_fence");
		}
		if (section->sh_flags & SHF_ALLOC && facts->spared_count < LAB_MODULE_RANGES &&
		    is_spared(string_at(object, header.e_shstrndx, section->sh_name)))
			facts->spared[facts->spared_count++] =
				(struct lab_sections_span){section->sh_addr, section->sh_size};
	}
}

enum lab_status lab_sections_read(const char *file, struct lab_sections_facts *ret_facts)
{
	struct object object = {0};
	enum lab_status status = map_file(file, &object);

	if (status != LAB_OK)
		return status;
	if (find_sections(&object)) {
		memset(ret_facts, 0, sizeof(*ret_facts));
		read_sections(&object, ret_facts);
	} else {
		status = LAB_INVALID;
	}
	munmap((void *)(uintptr_t)object.bytes, object.size);
	return status;
}

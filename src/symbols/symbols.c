/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/source_file.h"

/* Where the object is said to lie: elfutils takes 0 for "not loaded". */
#define BASE UINT64_C(0x100000000)

#define SCOPES_MAX 32

struct known {
	uintptr_t offset;
	bool found;
	struct lab_source source;
};

struct lab_symbols {
	Dwfl *dwfl;
	Dwfl_Module *module;
	struct known **known; /* what was asked for before */
	size_t known_count, known_room;
};

/* Debugging information is looked for in the file itself and in the system's folders, never fetched. */
static int find_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **ret_file, Elf **ret_elf)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

enum lab_status lab_symbols_open(const char *file, struct lab_symbols **ret_symbols)
{
	struct lab_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return LAB_NO_MEMORY;
	errno = 0;
	symbols->dwfl = dwfl_begin(&callbacks);
	if (symbols->dwfl) {
		dwfl_report_begin(symbols->dwfl);
		symbols->module = dwfl_report_elf(symbols->dwfl, file, file, -1, BASE, true);
		dwfl_report_end(symbols->dwfl, NULL, NULL);
	}
	if (!symbols->module) {
		enum lab_status status = errno ? LAB_SYSTEM : LAB_INVALID;

		lab_symbols_close(symbols);
		return status;
	}
	*ret_symbols = symbols;
	return LAB_OK;
}

void lab_symbols_close(struct lab_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->known_count; i++)
		free(symbols->known[i]);
	free(symbols->known);
	dwfl_end(symbols->dwfl);
	free(symbols);
}

/* A place in the sources, as debugging information has it; what it points to lives as long as the file is open. */
struct place {
	const char *function, *folder, *file;
	const char *within; /* the function that the others were inlined into */
	int line;
};

static bool is_function(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_subprogram || dwarf_tag(die) == DW_TAG_inlined_subroutine;
}

/* The caller's line, where that inlined it. */
static bool go_to_caller(Dwarf_Die *unit, Dwarf_Die *inlined, struct place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
	    dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
	    dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count)
		return false;
	place->file = dwarf_filesrc(files, file, NULL, NULL);
	place->line = (int)line;
	return place->file != NULL;
}

/* The function whose code it is, whatever was inlined there. */
static const char *function_of(Dwarf_Die *chain, int count)
{
	for (int i = 0; i < count; i++)
		if (dwarf_tag(&chain[i]) == DW_TAG_subprogram)
			return dwarf_diename(&chain[i]);
	return NULL;
}

/* From the innermost function out, past those that are wrappers. */
static void climb(Dwarf_Die *unit, Dwarf_Die *chain, int count, struct place *place)
{
	place->within = function_of(chain, count);
	for (int i = 0; i < count; i++) {
		if (!is_function(&chain[i]))
			continue;
		place->function = dwarf_diename(&chain[i]);
		if (dwarf_tag(&chain[i]) != DW_TAG_inlined_subroutine || !lab_source_is_wrapper(place->file))
			return;
		if (!go_to_caller(unit, &chain[i], place))
			return;
	}
}

/* clang writes no table of which unit has which addresses, so each is asked. */
static Dwarf_Die *unit_of(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = NULL;

	while ((unit = dwfl_module_nextcu(module, unit, ret_bias)))
		if (dwarf_haspc(unit, address - *ret_bias) > 0)
			return unit;
	return NULL;
}

/*
 * The scopes around an address, the innermost first, by going down from the unit. Of a program that was optimised as a
 * whole libdw's own search answers none, where a function of another unit was inlined.
 */
static int descend(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die chain[SCOPES_MAX])
{
	Dwarf_Die scope = *unit, child;
	int count = 0;

	while (count < SCOPES_MAX && dwarf_child(&scope, &child) == 0) {
		while (dwarf_haspc(&child, address) <= 0)
			if (dwarf_siblingof(&child, &child) != 0)
				return count;
		memmove(chain + 1, chain, (size_t)count++ * sizeof(*chain));
		chain[0] = scope = child;
	}
	return count;
}

static bool find_line(Dwfl_Module *module, Dwarf_Addr address, struct place *place)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = unit_of(module, address, &bias), *scopes = NULL, *chain = NULL;
	Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
	Dwarf_Attribute folder;
	int count;

	if (!line || dwarf_lineno(line, &place->line) != 0)
		return false;
	place->file = dwarf_linesrc(line, NULL, NULL);
	place->folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &folder));
	if (!place->file)
		return false;
	count = dwarf_getscopes(unit, address - bias, &scopes);
	/* the scopes of an inlined function are where it was written; those of its DIE, where it was inlined */
	if (count > 0)
		count = dwarf_getscopes_die(&scopes[0], &chain);
	if (count > 0) {
		climb(unit, chain, count, place);
	} else {
		Dwarf_Die found[SCOPES_MAX];

		climb(unit, found, descend(unit, address - bias, found), place);
	}
	free(scopes);
	free(chain);
	return true;
}

static bool look_up(struct lab_symbols *symbols, uintptr_t offset, struct lab_source *source)
{
	Dwarf_Addr address = BASE + offset - 1; /* of the call itself, or of the last byte of what ended there */
	struct place place = {0};
	const char *name;
	char text[64];
	GElf_Off into;
	GElf_Sym symbol;

	if (find_line(symbols->module, address, &place)) {
		lab_source_keep(place.function ? place.function : "", source->function, sizeof(source->function));
		if (place.function && place.within && strcmp(place.function, place.within) != 0)
			lab_source_keep(place.within, source->within, sizeof(source->within));
		source->line = place.line > 0 ? (unsigned)place.line : 0;
		lab_source_find(place.folder, place.file, source);
		return true;
	}
	name = dwfl_module_addrinfo(symbols->module, address, &into, &symbol, NULL, NULL, NULL);
	if (!name)
		return false;
	snprintf(text, sizeof(text), "%.40s+0x%llx", name, (unsigned long long)into + 1);
	lab_source_keep(text, source->function, sizeof(source->function));
	return true;
}

static struct known *known_at(struct lab_symbols *symbols, uintptr_t offset)
{
	for (size_t i = 0; i < symbols->known_count; i++)
		if (symbols->known[i]->offset == offset)
			return symbols->known[i];
	return NULL;
}

/* NULL: no memory for another one. */
static struct known *add_known(struct lab_symbols *symbols, uintptr_t offset)
{
	struct known *known = calloc(1, sizeof(*known));

	if (symbols->known_count == symbols->known_room) {
		size_t room = symbols->known_room ? 2 * symbols->known_room : 64;
		struct known **grown = realloc(symbols->known, room * sizeof(struct known *));

		if (grown) {
			symbols->known = grown;
			symbols->known_room = room;
		}
	}
	if (!known || symbols->known_count == symbols->known_room) {
		free(known);
		return NULL;
	}
	known->offset = offset;
	known->found = look_up(symbols, offset, &known->source);
	symbols->known[symbols->known_count++] = known;
	return known;
}

bool lab_symbols_source(struct lab_symbols *symbols, uintptr_t offset, const struct lab_source **ret_source)
{
	struct known *known = known_at(symbols, offset);

	if (!known)
		known = add_known(symbols, offset);
	if (!known || !known->found)
		return false;
	*ret_source = &known->source;
	return true;
}

bool lab_symbols_variable(struct lab_symbols *symbols, uintptr_t offset, char *text, size_t room)
{
	GElf_Off into;
	GElf_Sym symbol;
	const char *name = dwfl_module_addrinfo(symbols->module, BASE + offset, &into, &symbol, NULL, NULL, NULL);

	if (!name || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || into >= symbol.st_size)
		return false;
	lab_source_keep(name, text, room);
	if (into)
		snprintf(text + strlen(text), room - strlen(text), "+0x%llx", (unsigned long long)into);
	return true;
}

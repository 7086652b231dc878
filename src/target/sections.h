/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_SECTIONS_H
#define LAB_TARGET_SECTIONS_H

#include "target/module.h"

/*
 * What the section table of a shared object's file tells. hooked: it asks for a wrapped hook; fenced: for that of
 * fences. spared: sections that a restore must leave alone, as offsets from where the object is loaded; what does not
 * fit into `room` is left out.
 */
struct lab_sections_facts {
	bool hooked, fenced;
	struct lab_sections_span {
		size_t offset, bytes;
	} spared[LAB_MODULE_RANGES];
	unsigned spared_count;
};

/* LAB_SYSTEM: errno. LAB_INVALID: not an object that this program can read. May sleep. */
LAB_MUST_USE enum lab_status lab_sections_read(const char *file, struct lab_sections_facts *ret_facts);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_CORE_SERVICES_H
#define LAB_TARGET_CORE_SERVICES_H

#include <labyrinth/arena.h>
#include <labyrinth/target.h>

/* What the host gives, as the arena asks for it. */
struct lab_core_services {
	struct lab_arena_services services;
	struct lab_arena_shrinker shrinker;
};

/* `reclaims`: the target has a reclaimer to be woken. Stays where it is, and so does the host, while the arena is used.
 */
void lab_core_services_fill(struct lab_core_services *ret_services, const struct lab_host *host, bool reclaims);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_PLACES_H
#define LAB_CLI_PLACES_H

#include <stddef.h>
#include <stdint.h>

/* Addresses of code of a process, maybe another one, maybe gone, as functions and lines. */
struct lab_places;

#define LAB_PLACES_MAPS_MAX ((size_t)4 << 20) /* bytes of /proc/PROCESS/maps */

/*
 * From the file ARENA.maps, and from /proc/PROCESS/maps where there is none; process 0, or neither: addresses stay
 * numbers. arena_path NULL: of a process that lives. The caller's to close. Memory that runs out ends the program.
 */
struct lab_places *lab_places_open(const char *arena_path, uint32_t process);
void lab_places_close(struct lab_places *places);

/*
 * "lab_exec_op src/engine/exec.c:212", with " in NAME" if it was inlined there, or "libc.so.6+0x8904f", or
 * "0x55d0c0de": where a call returns to. May sleep.
 */
void lab_places_name(struct lab_places *places, uint64_t address, char *text, size_t room);

#endif

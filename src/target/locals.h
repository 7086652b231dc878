/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_LOCALS_H
#define LAB_TARGET_LOCALS_H

#include "target/module.h"

/*
 * Gives the calling thread its thread-local storage of the shared object that holds the address `inside`. Otherwise the
 * loader does at the first use, by malloc, wherever that is. May sleep.
 */
void lab_locals_prepare(const void *inside);

/* The calling thread's storage of a module, as a new thread has it. */
void lab_locals_reset(const struct lab_module *module);

#endif

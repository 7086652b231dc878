/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WRAPPER_ATOMIC_H
#define WRAPPER_ATOMIC_H

void *symbols_here(void);
void *symbols_plain(void);
void *symbols_inlined(void);
void *symbols_wrapped(void);

static inline __attribute__((always_inline)) void *wrapper_here(void)
{
	return symbols_here(); /* nor this */
}

#endif

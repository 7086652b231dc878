/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/sim_state.h"

#include <dlfcn.h>

/* Addresses of code differ from process to process; their offsets in the file that they were loaded from do not. */

uintptr_t lab_sim_code_offset(struct lab_sim *sim, uintptr_t code)
{
	struct lab_sim_code *known = &sim->codes[(code ^ code >> 10) % LAB_SIM_CODE_COUNT];
	Dl_info info;

	if (!code)
		return 0;
	if (known->code != code) {
		known->code = code;
		known->offset = dladdr((const void *)code, &info) ? code - (uintptr_t)info.dli_fbase : 0;
	}
	return known->offset;
}

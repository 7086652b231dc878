/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cover.h"

/* Does nothing: what the engine and the sanitizers cost by themselves. `labyrinth bench fuzz` compares the others. */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	lab_fuzz_cover_open();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	return 0;
}

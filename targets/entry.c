/* SPDX-License-Identifier: Apache-2.0 */
#include "target/registry.h"

/* The one symbol of a built-in target's module: TARGET_TABLE comes from the build. */
__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	return &TARGET_TABLE;
}

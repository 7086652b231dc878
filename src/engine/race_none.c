/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/race.h"

#include "engine/hook.h"
#include "plat/sanitizer.h"

/* In place of race.c where the hooks are all there is. */

const struct lab_race_engine *const lab_race_engine;

/* Called by each module's constructor, and not wrapped, so that race mode reaches the real one. */
#if !LAB_SANITIZER_THREAD
LAB_HOOK void __tsan_init(void);
void __tsan_init(void)
{
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_HOOK_H
#define LAB_ENGINE_HOOK_H

/*
 * A hook: what a module compiled with -fsanitize=thread and linked with --wrap for each name of targets/hooks.txt calls
 * in this program. The program's dynamic list (hooks.list) exports them by name; hidden visibility would forbid it.
 */
#define LAB_HOOK __attribute__((visibility("default"), used))

#endif

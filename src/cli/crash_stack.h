/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_CRASH_STACK_H
#define LAB_CLI_CRASH_STACK_H

#include "engine/isolate.h"

/*
 * Prints where a child crashed, or was when it was ended, innermost first, down to the target's function that the
 * harness called; of a child of this process, which has the same addresses. Nothing if it left no stack.
 */
void lab_cli_crash_stack(const struct lab_crash_stack *stack);

#endif

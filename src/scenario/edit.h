/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_EDIT_H
#define LAB_SCENARIO_EDIT_H

#include "scenario/scenario.h"

/* Edits that keep the tables whole: operations stay behind one another, and numbers of contexts go on naming them. */

/* Puts an operation before the context's at-th, at most op_count. */
void lab_edit_insert_op(struct lab_scenario *scenario, size_t context, size_t at, struct lab_op op);
/* Takes the at-th operation of the context out. */
struct lab_op lab_edit_drop_op(struct lab_scenario *scenario, size_t context, size_t at);

/* A new context without operations, tasks behind the last task, handlers last; answers its index. */
size_t lab_edit_add_context(struct lab_scenario *scenario, enum lab_context_kind kind, unsigned cpu);
/* Drops a context, its operations, and the directives about it; whoever named it names the first context. */
void lab_edit_drop_context(struct lab_scenario *scenario, size_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_VALIDATE_H
#define LAB_SCENARIO_VALIDATE_H

#include "scenario/scenario.h"

/*
 * The caller's own obligations, so that no finding is the scenario's own fault. normalise mends: a KERNEL request
 * inside a lock, with interrupts off or in a handler becomes NOWAIT; contradictory flags are dropped; locks nest in
 * ascending order; if any handler uses a lock, every lock is taken irq-saving; no lock and no wait in nmi, no wait in
 * handlers; what is still held at the end of a context is released; orders, peers, CPUs and zones are clamped.
 * Idempotent. Misuse operations stay: the engine skips them for targets that do not claim LAB_CAP_OWNERSHIP.
 */
void lab_scenario_normalise(struct lab_scenario *scenario);

/* LAB_OK, or LAB_INVALID with one line in message: the thing, the value, what was expected. Never mends. */
LAB_MUST_USE enum lab_status lab_scenario_validate(const struct lab_scenario *scenario, char *message, size_t room);

#endif

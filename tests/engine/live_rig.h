/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TEST_LIVE_RIG_H
#define LAB_TEST_LIVE_RIG_H

#include "engine/live.h"

/*
 * A target that is `core` with a hook in its alloc, and a driver that allocates and frees in every context: what the
 * tests of the live engine run.
 */
extern const struct lab_host *lab_test_rig_host;
/* Called in each alloc of the target while a driver runs; NULL: nothing. */
extern void (*lab_test_rig_hook)(const struct lab_request *request);

/* Where ThreadSanitizer delays signals, interrupts come in place. */
#define RIG_SOURCE LAB_LIVE_SOURCE_DEFAULT
#define RIG_LEVELS 0xeu

/* The hooked target on a small machine, all levels, RIG_SOURCE, nothing timed. */
struct lab_live_config lab_test_rig_config(unsigned threads);

/* The hook is called from now on: for drivers other than the rig's. */
void lab_test_rig_enable(void);

/* Creates, runs until duration_ns or op_limit, and answers the stopped engine. */
struct lab_live *lab_test_rig_run(const struct lab_live_config *config, uint64_t duration_ns, uint64_t op_limit);

/* Firings of all handlers of a kind. */
uint64_t lab_test_rig_fired(const struct lab_live *live, enum lab_context_kind kind);

/* Fails the test unless the engine found that rule, with that word in the detail; word NULL: any. */
void lab_test_rig_expect(const struct lab_live *live, enum lab_rule rule, const char *word);
/* Fails the test, with the log, if the engine has a finding. */
void lab_test_rig_expect_clean(const struct lab_live *live);

/* Keeps the processor for so long. */
void lab_test_rig_spin_ns(uint64_t ns);

#endif

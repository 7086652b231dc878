/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_ENGINE_RIG_H
#define LAB_TESTS_ENGINE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/sim.h"
#include "target/registry.h"

/* Runs text scenarios on the sim engine and keeps in which order operations ended: "a b a rx", one word each. */
struct lab_rig {
	struct lab_sim *sim;
	struct lab_scenario scenario;
	struct lab_sim_result result;
	struct lab_sim_options options;
	char order[1024];
	enum lab_status statuses[256];
	size_t op_count;
};

void lab_rig_open(struct lab_rig *rig, const struct lab_target *target);
/* The same on a hooked module's file; fails the test if it is none. */
void lab_rig_open_hooked(struct lab_rig *rig, const char *file);
void lab_rig_close(struct lab_rig *rig); /* of one that is not open: nothing */
/* Parses and runs; fails the test if either is not possible. */
void lab_rig_run(struct lab_rig *rig, const char *text);
/* The same with these schedule bytes behind what the text says. */
void lab_rig_run_bytes(struct lab_rig *rig, const char *text, const uint8_t *bytes, size_t count);

/* Runs and fails the test unless the first finding is of that rule; LAB_RULE_COUNT: there is none. */
void lab_rig_expect(struct lab_rig *rig, const char *text, enum lab_rule rule);

#endif

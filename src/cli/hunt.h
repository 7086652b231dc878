/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_HUNT_H
#define LAB_CLI_HUNT_H

#include "engine/sim.h"
#include "report/emit.h"

#define LAB_HUNT_TIME_NS UINT64_C(10000000000)
#define LAB_HUNT_NEAR    16u
#define LAB_HUNT_CPU_NS  UINT64_C(10000000000) /* that one run may take */

/* What `labyrinth hunt` was asked for. */
struct lab_hunt_plan {
	const struct lab_target *target;
	const char *target_name, *path, *out, *findings_dir;
	enum lab_rule rule;
	uint64_t time_ns, seed;
	bool hooked; /* the target switches at each access */
	enum lab_format format;
};

/* A schedule that broke a rule. */
struct lab_hunt_catch {
	bool is;
	struct lab_scenario scenario;
	struct lab_choices choices;
	struct lab_sim_result result;
};

struct lab_hunt {
	const struct lab_hunt_plan *plan;
	struct lab_sim *sim;
	struct lab_scenario window;        /* the last events of the live run */
	struct lab_hunt_catch same, other; /* of the rule that is hunted; the first one of another */
	/* The last scenarios that broke another rule; of how many, and the last one's number. */
	struct lab_scenario near[LAB_HUNT_NEAR];
	uint64_t near_count, near_last;
	uint64_t started_ns, told_ns, scenarios, schedules;
	bool failed; /* the engine cannot run the target */
};

/* hunt_search.c: schedules of one scenario, at most about `share`. True: the hunt is over. */
bool lab_hunt_scenario(struct lab_hunt *hunt, const struct lab_scenario *scenario, uint64_t share);
/* True when a schedule was found, the time is up or the user asked to end. */
bool lab_hunt_over(struct lab_hunt *hunt);
/* Replays a catch, makes it smaller and writes it as an artifact; the exit code. */
int lab_hunt_write(struct lab_hunt *hunt, const struct lab_hunt_catch *from, const char *path);

/* hunt_vary.c: small scenarios made of the window, one after the other, until the hunt is over. */
void lab_hunt_vary(struct lab_hunt *hunt);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_HUNT_H
#define LAB_CLI_HUNT_H

#include <sys/types.h>

#include "engine/isolate.h"
#include "plat/sanitizer.h"
#include "report/emit.h"

#define LAB_HUNT_TIME_NS UINT64_C(10000000000)
/* CPU time that one run may take: in the search, and when what is found is made sure of. */
#define LAB_HUNT_CPU_NS  (UINT64_C(1000000000) * (LAB_SANITIZER_ANY ? 4 : 1))
#define LAB_HUNT_SURE_NS (3 * LAB_HUNT_CPU_NS)
#define LAB_HUNT_NEAR    16u
/* Times the search's time, by the clock, until what was found has to be small enough. */
#define LAB_HUNT_SURE_TIMES 8u

/*
 * `labyrinth hunt` is two processes, as explore is: one runs schedules, the other makes a finding of it when the target
 * takes the first one along, and then starts another where that one ended.
 */

/* What it was asked for. */
struct lab_hunt_plan {
	const struct lab_target *target;
	const char *target_name, *path, *out, *findings_dir;
	enum lab_rule rule;
	uint64_t time_ns, seed;
	bool hooked; /* the target switches at each access */
	enum lab_format format;
};

/* A scenario, and a schedule of it that broke a rule, as an artifact's bytes. */
#define LAB_HUNT_ROOM ((size_t)4 << 20)
struct lab_hunt_catch {
	size_t count; /* 0: nothing */
	struct lab_sim_result result;
	uint8_t bytes[LAB_HUNT_ROOM];
};

/* In memory that both processes see; one of them writes at a time, but for `stop`. */
struct lab_hunt_state {
	uint64_t started_ns, told_ns, found_ns, scenarios, schedules;
	uint64_t next;                     /* number of the variation that is due */
	lab_atomic32 stop;                 /* the user asked to end */
	enum lab_status status;            /* LAB_OK; else why the engine cannot run the target */
	struct lab_hunt_catch present;     /* the scenario under way */
	struct lab_hunt_catch same, other; /* of the rule that is hunted; the first one of another */
};

struct lab_hunt {
	const struct lab_hunt_plan *plan;
	struct lab_hunt_state *state;
	struct lab_sim *sim;
	struct lab_isolate watch;   /* of the process that runs schedules */
	struct lab_scenario window; /* the last events of the live run */
	/* The last scenarios that broke another rule; of how many, and the last one's number. */
	struct lab_scenario near[LAB_HUNT_NEAR];
	uint64_t near_count, near_last;
	pid_t watcher; /* the process that makes sure of what was found; the CPU time that it had used before */
	uint64_t used_ns;
};

/* hunt_watch.c: until something is found or the time is up; the exit code, 0 for none so far. */
int lab_hunt_watch(struct lab_hunt *hunt);
/* True when a schedule was found, the time is up or the user asked to end. */
bool lab_hunt_over(struct lab_hunt *hunt);
/* Keeps what was found unless something was before; is it what is hunted? */
void lab_hunt_keep(struct lab_hunt *hunt, const struct lab_scenario *scenario, const struct lab_choices *choices,
		   const struct lab_sim_result *result);
/* Replays a catch, makes it smaller and writes it as an artifact; the exit code. */
int lab_hunt_write(struct lab_hunt *hunt, const struct lab_hunt_catch *from, const char *path);

/* hunt_catch.c: into memory that both processes see and out of it again. LAB_NO_MEMORY: too large. */
LAB_MUST_USE enum lab_status lab_hunt_pack(struct lab_hunt_catch *to, const struct lab_scenario *scenario,
					   const struct lab_choices *choices);
LAB_MUST_USE enum lab_status lab_hunt_unpack(const struct lab_hunt_catch *from, struct lab_scenario *scenario,
					     struct lab_choices *choices);

/* hunt_search.c: schedules of one scenario, at most about `share`. */
void lab_hunt_scenario(struct lab_hunt *hunt, const struct lab_scenario *scenario, uint64_t share);

/* hunt_vary.c: small scenarios made of the window, one after the other, until the hunt is over. */
void lab_hunt_vary(struct lab_hunt *hunt);

#endif

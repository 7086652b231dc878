/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_EXPLORE_H
#define LAB_CLI_EXPLORE_H

#include "base/prng.h"
#include "campaign/run.h"
#include "cli/artifact_out.h"
#include "cli/trace_set.h"
#include "engine/isolate.h"
#include "report/artifact.h"
#include "report/emit.h"
#include "report/walk.h"

/*
 * `labyrinth explore` is two processes: one runs schedules, the other watches it. What is known so far lies in memory
 * that both see, so that the watcher can take over when a target took the first one along: it makes a finding of it
 * and, if asked to go on, starts another where that one ended.
 */

/* What it was asked for. */
struct lab_explore_plan {
	const struct lab_target *target;
	const char *target_name, *strategy, *from, *findings_dir;
	const char **paths;
	uint64_t schedules, time_ns, seed; /* 0: no limit of that kind */
	uint64_t search_cpu_ns;            /* that all schedules may take together; 0: no limit */
	uint64_t cpu_ns;                   /* that one run may take */
	unsigned preemptions;              /* LAB_NOBODY: the strategy's own */
	bool hooked;                       /* the target switches at each access */
	bool weak;                         /* loads read older values where C11 lets them */
	bool keep_going;                   /* after a finding */
	bool no_lanes;                     /* of a finding */
	enum lab_format format;
	const char *dir;        /* a campaign's folder; NULL: none */
	struct lab_run *folder; /* the same, open */
};

/* A finding that was made sure of. */
struct lab_explore_finding {
	struct lab_artifact_kept kept;
	uint64_t signature; /* of the smallest case */
	uint64_t met;       /* as often as one like it was found */
	/* When it was first met: before it, and CPU time of all processes until then. */
	uint64_t scenarios, schedules, cpu_ns;
};
#define LAB_EXPLORE_FINDINGS 256u
#define LAB_EXPLORE_SEEN     1024u

/* In memory that both processes see. Only one of them writes at a time, but for `stop`. */
struct lab_explore_state {
	struct lab_trace_set traces;
	uint64_t starved;          /* runs that ended with all waiting for memory that nobody could give */
	uint64_t windows_unjudged; /* by R18 */
	uint64_t sampled_ns;       /* for the campaign's folder */
	uint64_t started_ns, told_ns, scenarios, exhausted, schedules, bound; /* bound: as struct lab_strategy has it */
	uint64_t hash;                                                        /* of all runs' event hashes, in order */
	unsigned codes;    /* a bit for each exit code that something earned */
	bool ended;        /* no further scenario: a finding, a limit, or the user */
	bool again;        /* the process wants to be replaced by a fresh one */
	uint64_t cpu_ns;   /* of the processes that ran schedules before this one */
	lab_atomic32 stop; /* the user asked the watcher to end */
	/* The scenario under way: a file, or what is generated next. */
	uint64_t passed; /* files of those asked for */
	char path[LAB_WALK_PATH];
	struct lab_prng prng;
	unsigned finding_count;
	uint64_t unlisted; /* findings that no room was left for */
	struct lab_explore_finding findings[LAB_EXPLORE_FINDINGS];
	unsigned seen_count;
	struct {
		uint64_t signature; /* as it was found */
		unsigned finding;   /* what it came down to */
	} seen[LAB_EXPLORE_SEEN];
};

struct lab_explore {
	const struct lab_explore_plan *plan;
	struct lab_explore_state *state;
	struct lab_emit *emit;
	struct lab_sim *sim;
	struct lab_isolate watch; /* of the process that runs schedules */
	struct lab_isolate inner; /* of those that make sure of a finding */
	uint64_t walked;          /* files seen by this process */
	bool in_child;            /* this process runs schedules; false: it watches */
};

/* explore_watch.c: everything that the plan says, to its end. */
void lab_explore_all(struct lab_explore *explore);
bool lab_explore_stop(void *explore);

/* explore_source.c: the scenarios that the plan names, from the one that is due. */
void lab_explore_sources(struct lab_explore *explore);
/* The one under way once more, for the watcher, and the next is due. False: it cannot be had any more. */
bool lab_explore_source_again(struct lab_explore *explore, struct lab_scenario *scenario);

/* explore_run.c: all schedules of one scenario that the plan lets it have; share: 0: as many as the strategy wants. */
void lab_explore_scenario(struct lab_explore *explore, const char *name, const struct lab_scenario *scenario,
			  uint64_t share);
/* Counts a run that came to an end of whatever kind. */
void lab_explore_count(struct lab_explore_state *state, const struct lab_sim_result *result);
/* True when a limit is reached or the user asked to end; tells how far it is when that is due. now: looks at the clock
 * at once, which is else done now and then. */
bool lab_explore_limit(struct lab_explore *explore, bool now);

/* CPU time that the processes which run schedules took. */
uint64_t lab_explore_cpu_ns(const struct lab_explore *explore);

/* explore_found.c: makes sure of a finding and lists it; one like another that is listed is only counted. */
void lab_explore_found(struct lab_explore *explore, const struct lab_scenario *scenario,
		       const struct lab_choices *choices, const struct lab_sim_result *result);
/* R17: one run of a scenario, twice. */
void lab_explore_try_twice(struct lab_explore *explore, const struct lab_scenario *scenario);

/* explore_folder.c: --dir; plan is the explorer's own. 0, or an exit code after one line. */
int lab_explore_folder_open(struct lab_explore *explore, struct lab_explore_plan *plan);
/* Adds a sample when one is due. */
void lab_explore_folder_sample(struct lab_explore *explore, uint64_t now_ns);
/* The last of it; the exit code. */
int lab_explore_folder_close(struct lab_explore *explore, bool stopped, int code);

/* explore_tell.c */
void lab_explore_tell_options(const struct lab_explore *explore);
void lab_explore_emit_options(const struct lab_explore *explore, struct lab_emit *emit);
void lab_explore_tell_progress(struct lab_explore *explore);
void lab_explore_tell_scenario(const struct lab_explore *explore, const char *name, uint64_t schedules,
			       const struct lab_strategy *strategy);
void lab_explore_tell_end(struct lab_explore *explore); /* the closing record, then the findings */

#endif

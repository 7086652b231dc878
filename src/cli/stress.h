/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_STRESS_H
#define LAB_CLI_STRESS_H

#include "campaign/run.h"
#include "engine/live.h"
#include "oracle/finding.h"
#include "report/emit.h"
#include "report/histogram.h"
#include "stress/workload.h"

/* What `labyrinth stress` was asked for, every default filled in. */
#define LAB_STRESS_WORKLOAD_MAX 16u

/* What the campaign's folder is told now and then; in memory that processes share where there is one for each workload.
 */
struct lab_stress_tally {
	uint64_t operations, interrupts, rate, free_frames[LAB_ZONE_COUNT]; /* the least since the last sample */
	uint64_t operations_before, interrupts_before;                      /* by earlier processes */
	uint64_t sampled_ns, ticks;
};

struct lab_stress_plan {
	const char *target_name;
	const struct lab_target *target;
	const struct lab_workload *workloads[LAB_STRESS_WORKLOAD_MAX];
	size_t workload_count;
	unsigned threads, levels; /* levels: 1 << kind */
	enum lab_live_source source;
	uint64_t irq_rate, duration_ns, op_limit, seed, frames, min, watchdog_ns;
	bool sleep_allowed; /* nobody looks at system calls and locks of atomic calls */
	uint64_t hunt_ns;   /* for a schedule that shows what was found; 0: nobody looks for one */
	const char *hooked; /* the target's hooked module, for the hunt; NULL: as target_name says */
	const char *json_path, *findings_dir;
	enum lab_format format;
	bool (*look)(void *arg); /* at each tick of a run; false ends it; NULL: nobody looks */
	void *look_arg;
	unsigned processes; /* 0: threads; else a herd of processes, which are killed, and nothing else of the above */
	uint64_t kill_rate;
	bool keep_going;        /* a finding does not end it: the next workload runs */
	struct lab_run *folder; /* of a campaign, for the numbers over time; NULL: none */
	struct lab_stress_tally *tally;
};

/* Time in the target by kind of context, of the operations that were sampled. */
struct lab_stress_latency {
	struct lab_histogram alloc[LAB_CONTEXT_KIND_COUNT], free[LAB_CONTEXT_KIND_COUNT];
};

/* What one workload did. */
struct lab_stress_share {
	const struct lab_workload *workload;
	uint64_t ops, ns;
	struct lab_stress_latency latency;
};

/* What a finding leaves behind, all in the folder for findings. */
#define LAB_STRESS_PATH 512u

struct lab_stress_trail {
	char log[LAB_STRESS_PATH], scene[LAB_STRESS_PATH], artifact[LAB_STRESS_PATH]; /* "": not written */
	char command[1024], note[128];
	char *told; /* what the hunt printed; malloc'ed or NULL */
};

/* What a run came to. */
struct lab_stress_result {
	struct lab_live *live; /* stopped */
	struct lab_stress_share shares[LAB_STRESS_WORKLOAD_MAX];
	size_t share_count;                /* workloads that were begun; a finding is the last one's */
	struct lab_stress_latency latency; /* of all */
	struct lab_workload_shared shared;
	bool stopped; /* by a signal, before its time */
	struct lab_stress_trail trail;
};

#define LAB_STRESS_SAMPLE 16u

/* stress.c: a run from its options to its verdict; the exit code. Once a process. */
int lab_stress_one(const struct lab_stress_plan *plan);
/* False after one line on stderr: there is nothing to tell of. */
bool lab_stress_was_made(const char *command, const struct lab_stress_result *result, enum lab_status status);
/* Destroys the run; leaves the process with the code where that cannot be. Else answers the code. */
int lab_stress_close(struct lab_stress_result *result, int code);

/* stress_each.c: each workload in a process of its own, whatever the others come to; the exit code. */
int lab_stress_each(const struct lab_stress_plan *plan);

/* stress_herd.c: processes that share an arena and are killed; the exit code. */
int lab_stress_herd(const struct lab_stress_plan *plan);

/* stress_run.c. LAB_OK, findings or not; else as lab_live_create and lab_live_run; live is NULL if none came to be. */
LAB_MUST_USE enum lab_status lab_stress_run(const struct lab_stress_plan *plan, struct lab_stress_result *ret_result);

/* stress_folder.c: --dir. 0, or an exit code after one line. */
int lab_stress_folder_open(struct lab_stress_plan *plan, const char *dir);
/* At each tick of a run. */
void lab_stress_folder_tick(const struct lab_stress_plan *plan, const struct lab_live *live, uint64_t operations,
			    uint64_t interrupts);
/* At the end of a process's run. */
void lab_stress_folder_end(const struct lab_stress_plan *plan, uint64_t operations, uint64_t interrupts);
/* Adds to latency.json. False: errno. */
bool lab_stress_folder_latency(const struct lab_stress_plan *plan, const struct lab_stress_latency *latency);
/* The last of it; the exit code. */
int lab_stress_folder_close(const struct lab_stress_plan *plan, bool stopped, int code);

/* stress_report.c: the records of the options and of the result, to text, JSON lines or a document alike. */
void lab_stress_tell_options(struct lab_emit *emit, const struct lab_stress_plan *plan);
void lab_stress_tell_result(struct lab_emit *emit, const struct lab_stress_plan *plan,
			    const struct lab_stress_result *result);
const char *lab_stress_source_name(enum lab_live_source source);
/* "soft,hard,nmi" */
#define LAB_STRESS_LEVELS_TEXT 16u
void lab_stress_levels_text(unsigned levels, char text[LAB_STRESS_LEVELS_TEXT]);

/*
 * stress_stack.c: where the target was when it did what atomic calls must not, the innermost first; malloc'ed. NULL:
 * the finding has no stack.
 */
char *lab_stress_stack(const struct lab_live *live, const char *between);

/* stress_trail.c: writes the log of the finding, and the same events as a scenario. */
void lab_stress_leave_trail(const struct lab_stress_plan *plan, struct lab_stress_result *result);
/* The three lines of a finding whose schedule nobody found. */
void lab_stress_tell_finding(FILE *out, const struct lab_stress_result *result);

/*
 * stress_hunt.c: runs `labyrinth hunt` over what the finding left, in a process of its own, where nothing is left of a
 * crash or a hang. The trail has an artifact if it found a schedule that breaks the same rule.
 */
void lab_stress_hunt(const struct lab_stress_plan *plan, struct lab_stress_result *result);

#endif

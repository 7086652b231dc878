/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_ARTIFACT_OUT_H
#define LAB_CLI_ARTIFACT_OUT_H

#include "engine/sim.h"
#include "report/emit.h"
#include "report/walk.h"

/* A finding that was made sure of, with the choices that lead to it, on its way into a file. */
struct lab_artifact_out {
	const char *command, *target, *strategy;
	const char *folder, *path; /* path: NULL: in `folder`, under the finding's name */
	bool hooked;
	uint64_t seed;
	const struct lab_scenario *scenario;
	const struct lab_choices *choices;
	const struct lab_sim_result *result;
	size_t ops_before; /* of the scenario as it was found */
	enum lab_format format;
	uint64_t lanes_cpu_ns; /* its steps are printed, from a run of so much CPU time at most; 0: they are not */
};

/* What is left to be told of it. */
struct lab_artifact_kept {
	struct lab_finding finding;
	size_t ops, interrupts, switches, ops_before;
	char path[LAB_WALK_PATH];
	int error; /* errno; not 0: the file could not be written */
};

/* Writes the file. *ret_kept is whole whatever comes of it. */
void lab_artifact_keep(const struct lab_artifact_out *out, struct lab_artifact_kept *ret_kept);

/*
 * The three lines; met: how often something like it was found. again: what reproduces it when there is no file. On
 * stderr unless the format is text: then a program reads the standard output.
 */
void lab_artifact_tell(const struct lab_artifact_kept *kept, uint64_t met, const char *again, enum lab_format format);

/* Both, and between them the steps; the exit code that it earns. Where the file cannot be written, one line on stderr
 * says why. */
int lab_artifact_out(const struct lab_artifact_out *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_INPUT_H
#define LAB_CLI_INPUT_H

#include <stdbool.h>

#include "report/artifact.h"

/* An artifact's engine, when the target was hooked: its choices fit no run that switches at calls only. */
#define LAB_ENGINE_HOOKED "sim hooked"
/* The same in race mode: what it found may be a data race, which no other run sees. */
#define LAB_ENGINE_RACE "sim race"

/* A test case in any of its three forms: an artifact by its magic, text by the name's ending .scn, else fuzz bytes. */
enum lab_input_kind { LAB_INPUT_BYTES, LAB_INPUT_TEXT, LAB_INPUT_ARTIFACT };

/*
 * Reads a file into an initialised artifact; of bytes and text only the scenario is filled, and no rule is expected.
 * 0, or LAB_EXIT_USAGE after one line on stderr that names the command, the file and the field or word at fault.
 */
int lab_input_load(const char *command, const char *path, struct lab_artifact *artifact, enum lab_input_kind *ret_kind);

bool lab_input_is_hooked(const struct lab_artifact *artifact);
bool lab_input_is_race(const struct lab_artifact *artifact);
/* As if it had been recorded on a hooked target: bytes and text do not say what they were run on, an artifact does. */
void lab_input_hook(struct lab_artifact *artifact);

/* The target that an artifact is to be run on, hooked if it was. name: how it is called; as lab_target_open. */
enum lab_status lab_input_target(const struct lab_artifact *artifact, const char *name,
				 const struct lab_target **ret_target, char *message, size_t room);

#endif

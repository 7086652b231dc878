/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_ARTIFACT_H
#define LAB_REPORT_ARTIFACT_H

#include "oracle/rule.h"
#include "scenario/choices.h"
#include "scenario/scenario.h"

/* A finding as a file that replays: an envelope around a wide scenario. docs/format.md has the layout. */
#define LAB_ARTIFACT_TEXT   64u
#define LAB_ARTIFACT_TARGET 1024u /* a plug-in is named by its file */

struct lab_artifact {
	char target[LAB_ARTIFACT_TARGET];
	char build_id[LAB_ARTIFACT_TEXT];
	char engine[16], strategy[16];
	uint64_t seed, event_hash;
	enum lab_rule rule; /* the one expected, or LAB_RULE_COUNT for none */
	struct lab_scenario scenario;
	bool follows; /* the choices stand for the scenario's schedule; false: there are none */
	struct lab_choices choices;
};

struct lab_artifact_error {
	char message[192]; /* names the field, its value and what was expected */
};

void lab_artifact_init(struct lab_artifact *artifact);
void lab_artifact_free(struct lab_artifact *artifact);

/* True when the bytes begin with an artifact's magic; anything else is raw fuzz input or text. */
bool lab_artifact_is(const uint8_t *bytes, size_t count);

/*
 * Untrusted input: every length, count and checksum is checked. Into an initialised artifact; LAB_INVALID fills
 * *ret_error and leaves it as it was.
 */
LAB_MUST_USE enum lab_status lab_artifact_read(const uint8_t *bytes, size_t count, struct lab_artifact *ret_artifact,
					       struct lab_artifact_error *ret_error);
/*
 * *ret_bytes is malloc'ed and the caller's to free; texts are cut to fit. LAB_INVALID: the scenario does not validate.
 * LAB_NO_MEMORY.
 */
LAB_MUST_USE enum lab_status lab_artifact_write(const struct lab_artifact *artifact, uint8_t **ret_bytes,
						size_t *ret_count);

#endif

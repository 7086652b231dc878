/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/hunt.h"
#include "report/artifact.h"

enum lab_status lab_hunt_pack(struct lab_hunt_catch *to, const struct lab_scenario *scenario,
			      const struct lab_choices *choices)
{
	/* a loan: the artifact owns neither */
	const struct lab_artifact artifact = {
		.rule = LAB_RULE_COUNT, .follows = true, .choices = *choices, .scenario = *scenario};
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	to->count = 0;
	status = lab_artifact_write(&artifact, &bytes, &count);
	if (status != LAB_OK)
		return status;
	if (count > LAB_HUNT_ROOM) {
		free(bytes);
		return LAB_NO_MEMORY;
	}
	memcpy(to->bytes, bytes, count);
	to->count = count;
	free(bytes);
	return LAB_OK;
}

enum lab_status lab_hunt_unpack(const struct lab_hunt_catch *from, struct lab_scenario *scenario,
				struct lab_choices *choices)
{
	struct lab_artifact_error error;
	struct lab_artifact artifact;
	enum lab_status status;

	lab_artifact_init(&artifact);
	status = lab_artifact_read(from->bytes, from->count, &artifact, &error);
	if (status == LAB_OK) {
		lab_scenario_copy(scenario, &artifact.scenario);
		lab_choices_copy(choices, &artifact.choices);
	}
	lab_artifact_free(&artifact);
	return status;
}

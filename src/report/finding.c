/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"

#include <ctype.h>
#include <string.h>
#include <xxhash.h>

void lab_finding_line(const struct lab_finding *finding, char *buffer, size_t room)
{
	const struct lab_rule_info *rule = lab_rule_info(finding->rule);

	snprintf(buffer, room, "finding: %s %s %s", rule->id, rule->slug, finding->detail);
}

void lab_finding_name(enum lab_rule rule, const void *content, size_t bytes, char ret_name[LAB_FINDING_NAME])
{
	snprintf(ret_name, LAB_FINDING_NAME, "%s-%08x", lab_rule_info(rule)->id, (unsigned)XXH32(content, bytes, 0));
}

static bool is_context(const struct lab_scenario *scenario, const char *word, size_t length)
{
	for (size_t i = 0; i < scenario->context_count; i++)
		if (strlen(scenario->contexts[i].name) == length && !memcmp(scenario->contexts[i].name, word, length))
			return true;
	return false;
}

uint64_t lab_finding_signature(const struct lab_finding *finding, const struct lab_scenario *scenario)
{
	bool exact = finding->rule == LAB_R00_CRASH;
	uint64_t hash = finding->rule;

	for (const char *at = finding->detail; *at && strncmp(at, ", after ", 8) != 0;) {
		size_t length = 0;

		while (isalnum((unsigned char)at[length]) || at[length] == '_')
			length++;
		if (exact || (length && !isdigit((unsigned char)*at) && !is_context(scenario, at, length)) || !length)
			hash = XXH3_64bits_withSeed(at, length ? length : 1, hash);
		at += length ? length : 1;
	}
	return hash;
}

void lab_finding_print(FILE *out, const struct lab_finding *finding, const struct lab_finding_trail *trail)
{
	char line[LAB_FINDING_LINE];

	lab_finding_line(finding, line, sizeof(line));
	fprintf(out, "%s\n%s: %s (%s)\nreproduce: %s\n", line, trail->label, trail->path, trail->note, trail->command);
	fflush(out);
}

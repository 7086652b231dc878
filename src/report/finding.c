/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"

#include <ctype.h>
#include <string.h>
#include <xxhash.h>

#include "base/bits.h"

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

/* Which zone, class or kind of context it was that met the defect. */
static bool is_circumstance(const char *detail, const char *word, size_t length)
{
	static const char *const kinds[] = {"task", "softirq", "hardirq", "nmi"};
	static const char *const before[] = {"zone=", "class="};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(kinds); i++)
		if (strlen(kinds[i]) == length && !memcmp(kinds[i], word, length))
			return true;
	for (size_t i = 0; i < LAB_ARRAY_COUNT(before); i++)
		if ((size_t)(word - detail) >= strlen(before[i]) &&
		    !memcmp(word - strlen(before[i]), before[i], strlen(before[i])))
			return true;
	return false;
}

uint64_t lab_finding_signature(const struct lab_finding *finding, const struct lab_scenario *scenario)
{
	bool exact = finding->rule == LAB_R00_CRASH;
	uint64_t hash = finding->rule;

	for (const char *at = finding->detail;
	     *at && strncmp(at, ", after ", 8) != 0 && strncmp(at, " owners=", 8) != 0;) {
		size_t length = 0;

		while (isalnum((unsigned char)at[length]) || at[length] == '_')
			length++;
		if (exact || !length ||
		    (!isdigit((unsigned char)*at) && !is_context(scenario, at, length) &&
		     !is_circumstance(finding->detail, at, length)))
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

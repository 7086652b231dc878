/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"

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

void lab_finding_print(FILE *out, const struct lab_finding *finding, const struct lab_finding_trail *trail)
{
	char line[LAB_FINDING_LINE];

	lab_finding_line(finding, line, sizeof(line));
	fprintf(out, "%s\n%s: %s (%s)\nreproduce: %s\n", line, trail->label, trail->path, trail->note, trail->command);
	fflush(out);
}

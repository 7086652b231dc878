/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "oracle/rule.h"

static int run(int argc, const char **argv)
{
	const char *format_text = NULL, **rest;
	const struct poptOption table[] = {
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	struct lab_emit *emit;
	enum lab_format format;
	int error = lab_cli_parse(&lab_command_rules, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (lab_cli_no_arguments(&lab_command_rules, rest) || lab_cli_format(&lab_command_rules, format_text, &format))
		return LAB_EXIT_USAGE;
	emit = lab_emit_open(stdout, format);
	for (unsigned i = 0; i < LAB_RULE_COUNT; i++) {
		const struct lab_rule_info *info = lab_rule_info((enum lab_rule)i);

		lab_emit_begin(emit, "rule");
		lab_emit_text(emit, "id", info->id);
		lab_emit_text(emit, "slug", info->slug);
		lab_emit_text(emit, "summary", info->summary);
		lab_emit_bool(emit, "judged", info->judged);
		lab_emit_end(emit);
	}
	lab_emit_close(emit);
	return LAB_EXIT_CLEAN;
}

const struct lab_command lab_command_rules = {
	.name = "rules",
	.summary = "Lists the invariants that the oracle checks.",
	.usage = "[OPTION...]",
	.run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "stress/workload.h"

static int run(int argc, const char **argv)
{
	const char *format_text = NULL, **rest;
	const struct poptOption table[] = {
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	const struct lab_workload *const *workloads;
	struct lab_emit *emit;
	enum lab_format format;
	size_t count;
	int error = lab_cli_parse(&lab_command_workloads, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (lab_cli_no_arguments(&lab_command_workloads, rest) ||
	    lab_cli_format(&lab_command_workloads, format_text, &format))
		return LAB_EXIT_USAGE;
	workloads = lab_workloads(&count);
	emit = lab_emit_open(stdout, format);
	for (size_t i = 0; i < count; i++) {
		lab_emit_begin(emit, "workload");
		lab_emit_text(emit, "name", workloads[i]->name);
		lab_emit_text(emit, "summary", workloads[i]->summary);
		lab_emit_end(emit);
	}
	lab_emit_close(emit);
	return LAB_EXIT_CLEAN;
}

const struct lab_command lab_command_workloads = {
	.name = "workloads",
	.summary = "Lists what stress can make threads and interrupts do.",
	.usage = "[OPTION...]",
	.run = run,
};

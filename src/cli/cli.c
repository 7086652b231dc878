/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/sanitizer.h"
#include "target/registry.h"

#if LAB_SANITIZER_ADDRESS
#include <sanitizer/lsan_interface.h>
#endif

enum { VALUE_HELP = 0x7f00 };

void lab_cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fflush(stdout);
	fputs("labyrinth: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

const char *lab_cli_why(enum lab_status status)
{
	return status == LAB_SYSTEM ? strerror(errno) : lab_status_name(status);
}

int lab_cli_each_word(const char *list, int (*take)(void *arg, const char *word), void *arg)
{
	char *copy = strdup(list), *rest = copy, *word;
	int error = 0;

	lab_assert(copy);
	while (!error && (word = strsep(&rest, ",")))
		error = take(arg, word);
	free(copy);
	return error;
}

/* The value given to an option that popt refused, or NULL: popt names the option only. */
static const char *value_of(int argc, const char **argv, const char *option)
{
	size_t length = strlen(option);

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], option, length) != 0)
			continue;
		if (argv[i][length] == '=')
			return argv[i] + length + 1;
		if (argv[i][length] == '\0')
			return argv[i + 1];
	}
	return NULL;
}

static void explain(const struct lab_command *command, poptContext context, int error, int argc, const char **argv)
{
	const char *option = poptBadOption(context, POPT_BADOPTION_NOALIAS);

	switch (error) {
	case POPT_ERROR_BADOPT:
		lab_cli_error("%s: unknown option %s: expected one of those that 'labyrinth help %s' lists",
			      command->name, option, command->name);
		break;
	case POPT_ERROR_NOARG:
		lab_cli_error("%s: %s: no value given: expected one, see 'labyrinth help %s'", command->name, option,
			      command->name);
		break;
	case POPT_ERROR_BADNUMBER:
	case POPT_ERROR_OVERFLOW: {
		const char *value = value_of(argc, argv, option);

		lab_cli_error("%s: %s: '%s': expected a number in range, see 'labyrinth help %s'", command->name,
			      option, value ? value : "", command->name);
		break;
	}
	default:
		lab_cli_error("%s: %s: %s", command->name, option, poptStrerror(error));
	}
}

/*
 * popt allocates the values of string options and leaves them to the caller, who wants them until the process ends; of
 * an option that is given twice the first value is nobody's.
 */
static int next_option(poptContext context)
{
	int answer;

#if LAB_SANITIZER_ADDRESS
	__lsan_disable();
#endif
	answer = poptGetNextOpt(context);
#if LAB_SANITIZER_ADDRESS
	__lsan_enable();
#endif
	return answer;
}

int lab_cli_parse(const struct lab_command *command, int argc, const char **argv, const struct poptOption *table,
		  const char ***ret_rest)
{
	static const char *no_arguments[] = {NULL};
	/* Kept until the process ends: the rest of the arguments lives in it. */
	static poptContext context;
	static char title[64];
	struct poptOption options[] = {
		{NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)table, 0, "Options:", NULL},
		{"help", 'h', POPT_ARG_NONE, NULL, VALUE_HELP, "print this", NULL},
		POPT_TABLEEND,
	};
	const char **rest;
	int answer;

	snprintf(title, sizeof(title), "labyrinth %s", command->name);
	argv[0] = title;
	context = poptGetContext("labyrinth", argc, argv, options, 0);
	poptSetOtherOptionHelp(context, command->usage);
	while ((answer = next_option(context)) > 0) {
		if (answer == VALUE_HELP) {
			printf("%s\n\n", command->summary);
			poptPrintHelp(context, stdout, 0);
			return -1;
		}
	}
	if (answer < -1) {
		explain(command, context, answer, argc, argv);
		return LAB_EXIT_USAGE;
	}
	rest = poptGetArgs(context);
	*ret_rest = rest ? rest : no_arguments;
	return 0;
}

int lab_cli_no_arguments(const struct lab_command *command, const char **rest)
{
	if (!rest[0])
		return 0;
	lab_cli_error("%s: argument '%s': expected options only, see 'labyrinth help %s'", command->name, rest[0],
		      command->name);
	return LAB_EXIT_USAGE;
}

int lab_cli_number(const struct lab_command *command, const char *option, const char *text, uint64_t least,
		   uint64_t most, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || errno || number < least || number > most) {
		lab_cli_error("%s: %s: '%s': expected a number from %" PRIu64 " to %" PRIu64, command->name, option,
			      text, least, most);
		return LAB_EXIT_USAGE;
	}
	*ret_number = number;
	return 0;
}

int lab_cli_choice(const struct lab_command *command, const char *option, const char *text, const char *const *names,
		   unsigned *ret_index)
{
	char list[256] = "";

	for (unsigned i = 0; names[i]; i++) {
		size_t used = strlen(list);

		if (strcmp(text, names[i]) == 0) {
			*ret_index = i;
			return 0;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
	}
	lab_cli_error("%s: %s: '%s': expected one of %s", command->name, option, text, list);
	return LAB_EXIT_USAGE;
}

int lab_cli_target(const struct lab_command *command, const char *name, const struct lab_target **ret_target)
{
	char message[256];

	if (lab_target_open(name, ret_target, message, sizeof(message)) == LAB_OK)
		return 0;
	lab_cli_error("%s: --target: %s", command->name, message);
	return LAB_EXIT_USAGE;
}

int lab_cli_target_hooked(const struct lab_command *command, const char *option, const char *name,
			  const struct lab_target **ret_target, bool *ret_hooked)
{
	char message[256];

	if (lab_target_open_hooked(name, ret_target, ret_hooked, message, sizeof(message)) == LAB_OK)
		return 0;
	lab_cli_error("%s: %s: %s", command->name, option, message);
	return LAB_EXIT_USAGE;
}

int lab_cli_format(const struct lab_command *command, const char *text, enum lab_format *ret_format)
{
	static const char *const names[] = {[LAB_FORMAT_TEXT] = "text", [LAB_FORMAT_JSONL] = "jsonl", NULL};
	unsigned index;
	int error = lab_cli_choice(command, "--format", text ? text : "text", names, &index);

	if (!error)
		*ret_format = (enum lab_format)index;
	return error;
}

int lab_cli_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{"ms", UINT64_C(1000000)},      {"s", UINT64_C(1000000000)}, {"m", UINT64_C(60000000000)},
		{"h", UINT64_C(3600000000000)}, {"", UINT64_C(1000000000)},
	};
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno)
		return -1;
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(number, units[i].ns, ret_ns))
			return -1;
		return 0;
	}
	return -1;
}

int lab_cli_cpu_limit(const struct lab_command *command, const char *text, uint64_t *ret_ns)
{
	uint64_t ns;

	if (lab_cli_duration(text, &ns) || ns < UINT64_C(100000000) || ns > UINT64_C(86400000000000)) {
		lab_cli_error("%s: --cpu-limit: '%s': expected a time from 100ms to 24h", command->name, text);
		return LAB_EXIT_USAGE;
	}
	*ret_ns = ns;
	return 0;
}

int lab_cli_worst(unsigned codes)
{
	static const int by_weight[] = {LAB_EXIT_HARNESS, LAB_EXIT_NONDETERMINISM, LAB_EXIT_FINDING, LAB_EXIT_USAGE};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(by_weight); i++)
		if (codes & 1u << by_weight[i])
			return by_weight[i];
	return LAB_EXIT_CLEAN;
}

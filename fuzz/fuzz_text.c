/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "scenario/decode.h"
#include "scenario/text.h"
#include "scenario/validate.h"
#include "scenario/words.h"

/*
 * The scenario's forms against one another. The input is read as text and as the fuzz form; whatever scenario comes of
 * it must validate and come back equal from text, from the wide form and, where it fits, from the fuzz form. A text
 * that is refused is refused with a place inside it and an expectation.
 */

/* More than any scenario of the fuzz form needs. */
#define FUZZ_FORM_ROOM 8192u

static struct lab_scenario first, again;

static _Noreturn void broken(const char *property, const char *detail)
{
	fprintf(stderr, "finding: fuzz_text: %s: %s\n", property, detail);
	lab_fuzz_found = 1;
	abort();
}

static void parse(const char *text, size_t bytes, struct lab_scenario *ret_scenario)
{
	struct lab_text_error error;
	char detail[256];

	if (lab_scenario_parse(text, bytes, ret_scenario, &error) == LAB_OK)
		return;
	snprintf(detail, sizeof(detail), "%u:%u: %s: expected %s", error.line, error.column, error.word,
		 error.expected);
	broken("what was printed does not parse", detail);
}

static char *print(const struct lab_scenario *scenario, size_t *ret_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);

	if (!out)
		exit(3);
	lab_scenario_print(scenario, out);
	fclose(out);
	return text;
}

static void check_text(const struct lab_scenario *scenario)
{
	size_t bytes, bytes_again;
	char *text = print(scenario, &bytes), *text_again;

	parse(text, bytes, &again);
	if (!lab_scenario_equal(scenario, &again))
		broken("text gives another scenario", text);
	text_again = print(&again, &bytes_again);
	if (bytes != bytes_again || memcmp(text, text_again, bytes))
		broken("text prints differently", text_again);
	free(text);
	free(text_again);
}

static void check_wide(const struct lab_scenario *scenario)
{
	struct lab_wide_error error;
	uint8_t *bytes;
	size_t count;

	if (lab_scenario_encode_wide(scenario, &bytes, &count) != LAB_OK)
		broken("wide form", "a valid scenario is refused");
	if (lab_scenario_decode_wide(bytes, count, &again, &error) != LAB_OK)
		broken("wide form does not read", error.message);
	if (!lab_scenario_equal(scenario, &again))
		broken("wide form", "gives another scenario");
	free(bytes);
}

/* Names are the one thing that the fuzz form does not keep. */
static void default_names(struct lab_scenario *scenario)
{
	for (size_t i = 0; i < scenario->context_count; i++)
		lab_name_default(scenario->contexts[i].name, scenario->contexts[i].kind, i);
}

static void check_fuzz_form(struct lab_scenario *scenario)
{
	static uint8_t bytes[FUZZ_FORM_ROOM], bytes_again[FUZZ_FORM_ROOM];
	size_t count, count_again;

	if (lab_scenario_encode(scenario, bytes, sizeof(bytes), &count) != LAB_OK)
		return;
	lab_scenario_decode(bytes, count, &again);
	default_names(scenario);
	if (!lab_scenario_equal(scenario, &again))
		broken("fuzz form", "gives another scenario");
	if (lab_scenario_encode(&again, bytes_again, sizeof(bytes_again), &count_again) != LAB_OK ||
	    count != count_again || memcmp(bytes, bytes_again, count))
		broken("fuzz form", "is not canonical");
}

static void check(struct lab_scenario *scenario)
{
	char message[160];

	if (lab_scenario_validate(scenario, message, sizeof(message)) != LAB_OK)
		broken("not valid", message);
	check_text(scenario);
	check_wide(scenario);
	check_fuzz_form(scenario);
}

static void check_error(const uint8_t *bytes, size_t count, const struct lab_text_error *error)
{
	size_t lines = 1;

	for (size_t i = 0; i < count; i++)
		lines += bytes[i] == '\n';
	if (error->line < 1 || error->line > lines || error->column < 1 || error->column > count + 1)
		broken("error", "lies outside the text");
	if (!error->expected[0] || strnlen(error->expected, sizeof(error->expected)) == sizeof(error->expected) ||
	    strnlen(error->word, sizeof(error->word)) == sizeof(error->word))
		broken("error", "has no word or expectation that ends");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct lab_text_error error;

	if (lab_scenario_parse((const char *)bytes, count, &first, &error) == LAB_OK)
		check(&first);
	else
		check_error(bytes, count, &error);
	lab_scenario_decode(bytes, count, &first);
	check(&first);
	return 0;
}

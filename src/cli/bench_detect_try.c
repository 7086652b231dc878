/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/bench_detect.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "cli/stop.h"

#define WORDS    24u
#define GRACE_NS UINT64_C(900000000000) /* beyond its time: to make small what it found, on a busy machine */

struct line {
	const char *words[WORDS];
	size_t count;
	char time[32], clock[32], seed[32];
};

static void add(struct line *line, const char *word)
{
	line->words[line->count++] = word;
}

static void add_pair(struct line *line, const char *option, const char *value)
{
	add(line, option);
	add(line, value);
}

static void write_line(const struct lab_detect *detect, const struct lab_detect_bug *bug,
		       const struct lab_detect_way *way, uint64_t seed, struct line *line)
{
	static const char *const commands[] = {"replay", "explore", "explore", "stress"};
	bool live = way->kind == LAB_DETECT_STRESS;

	*line = (struct line){.words = {"labyrinth", commands[way->kind]}, .count = 2};
	snprintf(line->time, sizeof(line->time), "%" PRIu64 "ms",
		 detect->budget_ns / 1000000 * (live ? LAB_DETECT_LIVE : 1));
	snprintf(line->clock, sizeof(line->clock), "%" PRIu64 "ms", detect->budget_ns / 1000000 * LAB_DETECT_CLOCK);
	snprintf(line->seed, sizeof(line->seed), "%" PRIu64, seed);
	add_pair(line, "--format", "jsonl");
	add_pair(line, "--target", live || way->kind == LAB_DETECT_REPLAY ? bug->module : bug->hooked);
	if (way->kind == LAB_DETECT_REPLAY) {
		add(line, LAB_CORPUS_DIR "/regress");
		return;
	}
	add_pair(line, "--seed", line->seed);
	add_pair(line, "--findings", detect->findings);
	add_pair(line, live ? "--duration" : "--cpu-time", line->time);
	if (live)
		add_pair(line, "--hunt", "0");
	else
		add_pair(line, "--time", line->clock);
	if (way->kind == LAB_DETECT_RACE)
		add(line, "--race");
	if (way->kind == LAB_DETECT_EXPLORE)
		add_pair(line, "--strategy", strcmp(way->name, "explore") == 0 ? "auto" : way->name);
}

static uint64_t number_of(struct json_object *record, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(record, name, &value) ? json_object_get_uint64(value) : 0;
}

/* What explore tells of a finding, or at its end. */
static void read_record(struct json_object *record, struct lab_detect_try *try)
{
	struct json_object *kind, *cpu_s;
	const char *name = json_object_object_get_ex(record, "kind", &kind) ? json_object_get_string(kind) : "";

	if (strcmp(name, "explore") == 0 && try->rule == LAB_RULE_COUNT)
		try->schedules = number_of(record, "schedules");
	if (strcmp(name, "finding") != 0)
		return;
	try->schedules = number_of(record, "after_schedules");
	if (json_object_object_get_ex(record, "after_cpu_s", &cpu_s))
		try->cpu_ns = (uint64_t)(json_object_get_double(cpu_s) * 1e9);
	try->small = true;
	try->ops = (unsigned)number_of(record, "ops");
	try->ops_before = (unsigned)number_of(record, "ops_before");
	try->departures = (unsigned)(number_of(record, "interrupts") + number_of(record, "switches"));
}

/* The closing lines that every command prints: the first finding, or the one that is expected if it is among them. */
static void read_closing(const char *line, const struct lab_detect_bug *bug, struct lab_detect_try *try)
{
	static const char begins[] = "finding: ";
	char id[4] = "";
	enum lab_rule rule;

	if (strncmp(line, begins, strlen(begins)) != 0)
		return;
	memcpy(id, line + strlen(begins), strnlen(line + strlen(begins), sizeof(id) - 1));
	rule = lab_rule_by_id(id);
	if (rule == LAB_RULE_COUNT)
		return;
	if (try->rule == LAB_RULE_COUNT || (!lab_detect_expects(bug, try->rule) && lab_detect_expects(bug, rule)))
		try->rule = rule;
}

static void read_said(char *said, const struct lab_detect_bug *bug, struct lab_detect_try *try)
{
	char *rest = said;

	for (char *line = strtok_r(said, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct json_object *record = line[0] == '{' ? json_tokener_parse(line) : NULL;

		if (record)
			read_record(record, try);
		else
			read_closing(line, bug, try);
		json_object_put(record);
	}
}

void lab_detect_try(const struct lab_detect *detect, const struct lab_detect_bug *bug, const struct lab_detect_way *way,
		    uint64_t seed, struct lab_detect_try *ret_try)
{
	struct lab_program program = {.err = -1};
	struct line line;
	char *said;
	int error;

	*ret_try = (struct lab_detect_try){.rule = LAB_RULE_COUNT, .failed = true};
	write_line(detect, bug, way, seed, &line);
	program.arguments = line.words;
	program.limit_ns = detect->budget_ns * LAB_DETECT_CLOCK + GRACE_NS;
	program.out = program.err = memfd_create("detect", MFD_CLOEXEC);
	error = program.out < 0 ? -1 : lab_program_run(&program);
	said = error ? NULL : lab_program_said(program.out);
	if (program.out >= 0)
		close(program.out);
	if (said) {
		ret_try->cpu_ns = program.cpu_ns;
		read_said(said, bug, ret_try);
		free(said);
	}
	ret_try->failed = !said || (ret_try->rule == LAB_RULE_COUNT && program.code != LAB_EXIT_CLEAN &&
				    program.code != LAB_EXIT_NO_ANSWER);
	/* one that was ended early says nothing */
	ret_try->made = !lab_cli_stop_asked() || ret_try->rule != LAB_RULE_COUNT;
}

/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/verdict.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/jobs.h"
#include "report/file.h"

#define LOG_BYTES_MAX ((size_t)64 << 20)
#define STACK_FRAMES  3u

const char *const *lab_verdict_environment(const struct lab_campaign *campaign)
{
	static char target[LAB_PATH_ROOM];
	static const char *const environment[] = {
		target, "ASAN_OPTIONS=detect_leaks=0", "UBSAN_OPTIONS=print_stacktrace=1",
		/* a module is loaded after AFL++'s runtime, here without a fork server */
		"AFL_IGNORE_PROBLEMS=1", NULL};

	snprintf(target, sizeof(target), "LABYRINTH_TARGET=%s", campaign->target);
	return environment;
}

bool lab_verdict_parse(const char *line, struct lab_finding *finding)
{
	char id[4], slug[64];
	int detail = 0;

	if (sscanf(line, "finding: %3s %63s %n", id, slug, &detail) < 2)
		return false;
	finding->rule = lab_rule_by_id(id);
	finding->frame = UINT64_MAX;
	if (detail)
		snprintf(finding->detail, sizeof(finding->detail), "%.*s", (int)strcspn(line + detail, "\n"),
			 line + detail);
	return finding->rule < LAB_RULE_COUNT;
}

/* Copies the rest of the line that `after` stands in; false: it is not there. */
static bool copy_line(const char *log, const char *after, char *buffer, size_t room)
{
	const char *at = strstr(log, after);

	if (!at)
		return false;
	at += strlen(after);
	snprintf(buffer, room, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* What every stack has: the ways of dying, and of the tools. */
static bool is_noise(const char *name, size_t length)
{
	static const char *const starts[] = {"__sanitizer", "__asan",   "__ubsan",     "__interceptor",  "fuzzer::",
					     "LLVMFuzzer",  "abort",    "raise",       "gsignal",        "pthread_kill",
					     "__libc",      "lab_fuzz", "__pthread_k", "lab_assert_fail"};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(starts); i++)
		if (length >= strlen(starts[i]) && strncmp(name, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* "    #0 0x55 in name file:line", of the first stack; "    #0 0x55  (file+0x1)" where there is no name. */
static void copy_stack(const char *log, char stack[LAB_VERDICT_STACK])
{
	const char *line = strstr(log, "    #0 0x");
	unsigned frames = 0;
	size_t used = 0;

	stack[0] = '\0';
	while (line && strncmp(line, "    #", 5) == 0 && frames < STACK_FRAMES) {
		size_t end = strcspn(line, "\n"), length;
		const char *name = memmem(line, end, " in ", 4);

		if (name) {
			name += 4;
			length = strcspn(name, " \n(");
			if (!is_noise(name, length) && used < LAB_VERDICT_STACK) {
				used += (size_t)snprintf(stack + used, LAB_VERDICT_STACK - used, "%s%.*s",
							 frames ? " < " : "", (int)length, name);
				frames++;
			}
		}
		line += end + (line[end] == '\n');
	}
}

static void judge_end(int wait_status, struct lab_verdict *verdict)
{
	struct lab_finding *finding = &verdict->finding;

	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL) {
		finding->rule = LAB_R09_PROGRESS;
		snprintf(finding->detail, sizeof(finding->detail), "no end within %u s", LAB_REPLAY_LIMIT_S);
	} else if (WIFSIGNALED(wait_status)) {
		snprintf(finding->detail, sizeof(finding->detail), "signal %d", WTERMSIG(wait_status));
	} else {
		snprintf(finding->detail, sizeof(finding->detail), "exit %d", WEXITSTATUS(wait_status));
	}
}

/* The first finding that the output names; without one, where an assertion or a sanitizer says it died, or how. */
static void judge(const char *log, int wait_status, struct lab_verdict *verdict)
{
	struct lab_finding *finding = &verdict->finding;

	*verdict = (struct lab_verdict){.found = true, .finding = {.frame = UINT64_MAX}};
	verdict->code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
	for (const char *line = log; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (lab_verdict_parse(line, finding)) {
			verdict->named = true;
			break;
		}
	if (!verdict->named) {
		verdict->found = verdict->code != 0;
		finding->rule = LAB_R00_CRASH;
		if (!copy_line(log, "broken promise: ", finding->detail, sizeof(finding->detail)) &&
		    !copy_line(log, "SUMMARY: ", finding->detail, sizeof(finding->detail)))
			judge_end(wait_status, verdict);
	}
	if (verdict->found && finding->rule == LAB_R00_CRASH)
		copy_stack(log, verdict->stack);
}

enum lab_status lab_verdict_of(const struct lab_campaign *campaign, const char *const *argv, const char *log_path,
			       struct lab_verdict *ret_verdict)
{
	enum lab_status status;
	int wait_status;
	uint8_t *bytes;
	size_t count;
	char *log;

	status = lab_jobs_run(argv, lab_verdict_environment(campaign), log_path, LAB_REPLAY_LIMIT_S, 0, campaign->idle,
			      campaign->idle_arg, &wait_status);
	if (status != LAB_OK)
		return status;
	status = lab_file_read(log_path, LOG_BYTES_MAX, &bytes, &count);
	if (status != LAB_OK)
		return status;
	log = strndup((const char *)bytes, count);
	lab_assert(log);
	judge(log, wait_status, ret_verdict);
	free(log);
	free(bytes);
	return LAB_OK;
}

enum lab_status lab_verdict_of_input(const struct lab_campaign *campaign, const char *path,
				     struct lab_verdict *ret_verdict)
{
	const char *const argv[] = {lab_campaign_binary(campaign), path, NULL};
	char log_path[LAB_PATH_ROOM];

	lab_campaign_path(campaign, log_path, "log/replay.log");
	return lab_verdict_of(campaign, argv, log_path, ret_verdict);
}

bool lab_verdict_is(const struct lab_verdict *verdict, const struct lab_verdict *other)
{
	if (!verdict->found || verdict->finding.rule != other->finding.rule)
		return false;
	return verdict->finding.rule != LAB_R00_CRASH || strcmp(verdict->stack, other->stack) == 0;
}

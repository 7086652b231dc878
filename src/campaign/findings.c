/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/findings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/bits.h"
#include "campaign/inputs.h"
#include "report/file.h"
#include "report/finding.h"

#define REPLAY_MAX      200u
#define REPLAY_LIMIT_S  30u
#define LOG_BYTES_MAX   ((size_t)64 << 20)
#define INPUT_BYTES_MAX ((size_t)1 << 20)

/* What a replay showed. */
struct verdict {
	bool found; /* the input did not run through */
	bool named; /* the output names the rule; else it is derived from how the process ended */
	struct lab_finding finding;
};

/* "finding: R01 slug detail": the line that every driver prints. */
static bool parse_finding(const char *line, struct lab_finding *finding)
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

/* The first finding that the output names; without one, where an assertion or a sanitizer says it died, or how. */
static void judge(const char *log, int wait_status, struct verdict *verdict)
{
	struct lab_finding *finding = &verdict->finding;

	*verdict = (struct verdict){.found = true, .finding = {.frame = UINT64_MAX}};
	for (const char *line = log; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (parse_finding(line, finding)) {
			verdict->named = true;
			return;
		}
	verdict->found = !(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
	finding->rule = LAB_R00_CRASH;
	if (copy_line(log, "broken promise: ", finding->detail, sizeof(finding->detail)) ||
	    copy_line(log, "SUMMARY: ", finding->detail, sizeof(finding->detail)))
		return;
	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL) {
		finding->rule = LAB_R09_PROGRESS;
		snprintf(finding->detail, sizeof(finding->detail), "no end within %u s", REPLAY_LIMIT_S);
	} else if (WIFSIGNALED(wait_status)) {
		snprintf(finding->detail, sizeof(finding->detail), "signal %d", WTERMSIG(wait_status));
	} else {
		snprintf(finding->detail, sizeof(finding->detail), "exit %d", WEXITSTATUS(wait_status));
	}
}

static enum lab_status replay(const struct lab_campaign *campaign, const char *const *argv, const char *log_path,
			      struct verdict *verdict)
{
	enum lab_status status;
	int wait_status;
	uint8_t *bytes;
	size_t count;
	char *log;

	status = lab_jobs_run(argv, lab_campaign_replay_environment(campaign), log_path, REPLAY_LIMIT_S, &wait_status);
	if (status != LAB_OK)
		return status;
	status = lab_file_read(log_path, LOG_BYTES_MAX, &bytes, &count);
	if (status != LAB_OK)
		return status;
	log = strndup((const char *)bytes, count);
	lab_assert(log);
	judge(log, wait_status, verdict);
	free(log);
	free(bytes);
	return LAB_OK;
}

static struct lab_campaign_finding *find_same(struct lab_campaign_findings *findings, const struct lab_finding *finding)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct lab_finding *known = &findings->list[i].finding;

		if (known->rule == finding->rule &&
		    (finding->rule != LAB_R00_CRASH || strcmp(known->detail, finding->detail) == 0))
			return &findings->list[i];
	}
	return NULL;
}

/* A folder under findings/ for one input; sets its path in it. */
static enum lab_status keep_input(const struct lab_campaign *campaign, const char *name, const char *from, char *path)
{
	enum lab_status status;
	uint8_t *bytes;
	size_t count;

	lab_campaign_path(campaign, path, "findings/%s", name);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return LAB_SYSTEM;
	status = lab_file_read(from, INPUT_BYTES_MAX, &bytes, &count);
	if (status != LAB_OK)
		return status;
	lab_campaign_path(campaign, path, "findings/%s/input", name);
	status = lab_file_write(path, bytes, count);
	free(bytes);
	return status;
}

/* The text form beside the input, for people. */
static enum lab_status write_text(const struct lab_campaign *campaign, const char *program,
				  const struct lab_campaign_finding *found)
{
	const char *const argv[] = {program, "show", found->path, NULL};
	char path[LAB_PATH_ROOM + 8];
	int wait_status;

	snprintf(path, sizeof(path), "%s.scn", found->path);
	return lab_jobs_run(argv, lab_campaign_replay_environment(campaign), path, REPLAY_LIMIT_S, &wait_status);
}

/* Chooses the shortest command that shows the finding again: the program itself, or the fuzz target that found it. */
static enum lab_status choose_command(const struct lab_campaign *campaign, const char *program,
				      struct lab_campaign_finding *found)
{
	static const char *const ways[] = {"", "--sequential", "--hooked"};
	char log_path[LAB_PATH_ROOM];
	enum lab_status status = LAB_OK;
	struct verdict again;

	lab_campaign_path(campaign, log_path, "log/replay.log");
	for (size_t i = 0; i < LAB_ARRAY_COUNT(ways) && status == LAB_OK; i++) {
		const char *const argv[] = {
			program, "replay", "--target", campaign->target, found->path, ways[i][0] ? ways[i] : NULL,
			NULL};

		status = replay(campaign, argv, log_path, &again);
		if (status != LAB_OK || !again.named || again.finding.rule != found->finding.rule)
			continue;
		snprintf(found->command, sizeof(found->command), "labyrinth replay %s%s--target %s %s", ways[i],
			 ways[i][0] ? " " : "", campaign->target, found->path);
		return write_text(campaign, program, found);
	}
	snprintf(found->command, sizeof(found->command), "%sLABYRINTH_TARGET=%s %s %s",
		 campaign->engine == LAB_FUZZ_AFL ? "AFL_IGNORE_PROBLEMS=1 " : "", campaign->target, campaign->binary,
		 found->path);
	return status;
}

/* How to repeat it, beside the input. */
static enum lab_status write_readme(const struct lab_campaign_finding *found)
{
	char note[64], path[LAB_PATH_ROOM];
	struct lab_finding_trail trail = {
		.label = "artifact", .path = found->path, .note = note, .command = found->command};
	enum lab_status status;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int failed;

	lab_assert(out);
	lab_campaign_finding_note(found, note, sizeof(note));
	lab_finding_print(out, &found->finding, &trail);
	failed = fclose(out);
	lab_assert(!failed);
	snprintf(path, sizeof(path), "%.*sREADME", (int)(strrchr(found->path, '/') + 1 - found->path), found->path);
	status = lab_file_write(path, text, bytes);
	free(text);
	return status;
}

/* A defect not seen before in this campaign: its folder has the input and what the replay printed.
 */
static enum lab_status add_finding(const struct lab_campaign *campaign, const char *program,
				   const struct lab_crash_input *input, const struct lab_finding *finding,
				   const char *log_path, struct lab_campaign_findings *findings)
{
	struct lab_campaign_finding *grown = realloc(findings->list, (findings->count + 1) * sizeof(findings->list[0]));
	struct lab_campaign_finding *found;
	char name[LAB_FINDING_NAME], key[512], path[LAB_PATH_ROOM];
	enum lab_status status;

	lab_assert(grown);
	findings->list = grown;
	found = &grown[findings->count++];
	*found = (struct lab_campaign_finding){.finding = *finding, .input_bytes = input->bytes, .inputs = 1};
	/* Named by the defect and not by the input, so that the next run of this campaign meets the same folder. */
	snprintf(key, sizeof(key), "%s %s %s", campaign->fuzzer, campaign->target,
		 finding->rule == LAB_R00_CRASH ? finding->detail : "");
	lab_finding_name(finding->rule, key, strlen(key), name);
	status = keep_input(campaign, name, input->path, found->path);
	if (status != LAB_OK)
		return status;
	lab_campaign_path(campaign, path, "findings/%s/report.txt", name);
	if (rename(log_path, path) != 0)
		return LAB_SYSTEM;
	return choose_command(campaign, program, found);
}

static enum lab_status sort_input(const struct lab_campaign *campaign, const char *program,
				  const struct lab_crash_input *input, struct lab_campaign_findings *findings)
{
	const char *const argv[] = {campaign->binary, input->path, NULL};
	char log_path[LAB_PATH_ROOM], path[LAB_PATH_ROOM], name[64];
	struct lab_campaign_finding *known;
	struct verdict verdict;
	enum lab_status status;

	lab_campaign_path(campaign, log_path, "log/replay.log");
	status = replay(campaign, argv, log_path, &verdict);
	if (status != LAB_OK)
		return status;
	if (!verdict.found) {
		if (input->slow) {
			findings->slow++;
			return LAB_OK;
		}
		snprintf(name, sizeof(name), "unreplayed-%u", ++findings->unreplayed);
		return keep_input(campaign, name, input->path, path);
	}
	known = find_same(findings, &verdict.finding);
	if (known) {
		known->inputs++;
		return LAB_OK;
	}
	return add_finding(campaign, program, input, &verdict.finding, log_path, findings);
}

enum lab_status lab_campaign_collect(const struct lab_campaign *campaign, const char *program,
				     struct lab_campaign_findings *ret_findings)
{
	struct lab_campaign_findings findings = {0};
	struct lab_crash_inputs inputs;
	enum lab_status status = LAB_OK;

	lab_crash_inputs_list(campaign, &inputs);
	for (size_t i = 0; i < inputs.count && status == LAB_OK; i++) {
		if (i < REPLAY_MAX)
			status = sort_input(campaign, program, &inputs.list[i], &findings);
		else
			findings.left_out++;
	}
	for (size_t i = 0; i < findings.count && status == LAB_OK; i++)
		status = write_readme(&findings.list[i]);
	lab_crash_inputs_free(&inputs);
	if (status != LAB_OK) {
		lab_campaign_findings_free(&findings);
		return status;
	}
	*ret_findings = findings;
	return LAB_OK;
}

void lab_campaign_findings_free(struct lab_campaign_findings *findings)
{
	free(findings->list);
	*findings = (struct lab_campaign_findings){0};
}

void lab_campaign_finding_note(const struct lab_campaign_finding *finding, char *buffer, size_t room)
{
	snprintf(buffer, room, "%" PRIu64 " bytes, from %u input%s", finding->input_bytes, finding->inputs,
		 finding->inputs == 1 ? "" : "s");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "campaign/sarif.h"
#include "cli/cli.h"
#include "cli/fuzz.h"
#include "report/finding.h"

static void print_finding(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	char note[512], path[LAB_PATH_ROOM], command[LAB_CAMPAIGN_COMMAND];
	struct lab_finding_trail trail = {.label = "artifact", .path = path, .note = note, .command = command};

	lab_campaign_finding_path(campaign, finding, finding->file, path);
	lab_campaign_finding_note(finding, note, sizeof(note));
	lab_campaign_finding_command(campaign, finding, campaign->dir, command);
	printf("\n");
	lab_finding_print(stdout, &finding->finding, &trail);
}

static void print_short(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding)
{
	char line[LAB_FINDING_LINE], command[LAB_CAMPAIGN_COMMAND];

	lab_finding_line(&finding->finding, line, sizeof(line));
	lab_campaign_finding_command(campaign, finding, campaign->dir, command);
	printf("%s%s%s%s%s\n  %s\n", line, finding->place[0] ? " at " : "", finding->place,
	       finding->known[0] ? "; known: corpus/regress/" : "", finding->known, command);
}

/* One line for people and scripts. */
static void print_verdict(const struct lab_session *session)
{
	const struct lab_campaign *campaign = session->campaign;
	const struct lab_campaign_findings *findings = &session->sorter.findings;
	const struct lab_progress *progress = &session->progress;
	size_t known = 0;

	for (size_t i = 0; i < findings->count; i++)
		known += findings->list[i].known[0] != '\0';
	printf("%s under %s against %s: %" PRIu64 " runs in %" PRIu64 " s, corpus %" PRIu64 ", edges %" PRIu64 ": ",
	       campaign->fuzzer, lab_fuzz_engine_name(campaign->engines), campaign->target, progress->runs,
	       session->before_s + session->elapsed_s, progress->corpus, progress->edges);
	if (findings->count) {
		printf("%zu finding%s", findings->count, findings->count == 1 ? "" : "s");
		printf(known ? ", %zu known\n" : "\n", known);
	} else if (findings->unreplayed) {
		printf("%u crash%s that did not replay, in %s/findings\n", findings->unreplayed,
		       findings->unreplayed == 1 ? "" : "es", campaign->dir);
	} else {
		printf("clean\n");
	}
}

int lab_fuzz_tell(const struct lab_fuzz_plan *plan, const struct lab_session *session)
{
	const struct lab_campaign *campaign = session->campaign;
	const struct lab_campaign_findings *findings = &session->sorter.findings;
	int code = findings->unreplayed ? LAB_EXIT_NONDETERMINISM : LAB_EXIT_CLEAN;

	if (findings->count)
		code = LAB_EXIT_FINDING;
	print_verdict(session);
	for (size_t i = 0; i < findings->count; i++)
		if (plan->ci)
			print_short(campaign, &findings->list[i]);
		else
			print_finding(campaign, &findings->list[i]);
	if (session->sorter.left)
		lab_cli_error("fuzz: %" PRIu64
			      " more inputs were put aside and not replayed yet: the same command does",
			      session->sorter.left);
	if (plan->sarif && lab_sarif_write(campaign, findings, LAB_VERSION, plan->sarif) != LAB_OK) {
		lab_cli_error("fuzz: --sarif: '%s': cannot be written: %s", plan->sarif, strerror(errno));
		return code ? code : LAB_EXIT_HARNESS;
	}
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CAMPAIGN_FINDINGS_H
#define LAB_CAMPAIGN_FINDINGS_H

#include "campaign/verdict.h"

/* findings/: a folder for each defect, which holds all that is known of it. */

#define LAB_CAMPAIGN_COMMAND    (2 * LAB_PATH_ROOM + 256)
#define LAB_CAMPAIGN_SIGNATURES 64u

struct lab_campaign_finding {
	struct lab_finding finding; /* as the smallest case shows it */
	char stack[LAB_VERDICT_STACK];
	char name[32];   /* of its folder */
	char file[32];   /* that shows it, in its folder: artifact.lab, smaller or input */
	char way[16];    /* an option of replay; "binary": the fuzz target shows it */
	char known[96];  /* the file of corpus/regress that shows the same; "": it is new */
	char place[256]; /* source file:line where it shows; "": not known */
	/* Inputs that break the rule alike are taken for one defect as they come, or once they are as small as they
	 * get. */
	uint64_t signatures[LAB_CAMPAIGN_SIGNATURES], settled_signature;
	unsigned signature_count;
	uint64_t inputs;      /* that show it */
	uint64_t input_bytes; /* of the file */
	uint64_t found_s;     /* of the campaign's time */
	char again[1024];     /* a command that may show it, where no file does */
	char size[96];        /* of the smallest case: "6 ops, 3 switches, from 903 ops" */
	bool settled, replays;
};

struct lab_campaign_findings {
	struct lab_campaign_finding *list;
	size_t count;
	unsigned unreplayed; /* inputs that did not crash again; kept in findings/unreplayed-HASH */
	uint64_t slow;       /* inputs that were too slow or too great once and were not again */
};

/* DIR/findings/NAME/FILE */
void lab_campaign_finding_path(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
			       const char *file, char *path);

/* All of findings/. A folder whose finding.json cannot be read is passed over, and its name handed to `damaged`, unless
 * that is NULL. */
void lab_campaign_findings_load(const struct lab_campaign *campaign, struct lab_campaign_findings *ret_findings,
				void (*damaged)(void *arg, const char *name, const char *why), void *arg);
void lab_campaign_findings_free(struct lab_campaign_findings *findings);

/* The one with that signature, or NULL. */
struct lab_campaign_finding *lab_campaign_findings_find(struct lab_campaign_findings *findings, enum lab_rule rule,
							uint64_t signature);

/* Makes the folder of a new one, named by rule and signature. LAB_SYSTEM: errno; then it is not in the list. The
 * pointer is good until the list changes. */
LAB_MUST_USE enum lab_status lab_campaign_findings_add(const struct lab_campaign *campaign,
						       struct lab_campaign_findings *findings,
						       const struct lab_verdict *verdict, uint64_t signature,
						       struct lab_campaign_finding **ret_finding);

/* finding.json and README. LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_campaign_finding_save(const struct lab_campaign *campaign,
						       const struct lab_campaign_finding *finding);

/* What runs its file again; dir: of the campaign, "" for who is in the finding's own folder. */
void lab_campaign_finding_command(const struct lab_campaign *campaign, const struct lab_campaign_finding *finding,
				  const char *dir, char command[LAB_CAMPAIGN_COMMAND]);

/* finding_run.c: runs a file of a finding as the finding says. May sleep. */
LAB_MUST_USE enum lab_status lab_finding_replay(const struct lab_campaign *campaign,
						const struct lab_campaign_finding *finding, const char *path,
						struct lab_verdict *ret_verdict);
/* The same by the program, with an option of replay ("": none). */
LAB_MUST_USE enum lab_status lab_finding_run(const struct lab_campaign *campaign, const char *path, const char *way,
					     struct lab_verdict *ret_verdict);

/* forms.c: its file as text, its steps as text, page and records, and the source line where it shows. May sleep. */
void lab_finding_forms(const struct lab_campaign *campaign, struct lab_campaign_finding *finding);

/* What the closing line says in brackets: "3 ops, 2 switches, from 40 ops; from 3 inputs". */
void lab_campaign_finding_note(const struct lab_campaign_finding *finding, char *buffer, size_t room);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_FOLDER_H
#define LAB_CLI_FOLDER_H

#include "campaign/run.h"
#include "report/emit.h"

/*
 * --dir of explore and stress. options: a document whose first record is the effective options, which is closed.
 * machine: as lab_run_open. *ret_run is malloc'ed, for lab_cli_folder_close; its `raw` is the folder for findings. 0,
 * or an exit code after one line.
 */
int lab_cli_folder_open(const char *command, const char *dir, const char *target, struct lab_emit *options,
			struct json_object *machine, struct lab_run **ret_run);

/* The last numbers, the findings, the report; a line on stderr says where. The code, or LAB_EXIT_HARNESS in place of
 * LAB_EXIT_CLEAN after one line. */
int lab_cli_folder_close(struct lab_run *run, bool stopped, struct json_object *numbers, int code);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_STOP_H
#define LAB_CLI_STOP_H

#include <stdbool.h>

/* SIGINT and SIGTERM ask a command to end early and cleanly; the second one ends the program at once. */
void lab_cli_stop_catch(void);
bool lab_cli_stop_asked(void);

#endif

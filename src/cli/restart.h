/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_RESTART_H
#define LAB_CLI_RESTART_H

/*
 * Makes the loader of targets start the program anew, with the same arguments, when a library (jemalloc) keeps more for
 * each thread than the C library sets aside unless it is told to. Targets are opened before anything is printed.
 */
void lab_cli_restart_catch(int argc, char **argv);

#endif

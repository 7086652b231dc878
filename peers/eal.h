/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PEERS_EAL_H
#define LAB_PEERS_EAL_H

#include <labyrinth/status.h>

/*
 * Starts DPDK's environment, once a process: no huge pages, no devices, no shared configuration, and the caller's
 * affinity and signals as they were. LAB_SYSTEM: it refused; the answer is the same from then on. May sleep.
 */
LAB_MUST_USE enum lab_status lab_eal_start(void);

#endif

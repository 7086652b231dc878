/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_PEERS_H
#define LAB_TARGET_PEERS_H

#include "target/registry.h"

/* Allocators of the system's packages: each a module in the folder `peers` next to the program, if its package was
 * there when the program was built. */
struct lab_peer {
	const char *name, *package;
};

/* All that there may be; *ret_count is how many. */
const struct lab_peer *lab_peers(size_t *ret_count);

/* NULL: no peer is called so. */
const struct lab_peer *lab_peer_by_name(const char *name);

/* As lab_target_open. LAB_UNSUPPORTED: it was not built; message names the package. May sleep. */
LAB_MUST_USE enum lab_status lab_peer_open(const struct lab_peer *peer, const struct lab_target **ret_target,
					   char *message, size_t room);

#endif

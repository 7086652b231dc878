/* SPDX-License-Identifier: Apache-2.0 */
#include "target/peers.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "target/plugin.h"

static const struct lab_peer peers[] = {
	{"jemalloc", "libjemalloc-dev"},
	{"mimalloc", "libmimalloc-dev"},
	{"tcmalloc", "libgoogle-perftools-dev"},
	{"mempool", "libdpdk-dev"},
};

const struct lab_peer *lab_peers(size_t *ret_count)
{
	*ret_count = LAB_ARRAY_COUNT(peers);
	return peers;
}

const struct lab_peer *lab_peer_by_name(const char *name)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(peers); i++)
		if (strcmp(peers[i].name, name) == 0)
			return &peers[i];
	return NULL;
}

enum lab_status lab_peer_open(const struct lab_peer *peer, const struct lab_target **ret_target, char *message,
			      size_t room)
{
	char path[4096];

	if (lab_target_find("peers", peer->name, path, sizeof(path)))
		return lab_target_plugin_open(path, ret_target, message, room);
	snprintf(message, room, "%s: not built: %s was not there", peer->name, peer->package);
	return LAB_UNSUPPORTED;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "cli/cli.h"
#include "target/peers.h"
#include "target/registry.h"

#define CAPS_ROOM 256
#define PEERS_MAX 8

static void format_caps(uint64_t caps, char *buffer, size_t room)
{
	size_t used = 0;
	const char *name;

	buffer[0] = '\0';
	for (unsigned bit = 0; (name = lab_cap_name(bit)) && used < room; bit++)
		if (caps & UINT64_C(1) << bit)
			used += (size_t)snprintf(buffer + used, room - used, "%s%s", used ? " " : "", name);
}

static void show(struct lab_emit *emit, const struct lab_target *target)
{
	char caps[CAPS_ROOM];

	format_caps(target->caps, caps, sizeof(caps));
	lab_emit_begin(emit, "target");
	lab_emit_text(emit, "name", target->name);
	lab_emit_text(emit, "summary", target->summary);
	lab_emit_text(emit, "caps", caps);
	lab_emit_end(emit);
}

static void show_absent(struct lab_emit *emit, const struct lab_peer *peer, const char *reason)
{
	lab_emit_begin(emit, "target");
	lab_emit_text(emit, "name", peer->name);
	lab_emit_text(emit, "summary", reason);
	lab_emit_text(emit, "caps", "");
	lab_emit_end(emit);
}

/* All are opened before the first line is printed: a library may ask for a restart of the program. */
static void show_all(enum lab_format format)
{
	const struct lab_target *opened[PEERS_MAX] = {NULL};
	char messages[PEERS_MAX][256];
	size_t count, peer_count;
	const struct lab_target *const *targets = lab_target_builtins(&count);
	const struct lab_peer *peers = lab_peers(&peer_count);
	struct lab_emit *emit;

	lab_assert_cmp(peer_count, <=, PEERS_MAX);
	for (size_t i = 0; i < peer_count; i++)
		if (lab_peer_open(&peers[i], &opened[i], messages[i], sizeof(messages[i])) != LAB_OK)
			opened[i] = NULL;
	emit = lab_emit_open(stdout, format);
	for (size_t i = 0; i < count; i++)
		show(emit, targets[i]);
	for (size_t i = 0; i < peer_count; i++) {
		size_t name = strlen(peers[i].name);
		bool named = strncmp(messages[i], peers[i].name, name) == 0 && messages[i][name] == ':';

		if (opened[i])
			show(emit, opened[i]);
		else
			show_absent(emit, &peers[i], messages[i] + (named ? name + 2 : 0));
	}
	lab_emit_close(emit);
}

static int run(int argc, const char **argv)
{
	const char *name = NULL, *format_text = NULL, **rest;
	const struct poptOption table[] = {
		{"target", '\0', POPT_ARG_STRING, &name, 0, "only this one: a built-in name or a plug-in's file", "T"},
		{"format", '\0', POPT_ARG_STRING, &format_text, 0, "text or jsonl (default text)", "FORMAT"},
		POPT_TABLEEND,
	};
	const struct lab_target *target = NULL;
	struct lab_emit *emit;
	enum lab_format format;
	int error = lab_cli_parse(&lab_command_targets, argc, argv, table, &rest);

	if (error)
		return error < 0 ? LAB_EXIT_CLEAN : error;
	if (lab_cli_no_arguments(&lab_command_targets, rest) ||
	    lab_cli_format(&lab_command_targets, format_text, &format))
		return LAB_EXIT_USAGE;
	if (name && lab_cli_target(&lab_command_targets, name, &target))
		return LAB_EXIT_USAGE;
	if (target) {
		emit = lab_emit_open(stdout, format);
		show(emit, target);
		lab_emit_close(emit);
	} else {
		show_all(format);
	}
	return LAB_EXIT_CLEAN;
}

const struct lab_command lab_command_targets = {
	.name = "targets",
	.summary = "Lists the allocators that can be put under test, and what each promises.",
	.usage = "[OPTION...]",
	.run = run,
};

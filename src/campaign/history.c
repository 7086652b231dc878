/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "campaign/history.h"

#include <stdio.h>
#include <stdlib.h>

enum lab_status lab_history_add(const struct lab_campaign *campaign, struct json_object *record)
{
	char path[LAB_PATH_ROOM];
	bool done = false;
	FILE *file;

	lab_campaign_path(campaign, path, "history.jsonl");
	file = fopen(path, "a");
	if (file) {
		fprintf(file, "%s\n", json_object_to_json_string_ext(record, JSON_C_TO_STRING_NOSLASHESCAPE));
		done = !ferror(file);
		done &= fclose(file) == 0;
	}
	json_object_put(record);
	return done ? LAB_OK : LAB_SYSTEM;
}

void lab_history_each(const struct lab_campaign *campaign, void (*visit)(void *arg, struct json_object *record),
		      void *arg)
{
	char path[LAB_PATH_ROOM], *line = NULL;
	size_t room = 0;
	FILE *file;

	lab_campaign_path(campaign, path, "history.jsonl");
	file = fopen(path, "r");
	while (file && getline(&line, &room, file) > 0) {
		struct json_object *record = json_tokener_parse(line);

		if (record && json_object_is_type(record, json_type_object))
			visit(arg, record);
		json_object_put(record);
	}
	free(line);
	if (file)
		fclose(file);
}

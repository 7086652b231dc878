/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/source_file.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_BYTES_MAX (16 << 20)

bool lab_source_is_wrapper(const char *file)
{
	const char *name = strrchr(file, '/');

	return strncmp(file, "/usr/", strlen("/usr/")) == 0 || strstr(name ? name : file, "atomic") != NULL;
}

/* "canary/r01-aba-stack.c": long enough to be found by who knows the sources. */
static const char *last_two_names(const char *path)
{
	const char *at = path + strlen(path);

	for (int names = 0; at > path; at--)
		if (at[-1] == '/' && ++names == 2)
			break;
	return at;
}

static const char *shown(const char *path)
{
	char here[PATH_MAX];
	size_t length;

	if (!getcwd(here, sizeof(here)))
		return last_two_names(path);
	length = strlen(here);
	return strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : last_two_names(path);
}

void lab_source_keep(const char *line, char *text, size_t room)
{
	size_t used = 0;

	while (isspace((unsigned char)*line))
		line++;
	for (; *line && *line != '\n' && used + 1 < room; line++)
		text[used++] = iscntrl((unsigned char)*line) ? ' ' : *line;
	while (used && text[used - 1] == ' ')
		used--;
	text[used] = '\0';
}

/* The name comes from the object, so it may be anything's. */
static FILE *open_source(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > SOURCE_BYTES_MAX)
		return NULL;
	return fopen(path, "re");
}

static void read_line(const char *path, unsigned number, char *text, size_t room)
{
	FILE *file = open_source(path);
	char *line = NULL;
	size_t line_room = 0;
	unsigned at = 0;

	if (!file)
		return;
	while (at < number && getline(&line, &line_room, file) >= 0)
		at++;
	if (at == number && number)
		lab_source_keep(line, text, room);
	free(line);
	fclose(file);
}

void lab_source_find(const char *folder, const char *file, struct lab_source *source)
{
	char named[PATH_MAX], path[PATH_MAX];
	bool absolute = file[0] == '/' || !folder;

	if ((size_t)snprintf(named, sizeof(named), "%s%s%s", absolute ? "" : folder, absolute ? "" : "/", file) >=
	    sizeof(named))
		return;
	if (!realpath(named, path))
		snprintf(path, sizeof(path), "%s", named);
	lab_source_keep(shown(path), source->file, sizeof(source->file));
	read_line(path, source->line, source->text, sizeof(source->text));
}

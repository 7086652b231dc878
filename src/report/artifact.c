/* SPDX-License-Identifier: Apache-2.0 */
#include "report/artifact.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "scenario/decode.h"

/*
 * Magic, version, the fields in this order, a checksum of it all. Each field carries its own checksum besides, so that
 * damage is told by the field that it struck; docs/format.md has the layout.
 */
#define VERSION_PLAIN   1u /* the scenario's own schedule */
#define VERSION_CHOICES 2u /* with the field choices, which stand for it */
#define TAG_BYTES       4u
#define CHECK_BYTES     8u

/* As PNG's: no text file begins so, and a transfer that mends line ends breaks it. */
static const uint8_t magic[8] = {0x89, 'L', 'A', 'B', '\r', '\n', 0x1a, '\n'};

enum field {
	FIELD_TARGET,
	FIELD_BUILD,
	FIELD_ENGINE,
	FIELD_STRATEGY,
	FIELD_SEED,
	FIELD_RULE,
	FIELD_EVENT_HASH,
	FIELD_SCENARIO,
	FIELD_CHOICES,
	FIELD_COUNT
};

static const struct {
	const char *name, *tag;
	uint32_t least, most; /* bytes */
} fields[FIELD_COUNT] = {
	[FIELD_TARGET] = {"target", "TARG", 0, LAB_ARTIFACT_TARGET - 1},
	[FIELD_BUILD] = {"build id", "BILD", 0, LAB_ARTIFACT_TEXT - 1},
	[FIELD_ENGINE] = {"engine", "ENGI", 0, 15},
	[FIELD_STRATEGY] = {"strategy", "STRA", 0, 15},
	[FIELD_SEED] = {"seed", "SEED", 8, 8},
	[FIELD_RULE] = {"rule", "RULE", 2, 2},
	[FIELD_EVENT_HASH] = {"event hash", "EVHA", 8, 8},
	[FIELD_SCENARIO] = {"scenario", "SCEN", 1, UINT32_MAX},
	[FIELD_CHOICES] = {"choices", "CHOI", 0, UINT32_MAX},
};

#define RULE_NONE 0xffffu /* LAB_RULE_COUNT grows with the rules, so that it is not what files say */

void lab_artifact_init(struct lab_artifact *artifact)
{
	memset(artifact, 0, sizeof(*artifact));
	artifact->rule = LAB_RULE_COUNT;
	lab_scenario_init(&artifact->scenario);
}

void lab_artifact_free(struct lab_artifact *artifact)
{
	lab_scenario_free(&artifact->scenario);
	lab_choices_free(&artifact->choices);
	lab_artifact_init(artifact);
}

bool lab_artifact_is(const uint8_t *bytes, size_t count)
{
	return count >= sizeof(magic) && !memcmp(bytes, magic, sizeof(magic));
}

static bool __attribute__((format(printf, 2, 3))) fail(struct lab_artifact_error *error, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error->message, sizeof(error->message), format, list);
	va_end(list);
	return false;
}

/* Finds the next field and checks what encloses it; *ret_bytes are its own, inside the artifact. */
static bool read_field(struct lab_reader *reader, enum field field, const uint8_t **ret_bytes, size_t *ret_count,
		       struct lab_artifact_error *error)
{
	const char *name = fields[field].name;
	size_t begin = reader->offset;
	const uint8_t *tag = lab_read_bytes(reader, TAG_BYTES);
	size_t count = lab_read_uint(reader, 4);
	uint64_t is, said;

	if (reader->short_of_bytes)
		return fail(error, "%s: the file ends at byte %zu, expected the field at byte %zu", name, reader->count,
			    begin);
	if (memcmp(tag, fields[field].tag, TAG_BYTES))
		return fail(error, "%s: tag 0x%02x%02x%02x%02x at byte %zu, expected \"%s\"", name, tag[0], tag[1],
			    tag[2], tag[3], begin, fields[field].tag);
	if (count < fields[field].least || count > fields[field].most)
		return fail(error, "%s: length is %zu, expected %" PRIu32 "..%" PRIu32, name, count,
			    fields[field].least, fields[field].most);
	*ret_bytes = lab_read_bytes(reader, count);
	*ret_count = count;
	said = lab_read_uint(reader, CHECK_BYTES);
	if (reader->short_of_bytes)
		return fail(error, "%s: the file ends at byte %zu, expected %zu bytes and their checksum", name,
			    reader->count, count);
	is = XXH3_64bits(reader->bytes + begin, TAG_BYTES + 4 + count);
	if (is != said)
		return fail(error, "%s: its checksum is %016" PRIx64 ", expected %016" PRIx64, name, said, is);
	return true;
}

/* Text of a field: without zero bytes, since it ends with one in memory. */
static bool read_text(struct lab_reader *reader, enum field field, char *text, size_t room,
		      struct lab_artifact_error *error)
{
	const uint8_t *bytes;
	size_t count;

	if (!read_field(reader, field, &bytes, &count, error))
		return false;
	if (memchr(bytes, 0, count))
		return fail(error, "%s: a zero byte in it, expected text", fields[field].name);
	memset(text, 0, room);
	memcpy(text, bytes, count);
	return true;
}

static bool read_number(struct lab_reader *reader, enum field field, uint64_t *ret_number,
			struct lab_artifact_error *error)
{
	struct lab_reader inner;
	const uint8_t *bytes;
	size_t count;

	if (!read_field(reader, field, &bytes, &count, error))
		return false;
	inner = lab_reader_make(bytes, count);
	*ret_number = lab_read_uint(&inner, (unsigned)count);
	return true;
}

static bool read_rule(struct lab_reader *reader, struct lab_artifact *artifact, struct lab_artifact_error *error)
{
	uint64_t rule;

	if (!read_number(reader, FIELD_RULE, &rule, error))
		return false;
	if (rule >= LAB_RULE_COUNT && rule != RULE_NONE)
		return fail(error, "rule: %" PRIu64 ", expected 0..%u, or %u for none", rule, LAB_RULE_COUNT - 1,
			    RULE_NONE);
	artifact->rule = rule == RULE_NONE ? LAB_RULE_COUNT : (enum lab_rule)rule;
	return true;
}

static bool read_scenario(struct lab_reader *reader, struct lab_artifact *artifact, struct lab_artifact_error *error)
{
	struct lab_wide_error wide;
	const uint8_t *bytes;
	size_t count;

	if (!read_field(reader, FIELD_SCENARIO, &bytes, &count, error))
		return false;
	if (lab_scenario_decode_wide(bytes, count, &artifact->scenario, &wide) != LAB_OK)
		return fail(error, "scenario: %.130s (byte %zu of it)", wide.message, wide.offset);
	return true;
}

static bool read_choices(struct lab_reader *reader, uint64_t version, struct lab_artifact *artifact,
			 struct lab_artifact_error *error)
{
	const uint8_t *bytes;
	size_t count;

	artifact->follows = version == VERSION_CHOICES;
	if (!artifact->follows)
		return true;
	if (!read_field(reader, FIELD_CHOICES, &bytes, &count, error))
		return false;
	if (lab_choices_read(bytes, count, artifact->scenario.context_count, &artifact->choices) != LAB_OK)
		return fail(error,
			    "choices: expected records of %u bytes that name the scenario's %zu contexts or the "
			    "reclaimer",
			    LAB_CHOICE_BYTES, artifact->scenario.context_count);
	return true;
}

/* The file's own end: what was put together from parts of two artifacts is found here. */
static bool read_end(struct lab_reader *reader, struct lab_artifact_error *error)
{
	uint64_t is = XXH3_64bits(reader->bytes, reader->offset), said = lab_read_uint(reader, CHECK_BYTES);

	if (reader->short_of_bytes)
		return fail(error, "checksum: the file ends at byte %zu, expected %u bytes more", reader->count,
			    CHECK_BYTES);
	if (is != said)
		return fail(error, "checksum: %016" PRIx64 ", expected %016" PRIx64, said, is);
	if (reader->offset != reader->count)
		return fail(error, "end: %zu bytes behind the checksum, expected none", reader->count - reader->offset);
	return true;
}

static bool read_header(struct lab_reader *reader, uint64_t *ret_version, struct lab_artifact_error *error)
{
	const uint8_t *bytes = lab_read_bytes(reader, sizeof(magic));
	uint64_t version = lab_read_uint(reader, 4);

	if (!bytes || memcmp(bytes, magic, sizeof(magic)))
		return fail(error, "magic: the file does not begin as an artifact does");
	if (reader->short_of_bytes)
		return fail(error, "version: the file ends at byte %zu, expected a version", reader->count);
	if (version != VERSION_PLAIN && version != VERSION_CHOICES)
		return fail(error, "version: %" PRIu64 ", expected %u or %u", version, VERSION_PLAIN, VERSION_CHOICES);
	*ret_version = version;
	return true;
}

enum lab_status lab_artifact_read(const uint8_t *bytes, size_t count, struct lab_artifact *ret_artifact,
				  struct lab_artifact_error *ret_error)
{
	struct lab_reader reader = lab_reader_make(bytes, count);
	struct lab_artifact read;
	uint64_t version = 0; /* gcc does not see that read_header sets it */
	bool ok;

	lab_artifact_init(&read);
	ok = read_header(&reader, &version, ret_error) &&
	     read_text(&reader, FIELD_TARGET, read.target, sizeof(read.target), ret_error) &&
	     read_text(&reader, FIELD_BUILD, read.build_id, sizeof(read.build_id), ret_error) &&
	     read_text(&reader, FIELD_ENGINE, read.engine, sizeof(read.engine), ret_error) &&
	     read_text(&reader, FIELD_STRATEGY, read.strategy, sizeof(read.strategy), ret_error) &&
	     read_number(&reader, FIELD_SEED, &read.seed, ret_error) && read_rule(&reader, &read, ret_error) &&
	     read_number(&reader, FIELD_EVENT_HASH, &read.event_hash, ret_error) &&
	     read_scenario(&reader, &read, ret_error) && read_choices(&reader, version, &read, ret_error) &&
	     read_end(&reader, ret_error);
	if (!ok) {
		lab_artifact_free(&read);
		return LAB_INVALID;
	}
	lab_artifact_free(ret_artifact);
	*ret_artifact = read;
	return LAB_OK;
}

static void write_field(struct lab_writer *out, enum field field, const void *bytes, size_t count)
{
	size_t begin = out->count;

	lab_write_bytes(out, fields[field].tag, TAG_BYTES);
	lab_write_uint(out, count, 4);
	lab_write_bytes(out, bytes, count);
	if (!out->out_of_memory)
		lab_write_uint(out, XXH3_64bits(out->bytes + begin, out->count - begin), CHECK_BYTES);
}

static void write_number(struct lab_writer *out, enum field field, uint64_t number, size_t count)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	write_field(out, field, bytes, count);
}

static void write_choices(struct lab_writer *out, const struct lab_artifact *artifact)
{
	struct lab_writer own = {.bytes = NULL};

	if (!artifact->follows)
		return;
	lab_choices_write(&artifact->choices, &own);
	if (own.out_of_memory)
		out->out_of_memory = true;
	else
		write_field(out, FIELD_CHOICES, own.bytes, own.count);
	free(own.bytes);
}

enum lab_status lab_artifact_write(const struct lab_artifact *artifact, uint8_t **ret_bytes, size_t *ret_count)
{
	struct lab_writer out = {.bytes = NULL};
	enum lab_status status;
	size_t wide_bytes;
	uint8_t *wide;

	status = lab_scenario_encode_wide(&artifact->scenario, &wide, &wide_bytes);
	if (status != LAB_OK)
		return status;
	if (wide_bytes > fields[FIELD_SCENARIO].most) {
		free(wide);
		return LAB_INVALID;
	}
	lab_write_bytes(&out, magic, sizeof(magic));
	lab_write_uint(&out, artifact->follows ? VERSION_CHOICES : VERSION_PLAIN, 4);
	write_field(&out, FIELD_TARGET, artifact->target, strnlen(artifact->target, LAB_ARTIFACT_TARGET - 1));
	write_field(&out, FIELD_BUILD, artifact->build_id, strnlen(artifact->build_id, LAB_ARTIFACT_TEXT - 1));
	write_field(&out, FIELD_ENGINE, artifact->engine, strnlen(artifact->engine, 15));
	write_field(&out, FIELD_STRATEGY, artifact->strategy, strnlen(artifact->strategy, 15));
	write_number(&out, FIELD_SEED, artifact->seed, 8);
	write_number(&out, FIELD_RULE, artifact->rule < LAB_RULE_COUNT ? artifact->rule : RULE_NONE, 2);
	write_number(&out, FIELD_EVENT_HASH, artifact->event_hash, 8);
	write_field(&out, FIELD_SCENARIO, wide, wide_bytes);
	write_choices(&out, artifact);
	free(wide);
	if (!out.out_of_memory)
		lab_write_uint(&out, XXH3_64bits(out.bytes, out.count), CHECK_BYTES);
	if (out.out_of_memory) {
		free(out.bytes);
		return LAB_NO_MEMORY;
	}
	*ret_bytes = out.bytes;
	*ret_count = out.count;
	return LAB_OK;
}

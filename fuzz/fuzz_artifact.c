/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "fuzz.h"
#include "report/artifact.h"
#include "scenario/decode.h"
#include "scenario/validate.h"

/*
 * The artifact's reader against its writer. What is read writes back byte for byte: the envelope says each thing in
 * one way only. No fuzzer guesses a checksum, so that each input is tried a second time with its checksums made right,
 * and a third time as a bare wide scenario.
 */
#define HEADER_BYTES 12u
#define CHECK_BYTES  8u

static _Noreturn void broken(const char *property, const char *detail)
{
	fprintf(stderr, "finding: fuzz_artifact: %s: %s\n", property, detail);
	lab_fuzz_found = 1;
	abort();
}

static void check_valid(const struct lab_scenario *scenario)
{
	char message[160];

	if (lab_scenario_validate(scenario, message, sizeof(message)) != LAB_OK)
		broken("what was read is not valid", message);
}

static void check_same(const char *what, const uint8_t *a, size_t a_count, uint8_t *b, size_t b_count)
{
	if (a_count != b_count || memcmp(a, b, a_count))
		broken(what, "writes back differently");
	free(b);
}

static void check_artifact(const uint8_t *bytes, size_t count)
{
	static struct lab_artifact artifact;
	struct lab_artifact_error error = {{0}};
	size_t again_count;
	uint8_t *again;

	artifact.seed = 77;
	if (lab_artifact_read(bytes, count, &artifact, &error) != LAB_OK) {
		if (!error.message[0] || artifact.seed != 77)
			broken("refusal", "without a message, or that changed the artifact");
		return;
	}
	if (!lab_artifact_is(bytes, count))
		broken("magic", "read without it");
	check_valid(&artifact.scenario);
	if (lab_artifact_write(&artifact, &again, &again_count) != LAB_OK)
		broken("artifact", "what was read cannot be written");
	check_same("artifact", bytes, count, again, again_count);
	lab_artifact_free(&artifact);
}

static void check_wide(const uint8_t *bytes, size_t count)
{
	static struct lab_scenario scenario;
	struct lab_wide_error error = {.offset = SIZE_MAX};
	size_t again_count;
	uint8_t *again;

	if (lab_scenario_decode_wide(bytes, count, &scenario, &error) != LAB_OK) {
		if (!error.message[0] || error.offset > count)
			broken("wide refusal", "without a message or a place in the bytes");
		return;
	}
	check_valid(&scenario);
	if (lab_scenario_encode_wide(&scenario, &again, &again_count) != LAB_OK)
		broken("wide form", "what was read cannot be written");
	check_same("wide form", bytes, count, again, again_count);
}

static void put_check(uint8_t *at, const uint8_t *bytes, size_t count)
{
	uint64_t check = XXH3_64bits(bytes, count);

	for (unsigned i = 0; i < CHECK_BYTES; i++)
		at[i] = (uint8_t)(check >> (8 * i));
}

/* Walks the fields by their lengths, wherever those lead, and sets each checksum. */
static void mend_checksums(uint8_t *bytes, size_t count)
{
	size_t at = HEADER_BYTES;

	while (at <= count && count - at >= 8 + 2 * CHECK_BYTES) {
		size_t length = (size_t)bytes[at + 4] | (size_t)bytes[at + 5] << 8 | (size_t)bytes[at + 6] << 16 |
				(size_t)bytes[at + 7] << 24;

		if (length > count - at - 8 - CHECK_BYTES)
			return;
		put_check(bytes + at + 8 + length, bytes + at, 8 + length);
		at += 8 + length + CHECK_BYTES;
	}
	if (at <= count && count - at == CHECK_BYTES)
		put_check(bytes + at, bytes, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	uint8_t *mended = malloc(count + 1);

	if (!mended)
		exit(3);
	check_artifact(bytes, count);
	memcpy(mended, bytes, count);
	mend_checksums(mended, count);
	check_artifact(mended, count);
	check_wide(bytes, count);
	free(mended);
	return 0;
}

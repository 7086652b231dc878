/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

#include "base/prng.h"
#include "report/artifact.h"
#include "scenario/text.h"
#include "scenario/validate.h"

static const char text[] = "machine frames=512 hole=128+64 cpus=2 order-max=9\n"
			   "zone normal frames=0+512 min=32 low=40 high=48 reserve=0\n"
			   "task    stack cpu=0 { r0 = alloc kernel 0; touch r0; free r0; }\n"
			   "hardirq rx    cpu=0 { p0 = alloc atomic|exclusive 0; touch p0; give p0 stack; }\n"
			   "schedule stack*3 rx stack* rx@stack:46\nschedule bytes 00 03 ff\n";

/* Where the fields begin in the artifact that make() makes, which is told by their tags. */
static const char *const tags[] = {"TARG", "BILD", "ENGI", "STRA", "SEED", "RULE", "EVHA", "SCEN", "CHOI"};
static const char *const names[] = {"target", "build id",   "engine",   "strategy", "seed",
				    "rule",   "event hash", "scenario", "choices"};
#define FIELDS       (sizeof(tags) / sizeof(tags[0]))
#define HEADER_BYTES 12u

static void make(struct lab_artifact *artifact, uint8_t **bytes, size_t *count)
{
	struct lab_text_error error;

	lab_artifact_init(artifact);
	strcpy(artifact->target, "core");
	strcpy(artifact->build_id, "0.1.0-5f3a9c21");
	strcpy(artifact->engine, "sim");
	strcpy(artifact->strategy, "bytes");
	artifact->seed = 0x1122334455667788;
	artifact->event_hash = 0x99aabbccddeeff00;
	artifact->rule = LAB_R03_RESERVE_FLOOR;
	assert_int_equal(lab_scenario_parse(text, strlen(text), &artifact->scenario, &error), LAB_OK);
	artifact->follows = true;
	lab_choices_add(&artifact->choices, (struct lab_choice){LAB_CHOICE_ENGINE, 1, true, 0, 3, 0});
	lab_choices_add(&artifact->choices, (struct lab_choice){0, 1, false, 70000, 2, 0xfedcba98});
	assert_int_equal(lab_artifact_write(artifact, bytes, count), LAB_OK);
}

static uint32_t length_at(const uint8_t *bytes, size_t offset)
{
	return (uint32_t)bytes[offset] | (uint32_t)bytes[offset + 1] << 8 | (uint32_t)bytes[offset + 2] << 16 |
	       (uint32_t)bytes[offset + 3] << 24;
}

/* The offset of each field's tag, and behind the last one that of the checksum. */
static void find_fields(const uint8_t *bytes, size_t count, size_t offsets[FIELDS + 1])
{
	size_t at = HEADER_BYTES;

	for (size_t i = 0; i < FIELDS; i++) {
		assert_memory_equal(bytes + at, tags[i], 4);
		offsets[i] = at;
		at += 4 + 4 + length_at(bytes, at + 4) + 8;
	}
	offsets[FIELDS] = at;
	assert_int_equal(at + 8, count);
}

static void put_check(uint8_t *at, const uint8_t *bytes, size_t count)
{
	uint64_t check = XXH3_64bits(bytes, count);

	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(check >> (8 * i));
}

/* Makes the checksums of a field and of the file right again: damage that a careful forger does. */
static void forge(uint8_t *bytes, const size_t offsets[FIELDS + 1], size_t field)
{
	size_t own = offsets[field + 1] - 8 - offsets[field];

	put_check(bytes + offsets[field] + own, bytes + offsets[field], own);
	put_check(bytes + offsets[FIELDS], bytes, offsets[FIELDS]);
}

static void expect_refused(const uint8_t *bytes, size_t count, const char *prefix)
{
	struct lab_artifact_error error = {{0}};
	struct lab_artifact artifact;
	uint8_t *own = malloc(count ? count : 1);

	/* In memory of its own, so that ASan sees a read behind its end. */
	memcpy(own, bytes, count);
	lab_artifact_init(&artifact);
	artifact.seed = 77;
	assert_int_equal(lab_artifact_read(own, count, &artifact, &error), LAB_INVALID);
	assert_int_equal(artifact.seed, 77);
	if (prefix && strncmp(error.message, prefix, strlen(prefix)))
		fail_msg("got '%s', wanted it to begin with '%s'", error.message, prefix);
	assert_true(error.message[0]);
	lab_artifact_free(&artifact);
	free(own);
}

static void test_round_trip(void **state)
{
	struct lab_artifact artifact, read;
	struct lab_artifact_error error;
	uint8_t *bytes, *again;
	size_t count, count_again;

	make(&artifact, &bytes, &count);
	lab_artifact_init(&read);
	assert_true(lab_artifact_is(bytes, count));
	assert_int_equal(lab_artifact_read(bytes, count, &read, &error), LAB_OK);
	assert_string_equal(read.target, "core");
	assert_string_equal(read.build_id, "0.1.0-5f3a9c21");
	assert_string_equal(read.engine, "sim");
	assert_string_equal(read.strategy, "bytes");
	assert_true(read.seed == artifact.seed && read.event_hash == artifact.event_hash);
	assert_int_equal(read.rule, LAB_R03_RESERVE_FLOOR);
	assert_true(lab_scenario_equal(&read.scenario, &artifact.scenario));
	assert_true(read.follows);
	assert_int_equal(read.choices.count, 2);
	assert_true(lab_choice_same_place(&read.choices.list[1], &artifact.choices.list[1]));
	assert_true(read.choices.list[0].fires && !read.choices.list[1].fires);
	assert_int_equal(read.choices.list[0].asker, LAB_CHOICE_ENGINE);
	assert_int_equal(read.choices.list[1].chosen, 1);
	assert_int_equal(read.choices.list[1].signature, 0xfedcba98);
	assert_int_equal(lab_artifact_write(&read, &again, &count_again), LAB_OK);
	assert_int_equal(count, count_again);
	assert_memory_equal(bytes, again, count);
	free(again);
	/* No rule expected survives too. */
	artifact.rule = LAB_RULE_COUNT;
	assert_int_equal(lab_artifact_write(&artifact, &again, &count_again), LAB_OK);
	assert_int_equal(lab_artifact_read(again, count_again, &read, &error), LAB_OK);
	assert_int_equal(read.rule, LAB_RULE_COUNT);
	free(again);
	free(bytes);
	lab_artifact_free(&artifact);
	lab_artifact_free(&read);
}

static void test_other_files_are_no_artifacts(void **state)
{
	assert_false(lab_artifact_is((const uint8_t *)text, strlen(text)));
	assert_false(lab_artifact_is(NULL, 0));
	assert_false(lab_artifact_is((const uint8_t *)"\x89LAB", 4));
	expect_refused((const uint8_t *)text, strlen(text), "magic: ");
	expect_refused((const uint8_t *)"", 0, "magic: ");
}

static void test_every_truncation_is_refused(void **state)
{
	size_t offsets[FIELDS + 1], count, field = 0;
	struct lab_artifact artifact;
	uint8_t *bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	for (size_t cut = 0; cut < count; cut++) {
		const char *name = "checksum";

		while (field < FIELDS && cut >= offsets[field + 1])
			field++;
		if (cut < 8)
			name = "magic";
		else if (cut < HEADER_BYTES)
			name = "version";
		else if (field < FIELDS)
			name = names[field];
		expect_refused(bytes, cut, name);
	}
	free(bytes);
	lab_artifact_free(&artifact);
}

static void test_every_flipped_bit_is_refused_by_its_field(void **state)
{
	size_t offsets[FIELDS + 1], count, field = 0;
	struct lab_artifact artifact;
	uint8_t *bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	for (size_t bit = 0; bit < 8 * count; bit++) {
		const char *name = "checksum";

		while (field < FIELDS && bit / 8 >= offsets[field + 1])
			field++;
		if (bit / 8 < 8)
			name = "magic";
		else if (bit / 8 < HEADER_BYTES)
			name = "version";
		else if (field < FIELDS)
			name = names[field];
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		expect_refused(bytes, count, name);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(bytes);
	lab_artifact_free(&artifact);
}

static void test_trailing_bytes_and_mixed_artifacts_are_refused(void **state)
{
	size_t offsets[FIELDS + 1], count, other_count;
	struct lab_artifact artifact, other;
	uint8_t *bytes, *more, *other_bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	more = calloc(1, count + 3);
	memcpy(more, bytes, count);
	expect_refused(more, count + 3, "end: 3 bytes");
	/* A whole field of another artifact, right in itself. */
	make(&other, &other_bytes, &other_count);
	free(other_bytes);
	other.seed++;
	assert_int_equal(lab_artifact_write(&other, &other_bytes, &other_count), LAB_OK);
	memcpy(more, bytes, count);
	memcpy(more + offsets[4], other_bytes + offsets[4], offsets[5] - offsets[4]);
	expect_refused(more, count, "checksum: ");
	free(more);
	free(bytes);
	free(other_bytes);
	lab_artifact_free(&artifact);
	lab_artifact_free(&other);
}

/* Damage under right checksums: the field's own meaning is checked. */
static void test_forged_fields_are_refused(void **state)
{
	size_t offsets[FIELDS + 1], count;
	struct lab_artifact artifact;
	uint8_t *bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	bytes[offsets[0] + 8 + 1] = 0;
	forge(bytes, offsets, 0);
	expect_refused(bytes, count, "target: a zero byte");
	bytes[offsets[0] + 8 + 1] = 'o';
	forge(bytes, offsets, 0);
	bytes[offsets[5] + 8] = LAB_RULE_COUNT;
	forge(bytes, offsets, 5);
	expect_refused(bytes, count, "rule: 19, expected 0..18, or 65535 for none");
	bytes[offsets[5] + 8] = 0;
	forge(bytes, offsets, 5);
	bytes[offsets[7] + 8 + 8] = 99; /* behind the frame count */
	forge(bytes, offsets, 7);
	expect_refused(bytes, count, "scenario: machine: page-shift is 99, expected 6..16");
	bytes[8] = 3;
	put_check(bytes + offsets[FIELDS], bytes, offsets[FIELDS]);
	expect_refused(bytes, count, "version: 3, expected 1 or 2");
	free(bytes);
	lab_artifact_free(&artifact);
}

static void test_forged_choices_are_refused(void **state)
{
	size_t offsets[FIELDS + 1], count, at;
	struct lab_artifact artifact;
	uint8_t *bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	at = offsets[8] + 8;
	bytes[at + 2] = 3; /* the scenario has two contexts, and behind them is the reclaimer */
	forge(bytes, offsets, 8);
	expect_refused(bytes, count, "choices: expected records of 17 bytes");
	bytes[at + 2] = 1;
	bytes[at + 4] = 2; /* neither comes in nor does not */
	forge(bytes, offsets, 8);
	expect_refused(bytes, count, "choices: expected records of 17 bytes");
	free(bytes);
	lab_artifact_free(&artifact);
}

/* What follows no choices has none. */
static void test_version_1_is_read(void **state)
{
	size_t offsets[FIELDS + 1], count;
	struct lab_artifact artifact, read;
	struct lab_artifact_error error;
	uint8_t *bytes;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	bytes[8] = 1;
	put_check(bytes + offsets[8], bytes, offsets[8]);
	lab_artifact_init(&read);
	assert_int_equal(lab_artifact_read(bytes, offsets[8] + 8, &read, &error), LAB_OK);
	assert_false(read.follows);
	assert_int_equal(read.choices.count, 0);
	assert_true(lab_scenario_equal(&read.scenario, &artifact.scenario));
	free(bytes);
	assert_int_equal(lab_artifact_write(&read, &bytes, &count), LAB_OK);
	assert_int_equal(count, offsets[8] + 8);
	assert_int_equal(bytes[8], 1);
	free(bytes);
	lab_artifact_free(&artifact);
	lab_artifact_free(&read);
}

/* Any bytes as the scenario, under right checksums: refused, or an artifact that writes back the same. */
static void test_forged_scenarios_are_refused_or_whole(void **state)
{
	size_t offsets[FIELDS + 1], count, again_count;
	struct lab_artifact artifact, read;
	struct lab_artifact_error error;
	uint8_t *bytes, *again, *damaged;
	unsigned accepted = 0, refused = 0;
	struct lab_prng prng;

	make(&artifact, &bytes, &count);
	find_fields(bytes, count, offsets);
	damaged = malloc(count);
	lab_artifact_init(&read);
	lab_prng_seed(&prng, 9, 0);
	for (unsigned run = 0; run < 20000; run++) {
		size_t own = offsets[8] - 8 - (offsets[7] + 8);

		memcpy(damaged, bytes, count);
		for (unsigned i = 0; i <= run % 2; i++)
			damaged[offsets[7] + 8 + lab_prng_below(&prng, own)] ^=
				(uint8_t)(1u << lab_prng_below(&prng, 8));
		forge(damaged, offsets, 7);
		if (lab_artifact_read(damaged, count, &read, &error) != LAB_OK) {
			/* one with fewer contexts leaves the choices naming what is not there */
			assert_true(!strncmp(error.message, "scenario: ", 10) ||
				    !strncmp(error.message, "choices: ", 9));
			refused++;
			continue;
		}
		accepted++;
		assert_int_equal(lab_artifact_write(&read, &again, &again_count), LAB_OK);
		assert_int_equal(count, again_count);
		assert_memory_equal(damaged, again, count);
		free(again);
	}
	assert_true(accepted > 100 && refused > 1000);
	free(damaged);
	free(bytes);
	lab_artifact_free(&artifact);
	lab_artifact_free(&read);
}

static void test_an_invalid_scenario_is_not_written(void **state)
{
	struct lab_artifact artifact;
	uint8_t *bytes = NULL;
	size_t count;

	make(&artifact, &bytes, &count);
	free(bytes);
	artifact.scenario.ops[0].slot = 99;
	bytes = NULL;
	assert_int_equal(lab_artifact_write(&artifact, &bytes, &count), LAB_INVALID);
	assert_null(bytes);
	lab_artifact_free(&artifact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_other_files_are_no_artifacts),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_flipped_bit_is_refused_by_its_field),
		cmocka_unit_test(test_trailing_bytes_and_mixed_artifacts_are_refused),
		cmocka_unit_test(test_forged_fields_are_refused),
		cmocka_unit_test(test_forged_choices_are_refused),
		cmocka_unit_test(test_version_1_is_read),
		cmocka_unit_test(test_forged_scenarios_are_refused_or_whole),
		cmocka_unit_test(test_an_invalid_scenario_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/file.h"

static char folder[] = "lab-test-file-XXXXXX";
static char path[sizeof(folder) + 16];

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/f", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(folder); /* fails when a temporary was left behind */
}

static void expect_content(const void *bytes, size_t count)
{
	uint8_t *read;
	size_t read_count;

	assert_int_equal(lab_file_read(path, 1 << 20, &read, &read_count), LAB_OK);
	assert_int_equal(read_count, count);
	assert_memory_equal(read, bytes, count);
	free(read);
}

static void test_what_is_written_is_read(void **state)
{
	static uint8_t big[100001];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	assert_int_equal(lab_file_write(path, "abc", 3), LAB_OK);
	expect_content("abc", 3);
	assert_int_equal(lab_file_write(path, big, sizeof(big)), LAB_OK);
	expect_content(big, sizeof(big));
	assert_int_equal(lab_file_write(path, NULL, 0), LAB_OK);
	expect_content("", 0);
}

static void test_the_limit_is_exact(void **state)
{
	uint8_t *bytes = NULL;
	size_t count;

	assert_int_equal(lab_file_write(path, "12345678", 8), LAB_OK);
	assert_int_equal(lab_file_read(path, 8, &bytes, &count), LAB_OK);
	assert_int_equal(count, 8);
	free(bytes);
	bytes = NULL;
	assert_int_equal(lab_file_read(path, 7, &bytes, &count), LAB_INVALID);
	assert_int_equal(lab_file_read(path, 0, &bytes, &count), LAB_INVALID);
	assert_null(bytes);
}

static void test_errors_tell_errno(void **state)
{
	uint8_t *bytes = NULL;
	size_t count;

	unlink(path);
	assert_int_equal(lab_file_read(path, 8, &bytes, &count), LAB_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(lab_file_read(folder, 8, &bytes, &count), LAB_SYSTEM);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(lab_file_write("/nonexistent-folder/f", "a", 1), LAB_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_null(bytes);
}

/* A write that fails at its last step, the rename, leaves what was there and no temporary. */
static void test_a_failed_write_leaves_all_as_it_was(void **state)
{
	unsigned entries = 0;
	struct dirent *entry;
	DIR *listing;

	unlink(path);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(lab_file_write(path, "new", 3), LAB_SYSTEM);
	assert_int_equal(errno, EISDIR);
	listing = opendir(folder);
	assert_non_null(listing);
	while ((entry = readdir(listing)))
		entries++;
	closedir(listing);
	assert_int_equal(entries, 3); /* . and .. and the folder in the way */
	assert_int_equal(rmdir(path), 0);
}

/* What a killed writer left under our name is in nobody's way. */
static void test_a_stale_temporary_is_replaced(void **state)
{
	char stale[sizeof(path) + 32];
	FILE *file;

	snprintf(stale, sizeof(stale), "%s.%ld.tmp", path, (long)getpid());
	file = fopen(stale, "w");
	assert_non_null(file);
	fputs("half", file);
	fclose(file);
	assert_int_equal(lab_file_write(path, "whole", 5), LAB_OK);
	expect_content("whole", 5);
	assert_int_not_equal(access(stale, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_the_limit_is_exact),
		cmocka_unit_test(test_errors_tell_errno),
		cmocka_unit_test(test_a_failed_write_leaves_all_as_it_was),
		cmocka_unit_test(test_a_stale_temporary_is_replaced),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

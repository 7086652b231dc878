/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/registry.h"
#include "tests/target/fixture.h"

#define MODULE(name) MODULE_FOLDER "/lab-module-" name ".so"

static void expect_refused(const char *name, const char *member, const char *expectation)
{
	const struct lab_target *target = NULL;
	char message[512] = "";

	assert_int_equal(lab_target_open(name, &target, message, sizeof(message)), LAB_INVALID);
	assert_null(target);
	assert_null(strchr(message, '\n'));
	if (strncmp(message, name, strlen(name)) != 0 || !strstr(message, member) || !strstr(message, expectation))
		fail_msg("\"%s\" lacks \"%s\", \"%s\" or \"%s\"", message, name, member, expectation);
}

static void test_builtins(void **state)
{
	size_t count;
	const struct lab_target *const *builtins = lab_target_builtins(&count);

	assert_true(count >= 2);
	for (size_t i = 0; i < count; i++) {
		const struct lab_target *target = NULL;
		char message[256] = "";

		if (lab_target_validate(builtins[i], builtins[i]->name, message, sizeof(message)) != LAB_OK)
			fail_msg("%s", message);
		assert_int_equal(lab_target_open(builtins[i]->name, &target, message, sizeof(message)), LAB_OK);
		assert_ptr_equal(target, builtins[i]);
	}
	expect_refused("lock", "no such target", "locked, malloc,");
	expect_refused("", "no such target", "locked, malloc,");
}

static void test_plugin_errors(void **state)
{
	expect_refused("./no-such-file.so", "cannot be loaded", "expected a shared object");
	expect_refused("no-such-file.so", "cannot be loaded", "expected a shared object");
	expect_refused(MODULE_FOLDER "/../../meson-info/intro-tests.json", "cannot be loaded",
		       "expected a shared object");
	expect_refused(MODULE("no-entry"), "lab_target_entry is missing",
		       "const struct lab_target *lab_target_entry(void)");
	expect_refused(MODULE("null-table"), "lab_target_entry answered NULL", "expected a table");
	expect_refused(MODULE("abi"), "abi is 2", "expected 1");
	expect_refused(MODULE("size"), "size is 8", "expected ");
	expect_refused(MODULE("name"), "name is NULL", "expected a string");
	expect_refused(MODULE("alloc"), "alloc is NULL", "expected a function");
	expect_refused(MODULE("free"), "free is NULL", "expected a function");
	expect_refused(MODULE("map"), "map is NULL", "LAB_CAP_EXCLUSIVE_MAP expects it");
	expect_refused(MODULE("reclaim"), "reclaim is NULL", "LAB_CAP_RECLAIM expects it");
	expect_refused(MODULE("no-memory"), "caps has neither", "LAB_CAP_ARENA and LAB_CAP_OWN_MEMORY");
	expect_refused(MODULE("both-memories"), "caps has both", "LAB_CAP_ARENA and LAB_CAP_OWN_MEMORY");
	expect_refused(MODULE("own-exact"), "caps has LAB_CAP_EXACT with LAB_CAP_OWN_MEMORY", "expected LAB_CAP_ARENA");
	expect_refused(MODULE("unknown-cap"), "caps has unknown bit 40", "expected LAB_CAP_ bits of ABI 1");
	expect_refused(MODULE("page-shift"), "page_shift_min is 22", "expected at most 21");
}

static void test_plugin_loads(void **state)
{
	const struct lab_target *target = NULL, *again = NULL;
	char message[256] = "";

	assert_int_equal(lab_target_open(MODULE("good"), &target, message, sizeof(message)), LAB_OK);
	assert_string_equal(target->name, "module");
	assert_int_equal(lab_target_open(MODULE("good"), &again, message, sizeof(message)), LAB_OK);
	assert_ptr_equal(again, target);
	assert_string_equal(message, "");
}

static void test_a_table_without_the_newer_members(void **state)
{
	const struct lab_target *target = NULL, *again = NULL;
	char message[256] = "";

	if (lab_target_open(MODULE("short"), &target, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	assert_string_equal(target->name, "module");
	assert_non_null(target->alloc);
	assert_null(target->describe);
	assert_int_equal(lab_target_open(MODULE("short"), &again, message, sizeof(message)), LAB_OK);
	assert_ptr_equal(again, target);
}

static void test_message_that_does_not_fit(void **state)
{
	const struct lab_target *target;
	char message[8] = "abcdefg";

	assert_int_equal(lab_target_open("./no-such-file.so", &target, message, 4), LAB_INVALID);
	assert_string_equal(message, "./n");
	assert_int_equal(lab_target_open("nobody", &target, message, 4), LAB_INVALID);
	assert_string_equal(message, "nob");
	assert_int_equal(message[4], 'e'); /* nothing behind the room */
}

static void test_malloc_libraries(void **state)
{
	static const struct lab_span span = {0, 64, LAB_ZONE_NORMAL};
	const struct lab_target *target = NULL, *again = NULL;
	struct lab_request request = {.order = 1, .owner = lab_owner_make(1, 1)};
	struct lab_fixture fixture;
	char message[256] = "";
	void *self, *first, *second;

	expect_refused("malloc:libno-such-malloc.so.1", "library: ", "libno-such-malloc.so.1");
	expect_refused("malloc:libm.so.6", "does not define aligned_alloc", "expected a malloc library");
	assert_int_equal(lab_target_open("malloc:" MODULE("malloc"), &target, message, sizeof(message)), LAB_OK);
	assert_string_equal(target->name, "malloc:" MODULE("malloc"));
	assert_int_equal(lab_target_open("malloc:" MODULE("malloc"), &again, message, sizeof(message)), LAB_OK);
	assert_ptr_equal(again, target);
	assert_int_equal(lab_target_validate(target, target->name, message, sizeof(message)), LAB_OK);

	lab_fixture_init(&fixture, 6, LAB_ORDER_MAX, &span, 1);
	assert_int_equal(target->create(&fixture.machine, &self), LAB_OK);
	assert_int_equal(target->alloc(self, &request, &first), LAB_OK);
	assert_int_equal(target->alloc(self, &request, &second), LAB_OK);
	assert_int_equal((char *)second - (char *)first, 128); /* so it is that library that answered */
	assert_int_equal(target->free(self, second, &request), LAB_OK);
	assert_int_equal(target->free(self, first, &request), LAB_OK);
	target->destroy(self);
	lab_fixture_fini(&fixture);
}

/* The machine's frames bound a malloc library too, or a scenario that drains the machine would drain the host. */
static void test_malloc_budget(void **state)
{
	static const struct lab_span spans[] = {{0, 4, LAB_ZONE_DMA}, {8, 4, LAB_ZONE_NORMAL}};
	struct lab_request request = {.order = 1, .owner = lab_owner_make(1, 1)};
	struct lab_fixture fixture;
	void *self, *blocks[4], *block = &fixture;

	lab_fixture_init(&fixture, 6, LAB_ORDER_MAX, spans, 2);
	assert_int_equal(lab_target_malloc.create(&fixture.machine, &self), LAB_OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(lab_target_malloc.alloc(self, &request, &blocks[i]), LAB_OK);
		assert_int_equal((uintptr_t)blocks[i] % 64, 0);
	}
	assert_int_equal(lab_target_malloc.alloc(self, &request, &block), LAB_NO_MEMORY);
	assert_ptr_equal(block, &fixture);
	assert_int_equal(lab_target_malloc.free(self, blocks[0], &request), LAB_OK);
	assert_int_equal(lab_target_malloc.alloc(self, &request, &blocks[0]), LAB_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(lab_target_malloc.free(self, blocks[i], &request), LAB_OK);
	lab_target_malloc.destroy(self);
	lab_fixture_fini(&fixture);
}

static void test_cap_names(void **state)
{
	assert_string_equal(lab_cap_name(0), "ARENA");
	assert_string_equal(lab_cap_name(12), "EXACT");
	assert_string_equal(lab_cap_name(13), "HOTPLUG");
	assert_string_equal(lab_cap_name(14), "DEATH");
	assert_string_equal(lab_cap_name(15), "MEMORY");
	assert_null(lab_cap_name(16));
}

static void test_status_names(void **state)
{
	assert_string_equal(lab_status_name(LAB_OK), "ok");
	assert_string_equal(lab_status_name(LAB_SYSTEM), "system");
	assert_string_equal(lab_status_name(LAB_STATUS_COUNT), "unknown");
	assert_string_equal(lab_status_name((enum lab_status) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtins),
		cmocka_unit_test(test_plugin_errors),
		cmocka_unit_test(test_plugin_loads),
		cmocka_unit_test(test_a_table_without_the_newer_members),
		cmocka_unit_test(test_message_that_does_not_fit),
		cmocka_unit_test(test_malloc_libraries),
		cmocka_unit_test(test_malloc_budget),
		cmocka_unit_test(test_cap_names),
		cmocka_unit_test(test_status_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

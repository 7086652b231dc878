/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symbols/symbols.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* usage: test_symbols WITH-DEBUG WITHOUT-DEBUG STRIPPED: three builds of module.c */

static char files[3][4096]; /* absolute: a test goes elsewhere */

/* A module with its symbols, and where the function of that name made its call. */
struct rig {
	void *handle;
	struct lab_symbols *symbols;
};

static void rig_open(struct rig *rig, const char *file)
{
	rig->handle = dlopen(file, RTLD_NOW);
	if (!rig->handle)
		fail_msg("%s", dlerror());
	assert_int_equal(lab_symbols_open(file, &rig->symbols), LAB_OK);
}

static void rig_close(struct rig *rig)
{
	lab_symbols_close(rig->symbols);
	dlclose(rig->handle);
}

static uintptr_t offset_of(const void *address)
{
	Dl_info info;

	assert_int_not_equal(dladdr(address, &info), 0);
	return (uintptr_t)address - (uintptr_t)info.dli_fbase;
}

static uintptr_t call_in(struct rig *rig, const char *name)
{
	void *(*function)(void), *symbol = dlsym(rig->handle, name);

	assert_non_null(symbol);
	memcpy(&function, &symbol, sizeof(function));
	return offset_of(function());
}

static const struct lab_source *source_in(struct rig *rig, const char *name)
{
	const struct lab_source *source = NULL;

	assert_true(lab_symbols_source(rig->symbols, call_in(rig, name), &source));
	return source;
}

static void test_lines_and_their_text(void **state)
{
	const struct lab_source *source;
	struct rig rig;

	rig_open(&rig, files[0]);
	source = source_in(&rig, "symbols_plain");
	assert_string_equal(source->function, "symbols_plain");
	assert_string_equal(source->file, "symbols/module.c");
	assert_string_equal(source->text, "void *at = symbols_here(); /* the plain one */");
	assert_ptr_equal(source_in(&rig, "symbols_plain"), source); /* asked twice, read once */
	rig_close(&rig);
}

static void test_what_was_inlined(void **state)
{
	const struct lab_source *source;
	struct rig rig;

	rig_open(&rig, files[0]);
	source = source_in(&rig, "symbols_inlined");
	assert_string_equal(source->function, "inner");
	assert_string_equal(source->text, "return symbols_here(); /* the one inside */");
	source = source_in(&rig, "symbols_wrapped");
	assert_string_equal(source->function, "symbols_wrapped");
	assert_string_equal(source->file, "symbols/module.c");
	assert_string_equal(source->text, "void *at = wrapper_here(); /* the caller of a wrapper */");
	rig_close(&rig);
}

static void test_the_current_folder_is_left_out(void **state)
{
	char here[4096];
	struct rig rig;

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(SOURCE_FOLDER), 0);
	rig_open(&rig, files[0]);
	assert_string_equal(source_in(&rig, "symbols_plain")->file, "module.c");
	rig_close(&rig);
	assert_int_equal(chdir(here), 0);
}

static void test_without_debugging_information(void **state)
{
	const struct lab_source *source;
	struct rig rig;

	rig_open(&rig, files[1]);
	source = source_in(&rig, "symbols_wrapped");
	assert_true(strncmp(source->function, "symbols_wrapped+0x", strlen("symbols_wrapped+0x")) == 0);
	assert_string_equal(source->file, "");
	assert_int_equal(source->line, 0);
	assert_string_equal(source->text, "");
	rig_close(&rig);
}

/* A stripped file still has the symbols that it exports. */
static void test_variables(void **state)
{
	for (int i = 0; i < 3; i++) {
		uintptr_t pool;
		char text[64] = "";
		struct rig rig;

		rig_open(&rig, files[i]);
		pool = offset_of(dlsym(rig.handle, "symbols_pool"));
		assert_true(lab_symbols_variable(rig.symbols, pool, text, sizeof(text)));
		assert_string_equal(text, "symbols_pool");
		assert_true(lab_symbols_variable(rig.symbols, pool + 16, text, sizeof(text)));
		assert_string_equal(text, "symbols_pool+0x10");
		assert_true(lab_symbols_variable(rig.symbols, pool + 16, text, 9));
		assert_string_equal(text, "symbols_");
		assert_false(lab_symbols_variable(rig.symbols, call_in(&rig, "symbols_plain"), text, sizeof(text)));
		rig_close(&rig);
	}
}

static void test_what_lies_nowhere(void **state)
{
	const struct lab_source *source = NULL;
	struct rig rig;

	rig_open(&rig, files[0]);
	assert_false(lab_symbols_source(rig.symbols, (uintptr_t)1 << 40, &source));
	assert_false(lab_symbols_source(rig.symbols, UINTPTR_MAX, &source));
	assert_null(source);
	rig_close(&rig);
}

static void test_what_is_no_object(void **state)
{
	struct lab_symbols *symbols = NULL;

	assert_int_equal(lab_symbols_open("/nobody/has/this.so", &symbols), LAB_SYSTEM);
	assert_int_equal(lab_symbols_open(SOURCE_FOLDER "/module.c", &symbols), LAB_INVALID);
	assert_null(symbols);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_their_text),
		cmocka_unit_test(test_what_was_inlined),
		cmocka_unit_test(test_the_current_folder_is_left_out),
		cmocka_unit_test(test_without_debugging_information),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_what_lies_nowhere),
		cmocka_unit_test(test_what_is_no_object),
	};

	if (argc != 4) {
		fprintf(stderr, "usage: test_symbols WITH-DEBUG WITHOUT-DEBUG STRIPPED\n");
		return 2;
	}
	for (int i = 0; i < 3; i++)
		if (!realpath(argv[i + 1], files[i]))
			return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <labyrinth/present.h>

#include "base/bits.h"
#include "plat/atomic.h"
#include "plat/thread.h"
#include "plat/vm.h"

/* Memory that goes is read by nobody: who was in it has left before it is away, and who comes does not see it. */

#define SHIFT  12u
#define FRAMES 192u
#define SPAN   1u

static const struct lab_span spans[] = {
	{0, 64, LAB_ZONE_NORMAL}, {64, 64, LAB_ZONE_NORMAL}, {128, 64, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks none[LAB_ZONE_COUNT];

struct rig {
	char *base;
	struct lab_arena arena;
	struct lab_present *present;
};

static void open_rig(struct rig *rig, const bool *absent)
{
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = SHIFT,
					  .order_max = 6,
					  .cpu_count = 1,
					  .spans = spans,
					  .span_count = LAB_ARRAY_COUNT(spans),
					  .absent = absent,
					  .zones = none};
	struct lab_present_config list = {
		.page_shift = SHIFT, .spans = spans, .span_count = LAB_ARRAY_COUNT(spans), .absent = absent};
	void *base;

	assert_int_equal(lab_vm_map(FRAMES << SHIFT, &base), LAB_OK);
	rig->base = base;
	memset(base, 0x5a, FRAMES << SHIFT);
	config.base = list.base = base;
	assert_int_equal(lab_arena_create(&rig->arena, &config), LAB_OK);
	assert_int_equal(lab_present_create(&list, &rig->present), LAB_OK);
}

static void close_rig(struct rig *rig)
{
	lab_present_destroy(rig->present);
	lab_arena_fini(&rig->arena);
	lab_vm_unmap(rig->base, FRAMES << SHIFT);
}

static bool is_readable(const struct rig *rig, unsigned span)
{
	char first, last;
	const char *start = rig->base + (spans[span].first_frame << SHIFT);

	return lab_vm_peek(start, &first, 1) == LAB_OK &&
	       lab_vm_peek(start + (spans[span].frame_count << SHIFT) - 1, &last, 1) == LAB_OK;
}

static size_t count(const struct rig *rig)
{
	size_t result = lab_present_enter(rig->present)->count;

	lab_present_leave(rig->present);
	return result;
}

static void test_goes_and_comes(void **state)
{
	const struct lab_present_list *list;
	struct rig rig;

	open_rig(&rig, NULL);
	assert_int_equal(count(&rig), 3);
	assert_int_equal(lab_present_add(rig.present, &rig.arena, SPAN), LAB_UNCHANGED);
	assert_int_equal(lab_present_remove(rig.present, &rig.arena, SPAN, 0), LAB_OK);
	assert_int_equal(lab_present_remove(rig.present, &rig.arena, SPAN, 0), LAB_UNCHANGED);
	assert_int_equal(lab_present_hide(rig.present, SPAN), LAB_UNCHANGED);
	assert_int_equal(lab_present_hide(rig.present, 3), LAB_INVALID);
	assert_false(is_readable(&rig, SPAN));
	assert_true(is_readable(&rig, 0) && is_readable(&rig, 2));
	list = lab_present_enter(rig.present);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->spans[0].span, 0);
	assert_int_equal(list->spans[1].span, 2);
	assert_ptr_equal(list->spans[1].start, rig.base + (128 << SHIFT));
	assert_int_equal(list->spans[1].bytes, 64 << SHIFT);
	lab_present_leave(rig.present);
	assert_int_equal(lab_arena_free_frames(&rig.arena), 128);
	assert_int_equal(lab_present_add(rig.present, &rig.arena, SPAN), LAB_OK);
	assert_true(is_readable(&rig, SPAN));
	assert_int_equal(count(&rig), 3);
	assert_int_equal(lab_arena_free_frames(&rig.arena), FRAMES);
	close_rig(&rig);
}

/* What somebody owns stays, and so does its backing. */
static void test_busy_stays(void **state)
{
	struct lab_alloc_request request = {.gfp = LAB_GFP_ATOMIC, .order = 6};
	struct lab_page *page;
	struct rig rig;

	open_rig(&rig, NULL);
	do {
		request.owner = lab_owner_make(1, lab_owner_generation(request.owner) + 1);
		assert_int_equal(lab_page_alloc(&rig.arena, &request, &page), LAB_OK);
	} while (lab_page_pfn(&rig.arena, page) != 64);
	assert_int_equal(lab_present_remove(rig.present, &rig.arena, SPAN, 0), LAB_BUSY);
	assert_true(is_readable(&rig, SPAN));
	assert_int_equal(count(&rig), 3);
	close_rig(&rig);
}

static void test_begins_absent(void **state)
{
	static const bool absent[] = {false, true, false};
	struct rig rig;

	open_rig(&rig, absent);
	assert_false(is_readable(&rig, SPAN));
	assert_int_equal(count(&rig), 2);
	assert_int_equal(lab_present_add(rig.present, &rig.arena, SPAN), LAB_OK);
	assert_true(is_readable(&rig, SPAN));
	close_rig(&rig);
}

struct removal {
	struct rig *rig;
	lab_atomic32 begun, done;
};

static void *remove_span(void *arg)
{
	struct removal *removal = arg;

	lab_store_release(&removal->begun, 1); /* to whoever waits for it below */
	assert_int_equal(lab_present_remove(removal->rig->present, &removal->rig->arena, SPAN, 0), LAB_OK);
	lab_store_release(&removal->done, 1); /* the same */
	return NULL;
}

/* A reader goes on reading what was there when it came, however long the others wait for it. */
static void test_waits_for_readers(void **state)
{
	const struct lab_present_list *list;
	struct removal removal = {0};
	pthread_t thread;
	struct rig rig;

	open_rig(&rig, NULL);
	removal.rig = &rig;
	list = lab_present_enter(rig.present);
	assert_int_equal(pthread_create(&thread, NULL, remove_span, &removal), 0);
	while (!lab_load_acquire(&removal.begun)) /* the partner of the store above */
		lab_thread_sleep_ns(100000);
	lab_thread_sleep_ns(20000000);
	assert_false(lab_load_acquire(&removal.done));
	assert_int_equal(list->count, 3);
	for (size_t i = 0; i < list->spans[SPAN].bytes; i++)
		assert_int_equal(list->spans[SPAN].start[i], 0x5a);
	lab_present_leave(rig.present);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(is_readable(&rig, SPAN));
	assert_int_equal(count(&rig), 2);
	close_rig(&rig);
}

static enum lab_status refuse(void *arg, void *start, size_t bytes)
{
	errno = EPERM;
	return LAB_SYSTEM;
}

/* Backing that cannot be taken: all is as it was. */
static void test_backing_refused(void **state)
{
	struct lab_present_config list = {
		.page_shift = SHIFT, .spans = spans, .span_count = LAB_ARRAY_COUNT(spans), .unplug = refuse};
	struct rig rig;

	open_rig(&rig, NULL);
	lab_present_destroy(rig.present);
	list.base = rig.base;
	assert_int_equal(lab_present_create(&list, &rig.present), LAB_OK);
	assert_int_equal(lab_present_remove(rig.present, &rig.arena, SPAN, 0), LAB_SYSTEM);
	assert_int_equal(errno, EPERM);
	assert_int_equal(count(&rig), 3);
	assert_int_equal(lab_arena_free_frames(&rig.arena), FRAMES);
	close_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_and_comes),  cmocka_unit_test(test_busy_stays),
		cmocka_unit_test(test_begins_absent),   cmocka_unit_test(test_waits_for_readers),
		cmocka_unit_test(test_backing_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

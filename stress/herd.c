/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "stress/herd.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/prng.h"
#include "plat/child.h"
#include "plat/clock.h"
#include "plat/thread.h"

#define SPARE        4u                    /* places of the arena beyond the members': the keeper, reapers */
#define CENSUS_EVERY 32u                   /* kills */
#define PATIENCE_NS  UINT64_C(20000000000) /* for what nobody blocks, on a machine that has much else to do */
#define NAP_NS       UINT64_C(200000)
#define SPANS        3u

/* The keeper: starts members, kills them, gets back what they had, and judges. */
struct keeper {
	const struct lab_herd_plan *plan;
	struct lab_herd_result *result;
	struct lab_herd *herd;
	struct lab_arena arena;
	struct lab_prng prng;
	pid_t pids[LAB_HERD_MAX];
	uint64_t lives, frames_usable, since_census;
	size_t herd_bytes, frames_bytes;
};

static bool found(const struct keeper *keeper)
{
	return lab_load_acquire(&keeper->herd->found) == 2; /* takes the text from lab_herd_tell */
}

/* Three spans with holes between them, of sizes that are no word's. */
static uint64_t lay_out(uint64_t frames, struct lab_span spans[SPANS])
{
	uint64_t part = frames / SPANS, usable = 0;

	for (unsigned i = 0; i < SPANS; i++) {
		spans[i] = (struct lab_span){i * part, part - 37 * i, i ? LAB_ZONE_NORMAL : LAB_ZONE_DMA};
		usable += spans[i].frame_count;
	}
	return usable;
}

static enum lab_status build_arena(struct keeper *keeper)
{
	struct lab_herd *herd = keeper->herd;
	struct lab_span spans[SPANS];
	struct lab_arena_config config = {.frame_count = herd->frames,
					  .page_shift = LAB_HERD_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = herd->processes,
					  .flags = LAB_ARENA_ZERO_ON_FREE,
					  .spans = spans,
					  .span_count = SPANS,
					  .process_count = herd->processes + SPARE,
					  .base = herd->base};
	struct lab_arena arena;
	enum lab_status status;

	keeper->frames_usable = lay_out(herd->frames, spans);
	status = lab_arena_measure(&config, &herd->metadata_bytes);
	if (status)
		return status;
	herd->metadata = lab_child_share(herd->metadata_bytes);
	if (!herd->metadata)
		return LAB_SYSTEM;
	status = lab_arena_init(&arena, &config, herd->metadata, herd->metadata_bytes);
	return status ? status : lab_herd_join(herd, &keeper->arena);
}

static enum lab_status build(struct keeper *keeper)
{
	const struct lab_herd_plan *plan = keeper->plan;

	keeper->herd_bytes = sizeof(*keeper->herd) + plan->frames * sizeof(keeper->herd->owners[0]);
	keeper->frames_bytes = (size_t)plan->frames << LAB_HERD_PAGE_SHIFT;
	keeper->herd = lab_child_share(keeper->herd_bytes);
	if (!keeper->herd)
		return LAB_SYSTEM;
	keeper->herd->frames = plan->frames;
	keeper->herd->processes = plan->processes;
	keeper->herd->seed = plan->seed;
	keeper->herd->base = lab_child_share(keeper->frames_bytes);
	return keeper->herd->base ? build_arena(keeper) : LAB_SYSTEM;
}

/* Which place a process had, told by its life: what a member that was killed before it said so left is no one's. */
static enum lab_status start(struct keeper *keeper, unsigned index)
{
	uint64_t life = ++keeper->lives;
	pid_t pid;

	lab_store_relaxed(&keeper->herd->members[index].process, 0);
	lab_store_relaxed(&keeper->herd->members[index].rests, 0);
	pid = fork();
	if (pid < 0)
		return LAB_SYSTEM;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		lab_herd_live(keeper->herd, index, life);
	}
	keeper->pids[index] = pid;
	return LAB_OK;
}

static void kill_one(struct keeper *keeper, unsigned index)
{
	int status;

	kill(keeper->pids[index], SIGKILL);
	while (waitpid(keeper->pids[index], &status, 0) < 0 && errno == EINTR)
		;
	keeper->pids[index] = 0;
}

/* What the dead owned is nobody's, before the arena may give it to somebody. */
static void clear_table(struct keeper *keeper, unsigned process)
{
	for (uint64_t frame = 0; frame < keeper->herd->frames; frame++) {
		lab_owner owner = lab_load_relaxed(&keeper->herd->owners[frame]);

		if (lab_owner_context(owner) / LAB_PROCESS_CONTEXTS == process % LAB_PROCESS_PLACES)
			lab_store_relaxed(&keeper->herd->owners[frame], LAB_OWNER_NONE);
	}
}

/* A process that gets back what one had, and is killed at it. Its own place is to be reaped then. */
static unsigned have_reaper_killed(struct keeper *keeper, unsigned process)
{
	lab_atomic64 *place = &keeper->herd->members[LAB_HERD_MAX - 1].process; /* nobody's, with so many members */
	const struct lab_arena_dead dead = {.process = process};
	uint64_t nap = lab_prng_below(&keeper->prng, 400000);
	int status;
	pid_t pid;

	lab_store_relaxed(place, 0);
	pid = fork();
	if (pid == 0) {
		struct lab_arena arena;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lab_herd_join(keeper->herd, &arena) != LAB_OK)
			_exit(1);
		lab_store_relaxed(place, arena.process);
		while (lab_arena_reap(&arena, &dead) != LAB_INVALID)
			; /* again when it is done: until the kill */
		_exit(1);
	}
	if (pid < 0)
		return 0;
	while (!lab_load_relaxed(place) && waitpid(pid, &status, WNOHANG) == 0)
		lab_thread_yield();
	lab_thread_sleep_ns(nap);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	keeper->result->reaper_kills++;
	return (unsigned)lab_load_relaxed(place);
}

static void reap(struct keeper *keeper, unsigned process)
{
	const struct lab_arena_dead dead = {.process = process};
	uint64_t began = lab_clock_mono_ns(), ns = 0;
	enum lab_status status;

	while ((status = lab_arena_reap(&keeper->arena, &dead)) == LAB_BUSY && ns < PATIENCE_NS) {
		keeper->result->retries++;
		lab_thread_sleep_ns(NAP_NS);
		ns = lab_clock_mono_ns() - began;
	}
	ns = lab_clock_mono_ns() - began;
	keeper->result->reap_ns_most = LAB_MAX(keeper->result->reap_ns_most, ns);
	keeper->result->reaps++;
	if (status != LAB_OK && status != LAB_UNCHANGED)
		lab_herd_tell(keeper->herd, LAB_R16_OWNER_DEATH, "what process %u had cannot be got back: %s", process,
			      lab_status_name(status));
}

/* The places of all that are dead now, which the arena knows: a member that was killed early told nobody. */
static void reap_dead(struct keeper *keeper, const unsigned *processes, unsigned count)
{
	unsigned reaper = 0;

	for (unsigned i = 0; i < count; i++)
		clear_table(keeper, processes[i]);
	if (count && LAB_HERD_MAX > keeper->plan->processes && lab_prng_chance(&keeper->prng, 1, 4))
		reaper = have_reaper_killed(keeper, processes[0]);
	/* Each that is told dead is waited for no more; so the first may be possible only after the last. */
	for (unsigned i = 0; i < count; i++) {
		const struct lab_arena_dead dead = {.process = processes[i]};

		keeper->result->retries += lab_arena_reap(&keeper->arena, &dead) == LAB_BUSY;
	}
	if (reaper)
		reap(keeper, reaper);
	for (unsigned i = 0; i < count; i++)
		reap(keeper, processes[i]);
}

/* Kills one, or some at once. */
static enum lab_status strike(struct keeper *keeper)
{
	unsigned count = lab_prng_chance(&keeper->prng, 1, 4) ? 1 + (unsigned)lab_prng_below(&keeper->prng, 3) : 1;
	unsigned indices[3], processes[3], named = 0, killed = 0;
	enum lab_status status = LAB_OK;

	for (unsigned i = 0; i < count; i++) {
		unsigned index = (unsigned)lab_prng_below(&keeper->prng, keeper->plan->processes), process;

		process = (unsigned)lab_load_relaxed(&keeper->herd->members[index].process);
		/* One that has not come to its first call: let it. */
		if (!keeper->pids[index] || !process)
			continue;
		kill_one(keeper, index);
		indices[killed++] = index;
		processes[named++] = process;
	}
	keeper->result->kills += killed;
	keeper->since_census += killed;
	reap_dead(keeper, processes, named);
	for (unsigned i = 0; i < killed && !status; i++)
		status = start(keeper, indices[i]);
	return status;
}

/* Waits for all members to stand still. */
static bool all_rest(struct keeper *keeper)
{
	uint64_t began = lab_clock_mono_ns();

	for (unsigned i = 0; i < keeper->plan->processes; i++)
		/* acquire: takes what the member did */
		while (keeper->pids[i] && !lab_load_acquire(&keeper->herd->members[i].rests)) {
			if (lab_clock_mono_ns() - began > PATIENCE_NS || found(keeper)) {
				lab_herd_tell(keeper->herd, LAB_R16_OWNER_DEATH,
					      "process %" PRIu64 " does not end its call, though it lives",
					      lab_load_relaxed(&keeper->herd->members[i].process));
				return false;
			}
			lab_thread_sleep_ns(NAP_NS);
		}
	return true;
}

/* Takes all that is free, frame by frame, and gives it back. *ret_taken: how many. */
static void take_all(struct keeper *keeper, uint64_t *ret_taken)
{
	struct lab_herd *herd = keeper->herd;
	unsigned process = keeper->arena.process % LAB_PROCESS_PLACES;
	struct lab_alloc_request request = {.gfp = LAB_GFP_MEMALLOC};
	struct lab_page *page;

	*ret_taken = 0;
	for (;;) {
		lab_owner other = LAB_OWNER_NONE;
		uint64_t frame;

		request.owner = lab_owner_make(process * LAB_PROCESS_CONTEXTS + 1, ++*ret_taken);
		if (lab_page_alloc(&keeper->arena, &request, &page) != LAB_OK)
			break;
		frame = lab_page_pfn(&keeper->arena, page);
		if (!lab_cas_relaxed(&herd->owners[frame], &other, request.owner))
			lab_herd_tell(herd, LAB_R16_OWNER_DEATH, "frame %" PRIu64 " is free and is process %u's", frame,
				      lab_owner_context(other) / LAB_PROCESS_CONTEXTS);
	}
	--*ret_taken;
	for (uint64_t frame = 0; frame < herd->frames; frame++) {
		request.owner = lab_load_relaxed(&herd->owners[frame]);
		if (lab_owner_context(request.owner) / LAB_PROCESS_CONTEXTS != process)
			continue;
		lab_store_relaxed(&herd->owners[frame], LAB_OWNER_NONE);
		if (lab_page_free(&keeper->arena, lab_page_at(&keeper->arena, frame), &request) != LAB_OK)
			lab_herd_tell(herd, LAB_R02_MISUSE, "frame %" PRIu64 " of the census is refused", frame);
	}
}

/* Nobody is in a call: every frame is owned by a living process, or can be had. */
static void take_census(struct keeper *keeper)
{
	uint64_t owned = 0, taken, frame = 0, told;

	for (uint64_t i = 0; i < keeper->herd->frames; i++)
		owned += lab_load_relaxed(&keeper->herd->owners[i]) != LAB_OWNER_NONE;
	told = lab_arena_free_frames(&keeper->arena);
	if (told != keeper->frames_usable - owned)
		lab_herd_tell(keeper->herd, LAB_R16_OWNER_DEATH,
			      "free_frames=%" PRIu64 " but %" PRIu64 " of %" PRIu64 " are free after %" PRIu64
			      " deaths",
			      told, keeper->frames_usable - owned, keeper->frames_usable, keeper->result->kills);
	take_all(keeper, &taken);
	if (taken != keeper->frames_usable - owned)
		lab_herd_tell(keeper->herd, LAB_R16_OWNER_DEATH,
			      "%" PRIu64 " frames can be had of %" PRIu64 " that are free, after %" PRIu64 " deaths",
			      taken, keeper->frames_usable - owned, keeper->result->kills);
	if (lab_arena_check(&keeper->arena, &frame) != LAB_OK)
		lab_herd_tell(keeper->herd, LAB_R14_ACCOUNTING, "the arena's own check fails at frame %" PRIu64, frame);
	keeper->result->censuses++;
	keeper->since_census = 0;
}

static void count(struct keeper *keeper)
{
	lab_store_release(&keeper->herd->rest, 1); /* all: before the members' last calls */
	if (all_rest(keeper))
		take_census(keeper);
	lab_store_release(&keeper->herd->rest, 0); /* what the census did, to the members' next calls */
}

/* All members leave, each with nothing. */
static void end(struct keeper *keeper)
{
	uint64_t began = lab_clock_mono_ns();
	bool all = true;

	lab_store_release(&keeper->herd->end, 1);
	for (unsigned i = 0; i < keeper->plan->processes; i++) {
		int status;

		while (keeper->pids[i] && waitpid(keeper->pids[i], &status, WNOHANG) == 0) {
			if (lab_clock_mono_ns() - began > PATIENCE_NS || found(keeper)) {
				lab_herd_tell(keeper->herd, LAB_R16_OWNER_DEATH,
					      "process %" PRIu64 " does not come to its end",
					      lab_load_relaxed(&keeper->herd->members[i].process));
				kill_one(keeper, i);
				all = false;
			} else {
				lab_thread_sleep_ns(NAP_NS);
			}
		}
	}
	if (all && !found(keeper))
		take_census(keeper);
}

static enum lab_status run(struct keeper *keeper)
{
	const struct lab_herd_plan *plan = keeper->plan;
	uint64_t began = lab_clock_mono_ns(), now = began;
	enum lab_status status = LAB_OK;

	for (unsigned i = 0; i < plan->processes && !status; i++)
		status = start(keeper, i);
	while (!status && !found(keeper) && now - began < plan->duration_ns && !(plan->stop && plan->stop())) {
		uint64_t gap = plan->kills_second ? UINT64_C(2000000000) / plan->kills_second : UINT64_C(100000000);

		lab_thread_sleep_ns(lab_prng_below(&keeper->prng, gap) + 1);
		if (plan->kills_second)
			status = strike(keeper);
		if (keeper->since_census >= CENSUS_EVERY && !status)
			count(keeper);
		now = lab_clock_mono_ns();
	}
	end(keeper);
	for (unsigned i = 0; i < plan->processes; i++)
		keeper->result->ops += lab_load_relaxed(&keeper->herd->members[i].ops);
	keeper->result->seconds_ns = lab_clock_mono_ns() - began;
	return status;
}

enum lab_status lab_herd_run(const struct lab_herd_plan *plan, struct lab_herd_result *ret_result)
{
	struct keeper keeper = {.plan = plan, .result = ret_result};
	enum lab_status status;

	memset(ret_result, 0, sizeof(*ret_result));
	lab_prng_seed(&keeper.prng, plan->seed, 0);
	status = build(&keeper);
	if (!status)
		status = run(&keeper);
	if (!status && found(&keeper)) {
		ret_result->found = true;
		ret_result->rule = (enum lab_rule)keeper.herd->rule;
		memcpy(ret_result->detail, keeper.herd->detail, sizeof(ret_result->detail));
	}
	if (keeper.herd) {
		if (keeper.herd->metadata)
			lab_child_unshare(keeper.herd->metadata, keeper.herd->metadata_bytes);
		if (keeper.herd->base)
			lab_child_unshare(keeper.herd->base, keeper.frames_bytes);
		lab_child_unshare(keeper.herd, keeper.herd_bytes);
	}
	return status;
}

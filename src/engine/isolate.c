/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/isolate.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/race.h"
#include "engine/sim_state.h"
#include "plat/backtrace.h"
#include "plat/child.h"
#include "plat/sanitizer.h"
#include "plat/signal.h"

#define CHOICE_ROOM (1u << 20)

static struct lab_isolated *noted; /* in a child: where its crash is noted */

enum lab_status lab_isolate_open(struct lab_isolate *isolate, uint64_t cpu_ns)
{
	struct lab_isolated *shared = lab_child_share(sizeof(*shared));
	struct lab_choice *list = lab_child_share(CHOICE_ROOM * sizeof(*list));

	if (!shared || !list) {
		if (shared)
			lab_child_unshare(shared, sizeof(*shared));
		return LAB_SYSTEM;
	}
	shared->choices = (struct lab_choices){.list = list, .room = CHOICE_ROOM, .pinned = true};
	*isolate = (struct lab_isolate){.shared = shared, .cpu_ns = cpu_ns};
	return LAB_OK;
}

void lab_isolate_close(struct lab_isolate *isolate)
{
	lab_child_unshare(isolate->shared->choices.list, CHOICE_ROOM * sizeof(struct lab_choice));
	lab_child_unshare(isolate->shared, sizeof(*isolate->shared));
	isolate->shared = NULL;
}

static void note_actor(void)
{
	const struct lab_sim *sim = lab_sim_current;

	if (sim && sim->running->top)
		noted->crash.actor = sim->running->top->actor->index;
}

static void note_stack(void)
{
	const void *stack[LAB_CRASH_FRAMES];
	size_t frames = lab_backtrace(lab_signal_crash_at(), stack, LAB_CRASH_FRAMES);

	for (size_t i = 0; i < frames; i++)
		noted->crash.stack.code[i] = (uintptr_t)stack[i];
	noted->crash.stack.frames = (unsigned)frames;
}

/* On the crashed thread: no more than what dies with the process. */
static void on_crash(int signal, const void *address, const void *code)
{
	noted->crash.signal = signal;
	noted->crash.code = (uintptr_t)code;
	noted->crash.address = (uintptr_t)address;
	noted->crash.place = lab_sim_current ? lab_sim_place(lab_sim_current, (uintptr_t)address) : 0;
	noted->ours = lab_assert_broken;
	note_actor();
	note_stack(); /* last: it may crash itself where the stack is broken */
}

#if LAB_SANITIZER_ANY
void __sanitizer_set_death_callback(void (*callback)(void));

static void on_death(void)
{
	noted->crash.sanitizer = true;
	note_actor();
}
#endif

#if LAB_SANITIZER_ADDRESS
int __lsan_is_turned_off(void);

/* A child that its target ends by exit() has all of ours in hand, which is no leak of anybody's. */
int __lsan_is_turned_off(void)
{
	return noted != NULL;
}
#endif

static void be_quiet(void)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nothing >= 0)
		dup2(nothing, STDERR_FILENO);
}

struct start {
	struct lab_isolate *isolate;
	struct lab_sim *sim;
	void (*job)(void *arg);
	void *arg;
};

static void in_child(void *arg)
{
	struct start *start = arg;

	noted = start->isolate->shared;
	if (start->isolate->quiet)
		be_quiet();
#if LAB_SANITIZER_ANY
	__sanitizer_set_death_callback(on_death);
#else
	static char stack[LAB_SIGNAL_STACK_BYTES];

	lab_signal_stack_set(stack, sizeof(stack));
#endif
	lab_backtrace_prepare();
	/* AddressSanitizer tells more of a bad access than a signal handler could, and then calls on_death */
	lab_signal_crash_install(on_crash, LAB_SANITIZER_ADDRESS);
	if (start->sim)
		lab_sim_beat(start->sim, &noted->beats);
	start->job(start->arg);
	noted->ended = true;
}

/* "crash.so+0x1139": the same in every process. */
static void tell_code(uintptr_t code, char *text, size_t room)
{
	const char *name;
	Dl_info info;

	if (!dladdr((const void *)code, &info) || !info.dli_fname) {
		snprintf(text, room, "outside of all code");
		return;
	}
	name = strrchr(info.dli_fname, '/');
	snprintf(text, room, "%s+0x%zx%s%s%s", name ? name + 1 : info.dli_fname,
		 (size_t)(code - (uintptr_t)info.dli_fbase), info.dli_sname ? " (" : "",
		 info.dli_sname ? info.dli_sname : "", info.dli_sname ? ")" : "");
}

static void tell_signal(const struct lab_isolated *shared, int signal, char *text, size_t room)
{
	static const char *const regions[] = {"", "frames+", "heap+", "data+"};
	uint64_t place = shared->crash.place;
	char code[128];

	if (shared->crash.signal != signal || !shared->crash.code) {
		snprintf(text, room, "SIG%s", sigabbrev_np(signal) ? sigabbrev_np(signal) : "?");
		return;
	}
	tell_code(shared->crash.code, code, sizeof(code));
	if (place || shared->crash.address < 1u << 16)
		snprintf(text, room, "SIG%s at %s, address %s0x%zx", sigabbrev_np(signal), code, regions[place % 4],
			 place ? (size_t)place / 4 : shared->crash.address);
	else
		snprintf(text, room, "SIG%s at %s, address in no memory of the target", sigabbrev_np(signal), code);
}

static void judge(struct lab_isolate *isolate, enum lab_child_end end, int wait)
{
	struct lab_isolated *shared = isolate->shared;
	struct lab_finding *death = &shared->death;
	char how[200];

	*death = (struct lab_finding){
		.rule = end == LAB_CHILD_ENDED ? LAB_R00_CRASH : LAB_R09_PROGRESS,
		.actor = shared->crash.actor,
		.frame = UINT64_MAX,
	};
	if (end == LAB_CHILD_HUNG)
		snprintf(how, sizeof(how), "no event and no end within %g s of CPU time",
			 (double)isolate->cpu_ns / 1e9);
	else if (end == LAB_CHILD_ASLEEP)
		snprintf(how, sizeof(how), "asleep in a system call for good");
	else if (shared->crash.sanitizer)
		snprintf(how, sizeof(how), "a sanitizer's report is on the standard error");
	else if (WIFSIGNALED(wait))
		tell_signal(shared, WTERMSIG(wait), how, sizeof(how));
	else
		snprintf(how, sizeof(how), "the process was ended with exit code %d", WEXITSTATUS(wait));
	snprintf(death->detail, sizeof(death->detail), "%.110s%s%.137s", how, shared->last[0] ? ", after " : "",
		 shared->last);
}

enum lab_status lab_isolate_job(struct lab_isolate *isolate, struct lab_sim *sim, void (*job)(void *arg), void *arg)
{
	struct lab_isolated *shared = isolate->shared;
	struct start start = {isolate, sim, job, arg};
	const struct lab_child_watch watch = {&shared->beats, isolate->cpu_ns, isolate->look, isolate->arg};
	enum lab_child_end end;
	int wait;

	/* relaxed: no child is there to see it */
	lab_store_relaxed(&shared->beats, 0);
	shared->ended = shared->ours = false;
	shared->status = LAB_OK;
	shared->choices.count = 0;
	shared->last[0] = '\0';
	memset(&shared->result, 0, sizeof(shared->result));
	memset(&shared->divergence, 0, sizeof(shared->divergence));
	memset(&shared->crash, 0, sizeof(shared->crash));
	shared->crash.actor = LAB_FINDING_NO_ACTOR;
	if (lab_race_engine)
		lab_race_engine->rest();
	if (lab_child_run(in_child, &start, &watch, &end, &wait) != LAB_OK)
		return LAB_SYSTEM;
	if (!shared->ended)
		judge(isolate, end, wait);
	return LAB_OK;
}

struct follow {
	struct lab_isolated *shared;
	struct lab_sim *sim;
	const struct lab_scenario *scenario;
	const struct lab_choices *choices;
	bool exact;
};

void lab_isolate_note_event(struct lab_isolated *shared, const char *line)
{
	while (*line == ' ')
		line++;
	while (*line >= '0' && *line <= '9') /* the event's number */
		line++;
	snprintf(shared->last, sizeof(shared->last), "%s", line + (*line == ' '));
}

static void note_event(void *shared, const char *line)
{
	lab_isolate_note_event(shared, line);
}

static void follow_job(void *arg)
{
	struct follow *follow = arg;
	struct lab_isolated *shared = follow->shared;
	struct lab_strategy *strategy = follow->choices ? lab_strategy_follow(follow->choices, follow->exact) : NULL;
	const struct lab_sim_options options = {
		.quiesce = true,
		.strategy = strategy,
		.record = &shared->choices,
		.trace = note_event,
		.arg = shared,
	};

	if (strategy)
		lab_strategy_follow_note(strategy, &shared->divergence);
	shared->status = lab_sim_run(follow->sim, follow->scenario, &options, &shared->result);
	if (strategy)
		lab_strategy_destroy(strategy);
}

enum lab_status lab_isolate_follow(struct lab_isolate *isolate, struct lab_sim *sim,
				   const struct lab_scenario *scenario, const struct lab_choices *choices, bool exact,
				   struct lab_choices *record, struct lab_sim_result *ret_result,
				   struct lab_divergence *ret_divergence)
{
	struct lab_isolated *shared = isolate->shared;
	struct follow follow = {shared, sim, scenario, choices, exact};
	enum lab_status status = lab_isolate_job(isolate, sim, follow_job, &follow);

	if (status != LAB_OK)
		return status;
	*ret_result = shared->result;
	if (!shared->ended) {
		ret_result->found = true;
		ret_result->finding = shared->death;
	}
	if (record)
		lab_choices_copy(record, &shared->choices);
	if (ret_divergence)
		*ret_divergence = shared->divergence;
	return shared->ended ? shared->status : LAB_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/fuzz_watch.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/stop.h"
#include "plat/clock.h"

#define SECOND_NS UINT64_C(1000000000)
/* The engines end by themselves; this is what they are granted beyond their time before they are asked to. */
#define OVERTIME_S 10u

static void say(const struct lab_fuzz_watched *watched, unsigned running, bool terminal)
{
	const struct lab_campaign_progress *progress = &watched->progress;

	if (!progress->runs) {
		fprintf(stderr, "%s%" PRIu64 " s: no numbers yet, jobs %u%s",
			terminal ? "\r" : "fuzz: ", watched->elapsed_s, running, terminal ? "\033[K" : "\n");
		return;
	}
	fprintf(stderr,
		"%s%" PRIu64 " s: %" PRIu64 " runs, %" PRIu64 "/s, corpus %" PRIu64 ", edges %" PRIu64
		", crashes %" PRIu64 ", jobs %u%s",
		terminal ? "\r" : "fuzz: ", watched->elapsed_s, progress->runs, progress->runs_per_s, progress->corpus,
		progress->edges, progress->crashes, running, terminal ? "\033[K" : "\n");
}

void lab_fuzz_watch(const struct lab_campaign *campaign, struct lab_jobs *jobs, struct lab_fuzz_watched *ret_watched)
{
	const struct timespec nap = {.tv_nsec = 100000000};
	bool terminal = isatty(STDERR_FILENO), told = false;
	uint64_t start = lab_clock_mono_ns(), said_s = 0, period_s = terminal ? 1 : 10;
	struct lab_fuzz_watched watched = {0};
	unsigned running;

	while (!lab_cli_stop_asked() && watched.elapsed_s < campaign->time_s + OVERTIME_S) {
		const char *died;

		(void)lab_jobs_poll(jobs);
		died = lab_campaign_tend(campaign, jobs, watched.elapsed_s);
		watched.died = watched.died ? watched.died : died;
		running = lab_jobs_poll(jobs);
		if (!running)
			break;
		nanosleep(&nap, NULL);
		watched.elapsed_s = (lab_clock_mono_ns() - start) / SECOND_NS;
		if (watched.elapsed_s < said_s + period_s)
			continue;
		said_s = watched.elapsed_s;
		lab_campaign_read_progress(campaign, &watched.progress);
		say(&watched, running, terminal);
		if (lab_campaign_write_status(campaign, "running", watched.elapsed_s, running, &watched.progress) !=
			    LAB_OK &&
		    !told) {
			lab_cli_error("fuzz: %s/status.json: cannot be written", campaign->dir);
			told = true;
		}
	}
	if (terminal)
		fputc('\n', stderr);
	*ret_watched = watched;
}

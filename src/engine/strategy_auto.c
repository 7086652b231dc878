/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "engine/strategy_own.h"

/*
 * The searches that promise something first, each until it is done or has had a fourth of the runs; then DPOR, whose
 * end is a verdict; then the random ones in turn, since no single one finds every kind of bug: theirs is what is left.
 * A share too small for a search to come to more than a scenario's last steps is the random ones' alone.
 */
#define SHARE_DEFAULT 80000u
#define SHARE_SEARCH  512u
#define TURN          16u /* runs in a row of one random strategy: the first ones teach it how long a run is */
#define SEARCHES      3u
#define RANDOMS       4u

struct automatic {
	struct lab_strategy base;
	struct lab_strategy *searches[SEARCHES], *randoms[RANDOMS];
	uint64_t runs[SEARCHES + 1]; /* the last: of the random ones */
	uint64_t share, left;        /* of all of them; runs that are still to be had */
	unsigned phase;
	unsigned first; /* which of the random ones begins */
};

static struct lab_strategy *present(const struct automatic *automatic)
{
	if (automatic->phase < SEARCHES)
		return automatic->searches[automatic->phase];
	return automatic->randoms[(automatic->first + automatic->runs[SEARCHES] / TURN) % RANDOMS];
}

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct lab_strategy *one = present((struct automatic *)strategy);

	one->ops->begin(one, scenario);
	strategy->skips_alone = one->skips_alone;
	strategy->weak = one->weak;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct lab_strategy *one = present((struct automatic *)strategy);

	return one->ops->choose(one, point);
}

static unsigned reads(struct lab_strategy *strategy, const struct lab_read *read)
{
	struct lab_strategy *one = present((struct automatic *)strategy);

	return one->ops->reads ? one->ops->reads(one, read) : read->usual;
}

static void end(struct lab_strategy *strategy, bool shared)
{
	struct automatic *automatic = (struct automatic *)strategy;
	struct lab_strategy *one = present(automatic);
	uint64_t *runs = &automatic->runs[automatic->phase];

	one->ops->end(one, shared);
	++*runs;
	automatic->left--;
	if (automatic->phase == SEARCHES) {
		strategy->done = !automatic->left;
		return;
	}
	strategy->bound = LAB_MAX(strategy->bound, automatic->searches[0]->bound);
	if (!one->done && *runs < automatic->share / (SEARCHES + 1))
		return;
	automatic->phase++;
	/* nothing is left that a random walk could find: it would only place more interrupts, and read older values */
	if (automatic->phase == SEARCHES && one->complete && !automatic->randoms[0]->weak)
		strategy->done = strategy->complete = true;
}

static void tell(const struct lab_strategy *strategy, char *text, size_t room)
{
	const struct automatic *automatic = (const struct automatic *)strategy;
	size_t used = 0;

	for (unsigned i = 0;
	     i < SEARCHES && automatic->share >= SHARE_SEARCH && i <= automatic->phase && used + 1 < room; i++) {
		const struct lab_strategy *one = automatic->searches[i];

		used += (size_t)snprintf(text + used, room - used, "%s%s ", i ? "; " : "", one->ops->name);
		if (used < room)
			one->ops->tell(one, text + used, room - used);
		while (used < room && text[used])
			used++;
	}
	if (automatic->runs[SEARCHES] && used < room)
		snprintf(text + used, room - used, "; random, pct, pos, surw in turn: %" PRIu64,
			 automatic->runs[SEARCHES]);
}

static void destroy(struct lab_strategy *strategy)
{
	struct automatic *automatic = (struct automatic *)strategy;

	for (unsigned i = 0; i < SEARCHES; i++)
		lab_strategy_destroy(automatic->searches[i]);
	for (unsigned i = 0; i < RANDOMS; i++)
		lab_strategy_destroy(automatic->randoms[i]);
	free(strategy);
}

static const struct lab_strategy_ops ops = {
	.name = "auto",
	.begin = begin,
	.choose = choose,
	.reads = reads,
	.end = end,
	.tell = tell,
	.destroy = destroy,
};

struct lab_strategy *lab_strategy_auto(const struct lab_strategy_options *options)
{
	struct automatic *automatic = lab_strategy_memory(sizeof(*automatic));

	automatic->base.ops = &ops;
	automatic->share = automatic->left = options->share ? options->share : SHARE_DEFAULT;
	automatic->searches[0] = lab_strategy_bound(options);
	automatic->searches[1] = lab_strategy_irq(options);
	automatic->searches[2] = lab_strategy_dpor(options);
	automatic->randoms[0] = lab_strategy_surw(options);
	automatic->randoms[1] = lab_strategy_pos(options);
	automatic->randoms[2] = lab_strategy_pct(options);
	automatic->randoms[3] = lab_strategy_random(options);
	automatic->first = (unsigned)(options->seed % RANDOMS);
	automatic->phase = automatic->share < SHARE_SEARCH ? SEARCHES : 0;
	return &automatic->base;
}

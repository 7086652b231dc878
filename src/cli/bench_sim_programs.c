/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "cli/bench_sim.h"

#define PAIR                                                                                                           \
	"machine frames=64 cpus=2 order-max=3\n"                                                                       \
	"zone normal frames=0+64 min=4 low=5 high=6\n"                                                                 \
	"task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
#define TWO         PAIR "task b cpu=1 { s0 = alloc kernel 0; free s0; }\n"
#define INTERRUPTED PAIR "hardirq rx cpu=0 { s0 = alloc atomic 0; free s0; }\n"
#define BOTH        TWO "hardirq rx cpu=0 { s0 = alloc atomic 0; free s0; }\n"

/* targets/programs tells each program's mistake. */
const struct lab_bench_sim_program lab_bench_sim_programs[] = {
	{"lost-update", "programs/lost-update",
	 "machine frames=2 cpus=2 order-max=1\n"
	 "task a cpu=0 { s0 = alloc none 1; }\n"
	 "task b cpu=1 { s0 = alloc none 1; }\n",
	 .clean = true, .counted = true},
	{"core-pair", "core", TWO, .clean = true, .counted = true},
	{"core-irq", "core", INTERRUPTED, .clean = true, .counted = true},
	{"core-pair-irq", "core", BOTH, .clean = true, .counted = true},
	{"locked-pair", "locked", TWO, .clean = true, .counted = true},
	{"locked-irq", "locked", INTERRUPTED, .clean = true, .counted = true},
	{"locked-pair-irq", "locked", BOTH, .clean = true, .counted = true},
	{"lost-update", "programs/lost-update",
	 "machine frames=4 cpus=2 order-max=0\n"
	 "task a cpu=0 { s0 = alloc none 0; }\n"
	 "task b cpu=1 { s0 = alloc none 0; }\n"},
	{"lost-update-irq", "programs/lost-update",
	 "machine frames=4 order-max=0\n"
	 "task a { s0 = alloc none 0; s1 = alloc none 0; free s0; }\n"
	 "hardirq rx { s0 = alloc atomic 0; }\n"},
	{"bitmap-race", "programs/bitmap-race",
	 "machine frames=8 cpus=2 order-max=0\n"
	 "task a cpu=0 { s0 = alloc none 0; free s0; s1 = alloc none 0; }\n"
	 "task b cpu=1 { s0 = alloc none 0; free s0; s1 = alloc none 0; }\n"},
	{"aba-stack", "programs/aba-stack",
	 "machine frames=4 cpus=2 order-max=0\n"
	 "task a cpu=0 { s0 = alloc none 0; s1 = alloc none 0; }\n"
	 "task b cpu=1 { s0 = alloc none 0; s1 = alloc none 0; free s0; }\n"},
	{"reserve-floor", "programs/reserve-floor",
	 "machine frames=6 cpus=2 order-max=0\n"
	 "zone normal frames=0+6 min=3\n"
	 "task a cpu=0 { s0 = alloc none 0; s1 = alloc none 0; }\n"
	 "task b cpu=1 { s0 = alloc none 0; s1 = alloc none 0; }\n"},
	{"message-passing", "programs/message-passing",
	 "machine frames=8 cpus=2 order-max=0\n"
	 "task a cpu=0 { s0 = alloc none 0; s1 = alloc none 0; free s1; }\n"
	 "task b cpu=1 { s0 = alloc none 0; s1 = alloc none 0; }\n"},
};
const size_t lab_bench_sim_program_count = LAB_ARRAY_COUNT(lab_bench_sim_programs);

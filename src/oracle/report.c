/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "oracle/state.h"

/* What a death may leave behind: told as such, whichever rule saw it. */
static bool is_of_death(enum lab_rule rule)
{
	switch (rule) {
	case LAB_R04_CONSERVATION:
	case LAB_R06_COALESCING:
	case LAB_R08_INTERRUPT_SAFETY:
	case LAB_R09_PROGRESS:
	case LAB_R10_SPURIOUS_FAILURE:
	case LAB_R14_ACCOUNTING:
		return true;
	default:
		return false;
	}
}

void lab_oracle_report(struct lab_oracle *oracle, enum lab_rule rule, unsigned actor, uint64_t frame, unsigned order,
		       const char *format, ...)
{
	struct lab_finding finding = {.rule = rule, .actor = actor, .frame = frame, .order = order};
	va_list args;

	if (oracle->died && is_of_death(rule))
		finding.rule = LAB_R16_OWNER_DEATH;
	/* glibc formats integers and strings without malloc or locks, so this holds in a signal handler as well. */
	va_start(args, format);
	vsnprintf(finding.detail, sizeof(finding.detail), format, args);
	va_end(args);
	oracle->config.report(oracle->config.arg, &finding);
}

const char *lab_oracle_owner_name(const struct lab_oracle *oracle, lab_owner token)
{
	unsigned context = lab_owner_context(token); /* actor index + 1 */

	if (token == LAB_OWNER_NONE || !context || context > oracle->config.actor_count)
		return context == LAB_OWNER_CONTEXT_MAX ? "the oracle" : "nobody";
	return oracle->config.actor_name(oracle->config.arg, context - 1);
}

struct lab_block_text lab_oracle_block_text(const struct lab_oracle *oracle, const void *block, unsigned order)
{
	struct lab_block_text result;

	if (oracle->arena)
		snprintf(result.text, sizeof(result.text), "frame %" PRIu64 " order %u",
			 lab_shadow_frame(&oracle->shadow, block), order);
	else
		snprintf(result.text, sizeof(result.text), "address %p order %u", block, order);
	return result;
}

uint64_t lab_oracle_finding_frame(const struct lab_oracle *oracle, const void *block)
{
	return oracle->arena ? lab_shadow_frame(&oracle->shadow, block)
			     : (uintptr_t)block >> oracle->config.machine->page_shift;
}

void lab_oracle_may_sleep(struct lab_oracle *oracle, unsigned actor, enum lab_context_kind context,
			  const struct lab_request *request, const char *service)
{
	bool atomic = request && lab_gfp_is_atomic(request->gfp);

	if (!lab_oracle_applies(oracle, LAB_R07_ATOMIC_SLEEP) || (context == LAB_CONTEXT_TASK && !atomic))
		return;
	lab_oracle_report(oracle, LAB_R07_ATOMIC_SLEEP, actor, UINT64_MAX, request ? request->order : 0,
			  "service=%s in %s owners=%s", service,
			  context == LAB_CONTEXT_TASK ? "an atomic request" : "an interrupt",
			  oracle->config.actor_name(oracle->config.arg, actor));
}

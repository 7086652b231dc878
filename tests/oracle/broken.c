/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/broken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/registry.h"

struct lab_target lab_broken_target(void)
{
	struct lab_target target = lab_target_locked;

	target.name = "broken";
	return target;
}

void lab_broken_expect(struct lab_rig *rig, enum lab_rule rule, const char *text)
{
	const struct lab_finding *finding = &rig->findings[0];

	if (rig->finding_count != 1)
		fail_msg("%u findings, expected one of %s; the first: %s %s", rig->finding_count,
			 lab_rule_info(rule)->id, rig->finding_count ? lab_rule_info(finding->rule)->id : "none",
			 finding->detail);
	assert_string_equal(lab_rule_info(finding->rule)->id, lab_rule_info(rule)->id);
	if (!strstr(finding->detail, text))
		fail_msg("%s: \"%s\" lacks \"%s\"", lab_rule_info(rule)->id, finding->detail, text);
	rig->finding_count = 0;
	memset(rig->findings, 0, sizeof(rig->findings));
}

void lab_broken_expect_none(const struct lab_rig *rig)
{
	if (rig->finding_count)
		fail_msg("%s %s", lab_rule_info(rig->findings[0].rule)->id, rig->findings[0].detail);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plat/race.h"

const struct lab_race *lab_race;

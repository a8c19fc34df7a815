/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTESTACTIVITY_INTERNAL_H
#define CTESTACTIVITY_INTERNAL_H

#define _GNU_SOURCE
#include "include/CTestActivity.h"

struct step {
	const char *name;
	int count;
	char **arguments; /* NULL-terminated */
};

/* The running activity: where it reports and what is left to do. */
struct activity {
	int report;
	int go;
	const struct step *steps;
	int step_count;
};

/* Does the steps from `first` on; does not return. */
_Noreturn void activity_run(const struct activity *activity, int first);

#endif

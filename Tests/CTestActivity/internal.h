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

/* Writes what a file holds into an open one; -1 and errno where it cannot. */
int copy_to(const char *source, int to);

/* Steps of files.c. Returns 0 for a step that is not one of them. */
int files_do(const struct step *step, int *result);

/* Steps of secret.c: the same; they report what they got. */
int secret_do(const struct activity *activity, const struct step *step, int *result);

/* Steps of processes.c: the same. */
int processes_do(const struct step *step, int *result);

/* Steps of threads.c: the same. */
int threads_do(const struct step *step, int *result);

/* Steps of sockets.c and messages.c: the same. */
int sockets_do(const struct activity *activity, const struct step *step, int *result);
int messages_do(const struct activity *activity, const struct step *step, int *result);

/* Steps of pieces.c: the same. */
int pieces_do(const struct step *step, int *result);

/* Steps of compat.c: the same. */
int compat_do(const struct step *step, int *result);

/* Steps of traced.c: the same. */
int traced_do(const struct activity *activity, const struct step *step, int *result);

#endif

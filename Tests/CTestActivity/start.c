/* SPDX-License-Identifier: Apache-2.0 */
/* From a script to a process that does it. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_STEPS 512

/* Everything is put together before the fork: afterwards other threads' locks may be taken for ever. */
static int parse(const char *script, size_t length, struct step *steps)
{
	const char *end = script + length;
	int count = 0;

	while (script < end) {
		struct step *step = &steps[count];
		int index;

		if (count == MAX_STEPS)
			return -E2BIG;
		step->name = script;
		script += strlen(script) + 1;
		step->count = atoi(script);
		script += strlen(script) + 1;
		step->arguments = calloc(step->count + 1, sizeof(char *));
		if (!step->arguments)
			return -ENOMEM;
		for (index = 0; index < step->count; index++) {
			step->arguments[index] = (char *)script;
			script += strlen(script) + 1;
		}
		count++;
	}
	return count;
}

/*
 * The child keeps nothing of the test's but two descriptors: the engine's BPF links would otherwise
 * live as long as the child, and another child's pipe would never end.
 */
static void take_descriptors(struct activity *activity)
{
	int report = fcntl(activity->report, F_DUPFD, 100);
	int go = fcntl(activity->go, F_DUPFD, 100);
	int null = open("/dev/null", O_RDWR);

	/* Threads of the test's runtime block signals; a process starts without that. */
	sigset_t none;
	int signal_number;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (signal_number = 1; signal_number < 32; signal_number++)
		signal(signal_number, SIG_DFL);

	dup2(null, 0);
	dup2(null, 1);
	dup2(report, 3);
	dup2(go, 4);
	close_range(5, ~0U, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	fcntl(4, F_SETFD, FD_CLOEXEC);
	activity->report = 3;
	activity->go = 4;
}

pid_t activity_start(const char *script, size_t length, int report, int go)
{
	struct step *steps = calloc(MAX_STEPS, sizeof(*steps));
	struct activity activity = { .report = report, .go = go, .steps = steps };
	pid_t pid;
	int index;

	if (!steps)
		return -ENOMEM;
	activity.step_count = parse(script, length, steps);
	if (activity.step_count < 0)
		return activity.step_count;
	pid = fork();
	if (pid == 0) {
		take_descriptors(&activity);
		activity_run(&activity, 0);
	}
	if (pid < 0)
		pid = -errno;
	for (index = 0; index < activity.step_count; index++)
		free(steps[index].arguments);
	free(steps);
	return pid;
}

int activity_set_file_capabilities(const char *path, uint32_t permitted)
{
	/* struct vfs_cap_data, include/uapi/linux/capability.h: revision 2, effective bit. */
	uint32_t data[5] = { 0x02000000 | 1, permitted, 0, 0, 0 };

	return setxattr(path, "security.capability", data, sizeof(data), 0) ? -errno : 0;
}

void activity_trim_memory(void)
{
	malloc_trim(0);
}

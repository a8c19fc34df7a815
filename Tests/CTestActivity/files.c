/* SPDX-License-Identifier: Apache-2.0 */
/* Steps on files: any system call by number, and the few whose arguments are structures. */
#include "internal.h"
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_ARGUMENTS 6

static long value(const struct step *step, int index)
{
	return index < step->count ? strtol(step->arguments[index], NULL, 0) : 0;
}

static const char *word(const struct step *step, int index)
{
	return index < step->count ? step->arguments[index] : "";
}

/* call NUMBER ARGUMENT…: an argument is a number, or a string behind a colon. */
static int call(const struct step *step)
{
	long arguments[CALL_ARGUMENTS] = {};
	int index;

	for (index = 1; index < step->count && index <= CALL_ARGUMENTS; index++) {
		const char *text = step->arguments[index];

		arguments[index - 1] = *text == ':' ? (long)(text + 1) : strtol(text, NULL, 0);
	}
	return syscall(value(step, 0), arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		       arguments[5]) == -1 ?
		       -1 :
		       0;
}

/* openat2 DIRECTORY PATH FLAGS MODE RESOLVE */
static int open_how(const struct step *step)
{
	struct open_how how = { .flags = value(step, 2), .mode = value(step, 3), .resolve = value(step, 4) };

	return syscall(SYS_openat2, value(step, 0), word(step, 1), &how, sizeof(how)) < 0 ? -1 : 0;
}

/* Between two calls of open-often: whoever changes policies meanwhile shall come to it. */
#define OFTEN_PAUSE_US 50

/* open-often PATH COUNT: for reading; the file is not there. */
static int open_often(const struct step *step)
{
	long left;

	for (left = value(step, 1); left > 0; left--) {
		if (syscall(SYS_openat, AT_FDCWD, word(step, 0), O_RDONLY) != -1 || errno != ENOENT)
			return -1;
		usleep(OFTEN_PAUSE_US);
	}
	return 0;
}

/* open-by-handle PATH FLAGS: `.` of the working directory is the mount. */
static int open_handle(const struct step *step)
{
	struct {
		struct file_handle head;
		unsigned char bytes[128];
	} handle = { .head = { .handle_bytes = 128 } };
	int mount_id, directory;

	if (name_to_handle_at(AT_FDCWD, word(step, 0), &handle.head, &mount_id, 0))
		return -1;
	directory = open(".", O_RDONLY | O_DIRECTORY);
	return open_by_handle_at(directory, &handle.head, value(step, 1)) < 0 ? -1 : 0;
}

/* move-descriptor FROM TO: gives a descriptor a number that later steps can name. */
static int move_descriptor(const struct step *step)
{
	return dup2(value(step, 0), value(step, 1)) < 0 || close(value(step, 0)) ? -1 : 0;
}

/* ring OPERATION FLAGS DIRECTORY PATH OPEN-FLAGS MODE-OR-LENGTH: one request, waited for. */
static int ring_request(const struct step *step)
{
	struct ring ring = {};
	struct io_uring_sqe request = {
		.opcode = value(step, 0),
		.flags = value(step, 1),
		.fd = value(step, 2),
		.addr = (unsigned long)word(step, 3),
		.open_flags = value(step, 4),
		.len = value(step, 5),
	};

	return ring_open(&ring) || ring_do(&ring, &request) < 0 ? -1 : 0;
}

/* make-map, and pin-map PATH: the map that was made gets a name in bpffs. */
static int map_of_steps = -1;

static int make_map(void)
{
	union bpf_attr attribute = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	map_of_steps = syscall(SYS_bpf, BPF_MAP_CREATE, &attribute, sizeof(attribute));
	return map_of_steps < 0 ? -1 : 0;
}

static int pin_map(const struct step *step)
{
	union bpf_attr attribute = { .pathname = (unsigned long)word(step, 0), .bpf_fd = map_of_steps };

	return syscall(SYS_bpf, BPF_OBJ_PIN, &attribute, sizeof(attribute));
}

int files_do(const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "call"))
		*result = call(step);
	else if (!strcmp(name, "openat2"))
		*result = open_how(step);
	else if (!strcmp(name, "open-often"))
		*result = open_often(step);
	else if (!strcmp(name, "open-by-handle"))
		*result = open_handle(step);
	else if (!strcmp(name, "move-descriptor"))
		*result = move_descriptor(step);
	else if (!strcmp(name, "make-map"))
		*result = make_map();
	else if (!strcmp(name, "pin-map"))
		*result = pin_map(step);
	else if (!strcmp(name, "ring"))
		*result = ring_request(step);
	else
		return 0;
	return 1;
}

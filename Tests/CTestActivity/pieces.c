/* SPDX-License-Identifier: Apache-2.0 */
/* Steps whose arguments policies read piece by piece, or as an object. */
#include "internal.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECES_MAX 8

/* write-pieces DESCRIPTOR TEXT…: one writev(2). */
static int write_pieces(const struct step *step)
{
	struct iovec pieces[PIECES_MAX] = {};
	int count = 0;

	while (count < PIECES_MAX && count + 1 < step->count) {
		char *text = step->arguments[count + 1];

		pieces[count].iov_base = text;
		pieces[count++].iov_len = strlen(text);
	}
	return writev(strtol(step->arguments[0], NULL, 0), pieces, count) < 0 ? -1 : 0;
}

/* load-program NAME: bpf(2) is asked for one that it refuses, because it does nothing. */
static int load_program(const struct step *step)
{
	struct bpf_insn instructions[2] = {};
	union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_KPROBE, .insn_cnt = 2 };

	attributes.insns = (unsigned long)instructions;
	strncpy(attributes.prog_name, step->arguments[0], sizeof(attributes.prog_name) - 1);
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes)) < 0 ? 0 : -1;
}

int pieces_do(const struct step *step, int *result)
{
	if (!strcmp(step->name, "write-pieces"))
		*result = write_pieces(step);
	else if (!strcmp(step->name, "load-program"))
		*result = load_program(step);
	else
		return 0;
	return 1;
}

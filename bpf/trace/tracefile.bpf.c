// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine where fanotify asks whether a file may be opened, run, read or written, and nothing else
 * of the kernel can refuse it.
 *
 * hook                       what it does
 * none (BPF_PROG_TEST_RUN)   run by the daemon's answering thread, for the process that waits for the answer
 */
#include "subject.h"
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifndef SECD_PROBE_READS
/* Not for 6.1, which has no bpf_task_from_pid; it has LSM for all of this. */

/* Why nothing was begun: no policy is about this, or there was no room to judge. */
static __always_inline bool is_in_no_rule(const struct event *event)
{
	struct secd_policy_row *row;

	if (!event->hook)
		return true;
	if (event->row == SECD_POLICY_NONE)
		return false;
	row = policy_row(current_generation() & 1, event->row);
	return !row || !row->summary;
}

static __always_inline int subject_judge(struct secd_policy_subject *subject)
{
	struct event event = event_begin(subject->hook, false);
	int verdict;

	if (!event.work)
		return is_in_no_rule(&event) ? SECD_POLICY_SUBJECT_JUDGED : 0;
#pragma unroll
	for (int n = 0; n < 6; n++)
		event.work->arguments[n] = subject->arguments[n];
	event.work->missing = ~subject->known;
	verdict = -event_end(&event);
	return SECD_POLICY_SUBJECT_JUDGED | (verdict & SECD_POLICY_SUBJECT_ERRNO);
}

SEC("syscall")
int on_file(void *ctx)
{
	struct secd_policy_subject *subject = policy_subject();
	struct task_struct *task;
	int verdict;

	if (!subject)
		return 0;
	task = bpf_task_from_pid(subject->tid);
	if (!task) /* gone: nobody waits any more */
		return SECD_POLICY_SUBJECT_JUDGED;
	subject->tgid = kload(task, tgid);
	subject->task = (__u64)task;
	verdict = subject_judge(subject);
	subject->task = 0;
	bpf_task_release(task);
	return verdict;
}
#endif

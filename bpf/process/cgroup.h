/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cgroups of the hierarchy that tells workloads, as they come and go: one that lives 5 ms has a path. */
#ifndef SECD_PROCESS_CGROUP_H
#define SECD_PROCESS_CGROUP_H

#include "../lib/emit.h"
#include "../lib/hierarchy.h"
#include "../lib/scratch.h"

static __always_inline int cgroup_event(struct cgroup *cgroup, const char *path, __u32 change)
{
	struct secd_scratch *scratch;
	struct secd_cgroup *record;
	__u32 end;

	/* The tracepoint fires for every hierarchy. */
	if (!is_workload_hierarchy(cgroup))
		return 0;
	scratch = scratch_claim();
	if (!scratch)
		return 0;
	record = (struct secd_cgroup *)scratch->record;
	__builtin_memset(record, 0, sizeof(*record));
	record->id = kload(cgroup, kn, id);
	record->change = change;
	end = scratch_append_string(scratch, sizeof(*record), path);
	record->path_length = end - sizeof(*record);
	if (end <= SECD_SCRATCH_RECORD)
		emit(&record->head, end, SECD_KIND_CGROUP, SECD_RING_LIFECYCLE,
		     bpf_ktime_get_boot_ns());
	scratch_release(scratch);
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory of a process. */
#ifndef SECD_KERNEL_MEMORY_H
#define SECD_KERNEL_MEMORY_H

#include "files.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vm_area_struct {
	struct file *vm_file;
};
struct percpu_counter {
	__s64 count;
};
/* rss_stat became an array of percpu_counter in 6.2 (commit f1a7941243c1). */
struct mm_struct {
	unsigned long hiwater_rss;
	unsigned long arg_start, arg_end, env_start, env_end;
	struct percpu_counter rss_stat[4];
	struct file *exe_file;
};
struct mm_rss_stat___before62 {
	atomic64_t count[4];
};
struct mm_struct___before62 {
	struct mm_rss_stat___before62 rss_stat;
};

#pragma clang attribute pop

#endif

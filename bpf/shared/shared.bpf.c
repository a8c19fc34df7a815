// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the sensors share: rings, their accounts, scratch memory, counters and the records of
 * processes. No hooks. The loader makes these maps once; the objects of the sensors are loaded side by
 * side and use them.
 */
#include "../kernel/access.h"
#include "../lib/emit.h"
#include "../lib/process.h"
#include "../lib/scratch.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

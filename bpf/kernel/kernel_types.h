/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of the kernel's types that our programs read, kept by hand; a header for each concept.
 *
 * Only the fields that are used stand there; CO-RE finds their real offsets at load. A generated
 * vmlinux.h would be 134,000 lines of one kernel's truth; these pages are what we depend on.
 */
#ifndef SECD_KERNEL_TYPES_H
#define SECD_KERNEL_TYPES_H

#include "basic.h"
#include "contexts.h"
#include "credentials.h"
#include "files.h"
#include "maps.h"
#include "memory.h"
#include "namespaces.h"
#include "sockets.h"
#include "task.h"

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Everything that kernel programs and the daemon agree on. */
#ifndef SECD_ABI_H
#define SECD_ABI_H

#include "types.h"
#include "record.h"
#include "agent.h"
#include "process.h"
#include "socket.h"
#include "file.h"
#include "policy.h"
#include "policy_hook.h"
#include "policy_process.h"
#include "policy_event.h"
#include "policy_site.h"
#include "policy_subject.h"

#endif

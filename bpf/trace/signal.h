/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Signals to the running process, from where they can be sent. */
#ifndef SECD_TRACE_SIGNAL_H
#define SECD_TRACE_SIGNAL_H

#include "doom.h"
#include "work.h"

/* include/uapi/asm-generic/signal.h */
#define SECD_SIGSTOP 19

/* Sends a signal to the running process; `flag` tells of it. */
static __always_inline void send_signal(struct policy_work *work, __u32 signal, __u32 flag)
{
#ifndef SECD_POLICY_NO_SIGNALS
	work->flags |= bpf_send_signal(signal) ? SECD_POLICY_EVENT_FAILED : flag;
#else
	work->flags |= SECD_POLICY_EVENT_FAILED;
#endif
}

#endif

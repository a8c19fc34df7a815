/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's settings, constant for the life of a program: the verifier removes what is off. */
#ifndef SECD_LIB_AGENT_H
#define SECD_LIB_AGENT_H

#include "../kernel/access.h"
#include "../abi/agent.h"

const volatile struct secd_agent secd_agent = {};

#endif

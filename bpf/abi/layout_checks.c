/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compiles the contract once as user-space C, so that its assertions hold there too. */
#include "abi.h"

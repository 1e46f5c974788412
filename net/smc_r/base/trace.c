// SPDX-License-Identifier: GPL-2.0
/* The tracepoints themselves. */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

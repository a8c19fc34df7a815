/* Clocks in nanoseconds. */
#ifndef SECD_BENCH_CLOCK_H
#define SECD_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

#endif

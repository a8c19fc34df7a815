/* What benchmarks need of C: exact loops without a runtime in between, and an allocation count. */
#ifndef SECD_BENCH_SHIMS_H
#define SECD_BENCH_SHIMS_H

#include <stdint.h>

/* Spawns `path` and waits for it, `count` times; returns nanoseconds, or 0 on failure. */
uint64_t secd_bench_spawn(const char *path, int count);

/* Gives back what was freed and is not used again. */
void secd_bench_trim(void);

/* Calls getppid(2) `count` times; returns nanoseconds. */
uint64_t secd_bench_getppid(uint64_t count);

/* The same as `secd_bench_spawn`, with one argument of so many bytes. */
uint64_t secd_bench_spawn_with(const char *path, unsigned bytes, int count);

#define SECD_BENCH_GETPPID    0
#define SECD_BENCH_OPEN_CLOSE 1

/*
 * Makes a call, or opens and closes `path`, `turns` times in a row, and that `loops` times: `samples` gets the
 * nanoseconds of one turn of each. At a real-time priority where that is allowed. 0, or -1 with errno.
 */
int secd_bench_turns(int call, const char *path, unsigned turns, int loops, double *samples);

/* Opens and closes `path` `count` times; how often it could. */
uint64_t secd_bench_opens(const char *path, uint64_t count);

/* Connects a datagram socket to 127.0.0.9 `count` times; how often that succeeded, or ~0 without a socket. */
uint64_t secd_bench_connects(uint64_t count);

/* Whether connects to 127.0.0.9 are refused from this moment on (CLOCK_MONOTONIC). */
struct secd_bench_change {
	uint64_t time_ns;
	uint64_t refused;
};

/*
 * A process that joins a cgroup (`procs`: path of its cgroup.procs), connects a datagram socket to 127.0.0.9 every
 * 0.2 ms or so, and writes a secd_bench_change to `out` each time that the answer is another one. It has a mount namespace
 * of its own, as containers have, and ends with the calling thread. Its number, or -errno.
 */
int secd_bench_follow_connects(const char *procs, int out);

/* Waits for a change, milliseconds at most: 1, or 0 where none came. */
int secd_bench_next_change(int in, int timeout, struct secd_bench_change *change);

/* `count` processes that each write a byte to the end of `path`; how many of them SIGKILL ended, or ~0. */
uint64_t secd_bench_killed_writers(const char *path, uint64_t count);

/* Opens and closes `count` TCP connections over loopback to a listener of its own; nanoseconds. */
uint64_t secd_bench_connect(int count);

/*
 * The same at a rate: bursts of connections every 10 ms, `per_second` in all. Returns nanoseconds from
 * start to end; `busy` gets the CPU time of the bursts, which never wait.
 */
uint64_t secd_bench_connect_paced(int count, int per_second, uint64_t *busy);

/* Writes the smallest program there is (it only exits) into an open file; 0, or -1 with errno. */
int secd_bench_write_program(int fd);

/* Starts and joins `count` threads; returns nanoseconds, and in `cpu` the CPU time of all of them. */
uint64_t secd_bench_threads(int count, uint64_t *cpu);

/*
 * Keeps the calling thread, and what it starts, on one core: the last that it may use, because the first has
 * most of the interrupts. 0, or -1 with errno.
 */
int secd_bench_pin(void);

/* It may use all cores again that it could use before. */
void secd_bench_unpin(void);

/* CPU time of the calling thread, nanoseconds. */
uint64_t secd_bench_thread_nanoseconds(void);

/* Allocations (malloc, calloc, realloc, aligned_alloc) of this process so far. */
uint64_t secd_bench_allocations(void);

/* CPU time of a process with all its threads, those that ended included; 0 = it is gone. */
uint64_t secd_process_cpu(int pid);

/*
 * Starts a program that gets SIGTERM when the calling thread ends, whatever ends it; its pid, or -errno. The
 * lists end with NULL.
 */
int secd_bench_start(const char *path, char *const *arguments, char *const *variables);

/* Whether that program has ended; its number is free from then on. With `wait` it returns when it has. */
int secd_bench_ended(int pid, int wait);

/* Lines of standard output are seen as they come, in a file as well. */
void secd_print_by_lines(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel tests let processes do and Swift cannot: fork, vfork, execve from another thread,
 * fexecve of a memfd, namespaces, credentials of one thread.
 *
 * A new process is forked from the test and does a list of steps; a step is a word with arguments
 * (steps.c lists them). It never runs Swift code, which must not run between fork and exec.
 */
#ifndef CTESTACTIVITY_H
#define CTESTACTIVITY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Starts a process that does the steps of `script` and ends with 0.
 *
 * `script` is a sequence of NUL-terminated strings: for each step its name, the number of its
 * arguments in decimal, the arguments. Numbers written by steps arrive at `report` as int64; a step
 * that fails writes -(1000 * its index + errno) and ends the process with 99. The step `wait` reads a byte
 * from `go`. Returns the pid or -errno.
 */
pid_t activity_start(const char *script, size_t length, int report, int go);

/* Gives freed memory back: fork copies the page tables of what the test holds. */
void activity_trim_memory(void);

/* Sets the file's permitted and effective capabilities (bits 0 to 31). Returns 0 or -errno. */
int activity_set_file_capabilities(const char *path, uint32_t permitted);

#endif

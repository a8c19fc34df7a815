/* SPDX-License-Identifier: Apache-2.0 */
/* System calls as 32-bit programs make them. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The sixth is in the register of the frame, which the compiler keeps. */
#define COMPAT_ARGUMENTS 5
#define COMPAT_MEMORY 65536

/* Puts what an argument says behind `*end`, if it is no number, and returns what to call with. */
static long argument(const char *text, char **end)
{
	char *begin = *end;

	switch (*text) {
	case ':':
		*end += strlen(text + 1) + 1;
		strcpy(begin, text + 1);
		return (long)begin;
	case '=':
		for (; *text; *end += sizeof(int))
			*(int *)*end = strtol(text + 1, (char **)&text, 0);
		return (long)begin;
	default:
		return strtol(text, NULL, 0);
	}
}

/*
 * call32 NUMBER ARGUMENT…: an argument is a number, a string behind a colon, or words in memory: =1,2,3. Pointers
 * have 32 bits there.
 */
static int call_compat(const struct step *step)
{
#ifdef __x86_64__
	char *memory = mmap(NULL, COMPAT_MEMORY, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long arguments[COMPAT_ARGUMENTS] = {}, result;
	char *end = memory;
	int index;

	if (memory == MAP_FAILED)
		return -1;
	for (index = 1; index < step->count && index <= COMPAT_ARGUMENTS; index++) {
		arguments[index - 1] = argument(step->arguments[index], &end);
		/* Words are aligned. */
		end += -(long)end & (sizeof(int) - 1);
	}
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(strtol(step->arguments[0], NULL, 0)), "b"(arguments[0]), "c"(arguments[1]),
			   "d"(arguments[2]), "S"(arguments[3]), "D"(arguments[4])
			 : "memory", "r8", "r9", "r10", "r11");
	/* Errors are -1 to -4095; the register has 32 bits of the result, or all. */
	if ((int)result < 0 && (int)result > -4096) {
		errno = -(int)result;
		return -1;
	}
	return 0;
#else
	(void)step;
	(void)argument;
	errno = ENOSYS;
	return -1;
#endif
}

int compat_do(const struct step *step, int *result)
{
	if (strcmp(step->name, "call32"))
		return 0;
	*result = call_compat(step);
	return 1;
}

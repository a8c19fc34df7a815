/* SPDX-License-Identifier: Apache-2.0 */
/* What tests put probes on: functions, and a USDT probe by hand: <sys/sdt.h> is not everywhere. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number that the kernel counts up while the probe is watched. */
__attribute__((used, section(".probes"))) volatile unsigned short activity_probe_watchers;

/* Keeps a call a call: neither inline nor turned into a loop. */
#define OPAQUE(value) __asm__ volatile("" : "+r"(value))

__attribute__((noinline, used)) long activity_traced(long number, const char *text, long size)
{
	OPAQUE(number);
	OPAQUE(text);
	OPAQUE(size);
	return number * 2;
}

/* Calls itself DEPTH times; returns how often. */
__attribute__((noinline, used)) long activity_nested(long depth)
{
	long below = depth > 0 ? activity_nested(depth - 1) : -1;

	OPAQUE(below);
	return below + 1;
}

/* Has an effect that can be seen afterwards. */
__attribute__((noinline, used)) int activity_marks(const char *path)
{
	return mkdir(path, 0755);
}

/* What policies change: a number, what a pointer leads to, and where the call goes. */
__attribute__((noinline, used)) long activity_number(int number)
{
	OPAQUE(number);
	return number;
}

__attribute__((noinline, used)) long activity_other(int number)
{
	OPAQUE(number);
	return 1000L + number;
}

__attribute__((noinline, used)) void activity_answer(int *answer)
{
	__asm__ volatile("" : "+r"(answer) : : "memory");
}

/* Three arguments: an int in memory, a pointer to another, an int in a register. Returns what is left of them. */
static long pass_answers(int number)
{
#ifdef __x86_64__
	volatile int kept = 1;
	volatile int pointed = 2;

	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f-991f, 994f-993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b, 0, 0\n"
			 ".asciz \"activity\"\n"
			 ".asciz \"answers\"\n"
			 ".asciz \"-4@%[kept] 8@%[pointed] -4@%[number]\"\n"
			 "994: .balign 4\n"
			 ".popsection\n"
			 :
			 : [kept] "m"(kept), [pointed] "r"(&pointed), [number] "r"(number)
			 : "memory");
	return kept + 1000L * pointed;
#else
	return number;
#endif
}

/*
 * Four arguments: an int, a constant, a long in memory, a string. The note has no base, which means that no
 * tool has moved the program since.
 */
static void pass_probe(int number, const char *text)
{
#ifdef __x86_64__
	volatile long kept = -3L * number;

	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f-991f, 994f-993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b, 0, activity_probe_watchers\n"
			 ".asciz \"activity\"\n"
			 ".asciz \"passed\"\n"
			 ".asciz \"-4@%[number] -4@%[constant] -8@%[kept] 8@%[text]\"\n"
			 "994: .balign 4\n"
			 ".popsection\n"
			 :
			 : [number] "r"(number), [constant] "i"(-7), [kept] "m"(kept), [text] "r"(text));
#else
	(void)number;
	(void)text;
#endif
}

static const char *text(const struct step *step, int index)
{
	return index < step->count ? step->arguments[index] : "";
}

static long number(const struct step *step, int index)
{
	return strtol(text(step, index), NULL, 0);
}

static int report(const struct activity *activity, int64_t value)
{
	return write(activity->report, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

/* traced NUMBER TEXT COUNT */
static int traced(const struct step *step)
{
	long left;

	for (left = number(step, 2); left > 0; left--)
		if (activity_traced(number(step, 0), text(step, 1), strlen(text(step, 1))) !=
		    2 * number(step, 0))
			return -1;
	return 0;
}

/* traced-fresh PATH: with text that is in the file, and in no page of this process yet */
static int traced_fresh(const struct step *step)
{
	int file = open(text(step, 0), O_RDONLY | O_CLOEXEC);
	char *text = file < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);

	if (text == MAP_FAILED)
		return -1;
	activity_traced(1, text, 0);
	close(file);
	return munmap(text, 4096);
}

/* answer: reports what is left of an answer of 1 */
static int answer(const struct activity *activity)
{
	volatile int answer = 1;

	activity_answer((int *)&answer);
	return report(activity, answer);
}

int traced_do(const struct activity *activity, const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "traced"))
		*result = traced(step);
	else if (!strcmp(name, "traced-fresh"))
		*result = traced_fresh(step);
	else if (!strcmp(name, "nested")) /* DEPTH */
		*result = activity_nested(number(step, 0)) == number(step, 0) ? 0 : -1;
	else if (!strcmp(name, "marks")) /* PATH */
		*result = activity_marks(text(step, 0));
	else if (!strcmp(name, "passed")) { /* NUMBER TEXT */
		pass_probe(number(step, 0), text(step, 1));
		*result = 0;
	} else if (!strcmp(name, "number")) /* NUMBER: reports it, as the function returns it */
		*result = report(activity, activity_number(number(step, 0)));
	else if (!strcmp(name, "answer"))
		*result = answer(activity);
	else if (!strcmp(name, "answers")) /* reports the first and 1000 times the second, of 1 and 2 */
		*result = report(activity, pass_answers(3));
	else if (!strcmp(name, "watchers")) /* reports how many watch */
		*result = report(activity, activity_probe_watchers);
	else if (!strcmp(name, "first-byte")) /* reports the first byte of the traced function */
		*result = report(activity, *(const volatile unsigned char *)activity_traced);
	else
		return 0;
	return 1;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Places in programs: functions that are called and return, and USDT probes, whose arguments stand where
 * the compiler had them.
 */
#ifndef SECD_TRACE_SITE_H
#define SECD_TRACE_SITE_H

#include "place.h"
#include "event.h"

#define SITE_PAGE_MASK 4095ULL
/* What a call has pushed when a function begins, and has taken again when it has returned. */
#define SITE_RETURN_ADDRESS 8

/* As many bytes of a number as the program has put there. */
static __always_inline __u64 site_number(__u64 number, const struct secd_policy_fetch *fetch)
{
	__u32 shift = 64 - 8 * fetch->size;

	number <<= shift & 63;
	if (fetch->flags & SECD_POLICY_FETCH_SIGNED)
		return (__u64)((__s64)number >> (shift & 63));
	return number >> (shift & 63);
}

/* Reads one argument; anything but 0 where that fails. May wait for memory only where `waits`. */
static __always_inline int site_fetch(__u64 regs, const struct secd_policy_fetch *fetch, bool waits,
				      __u64 *value)
{
	__u64 number = 0, address;
	int failed;

	if (fetch->kind == SECD_POLICY_FETCH_CONSTANT) {
		*value = fetch->offset;
		return 0;
	}
	if (fetch->kind == SECD_POLICY_FETCH_REGISTER) {
		failed = site_register(regs, fetch->base, &number);
	} else if (fetch->kind == SECD_POLICY_FETCH_MEMORY) {
		address = site_address(regs, fetch);
		/* Little-endian: what is there and not asked for is cut off below. */
		failed = waits ? bpf_copy_from_user(&number, sizeof(number), (void *)address)
			       : bpf_probe_read_user(&number, sizeof(number), (void *)address);
	} else {
		return -1;
	}
	*value = site_number(number, fetch);
	return failed;
}

/* The arguments of a USDT probe. Not inline: a loop with many ways through it. */
__noinline int site_arguments(struct policy_work *work, __u32 index)
{
	struct secd_policy_site *site = bpf_map_lookup_elem(&secd_policy_sites, &index);

	if (!work || !site)
		return 0;
	for (__u32 n = 0; n < SECD_POLICY_SITE_ARGUMENTS; n++) {
		__u64 value = 0;

		if (n >= site->arguments || site_fetch(work->fields, &site->fetch[n], false, &value))
			work->missing |= SITE_MISSING(n);
		work->arguments[n] = value;
	}
	return 0;
}

static __always_inline void site_call(struct policy_work *work, struct pt_regs *regs)
{
	struct pt_regs___more *more = (void *)regs;

	work->arguments[0] = regs->di;
	work->arguments[1] = regs->si;
	work->arguments[2] = regs->dx;
	work->arguments[3] = more->cx;
	work->arguments[4] = regs->r8;
	work->arguments[5] = regs->r9;
	/* A function may call itself: its calls differ by where their frames are. */
	work->frame = ((struct pt_regs___stack *)regs)->sp;
}

/* A place is met: the event with its arguments, or one without work. */
static __always_inline struct event site_begin(struct pt_regs *regs)
{
	struct secd_policy_site *site = site_of(regs);
	struct event event = {};

	if (!site)
		return event;
	event = event_begin(site->hook, false);
	if (!event.work)
		return event;
	/* Registers that policies ask for by name. */
	event.work->fields = (__u64)regs;
	if (site->arguments == SECD_POLICY_SITE_FUNCTION)
		site_call(event.work, regs);
	else
		site_arguments(event.work, bpf_get_attach_cookie(regs));
	return event;
}

static __always_inline int site_met(struct pt_regs *regs)
{
	struct event event = site_begin(regs);

	if (event.work)
		event_end(&event);
	return 0;
}

static __always_inline int site_returned(struct pt_regs *regs)
{
	struct secd_policy_site *site = site_of(regs);
	struct event event;

	if (!site)
		return 0;
	event = event_begin(site->hook, true);
	if (!event.work)
		return 0;
	event.work->fields = (__u64)regs;
	event.work->result = ((struct pt_regs___more *)regs)->ax;
	event.work->frame = ((struct pt_regs___stack *)regs)->sp - SITE_RETURN_ADDRESS;
	event_end_return(&event);
	return 0;
}

static __always_inline __u64 site_call_argument(struct pt_regs *regs, __u32 n)
{
	struct pt_regs___more *more = (void *)regs;

	switch (n) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return more->cx;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

/* Brings the page of an address, and the one behind it, into memory. */
static __always_inline void site_touch_page(__u64 address)
{
	char byte;

	if (!address)
		return;
	bpf_copy_from_user(&byte, sizeof(byte), (void *)address);
	bpf_copy_from_user(&byte, sizeof(byte), (void *)((address | SITE_PAGE_MASK) + 1));
}

/*
 * Runs before site_met at the same place, and may wait: what a policy reads there is brought into memory,
 * because who judges cannot wait for it. It looks at no tables of a generation: those may go meanwhile.
 */
static __always_inline int site_touched(struct pt_regs *regs)
{
	struct secd_policy_site *site = site_of(regs);
	__u64 value;

	if (!site)
		return 0;
	if (site->arguments == SECD_POLICY_SITE_FUNCTION) {
#pragma unroll
		for (__u32 n = 0; n < 6; n++) {
			if (site->touched & 1U << n)
				site_touch_page(site_call_argument(regs, n));
		}
		return 0;
	}
	for (__u32 n = 0; n < SECD_POLICY_SITE_ARGUMENTS && n < site->arguments; n++) {
		value = 0;
		/* An argument that stands in memory is touched by this already. */
		if (site_fetch((__u64)regs, &site->fetch[n], true, &value))
			continue;
		if (site->touched & 1U << n)
			site_touch_page(value);
	}
	return 0;
}

#endif

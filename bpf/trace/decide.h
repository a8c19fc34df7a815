/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows → rules that match → for each group the one that decides → what it does. Rules of a group
 * follow each other, so one pass over the bits is enough: the first of a group decides, except where it
 * must give way (uncertain, and only reporting then) to a later one that need not.
 */
#ifndef SECD_TRACE_DECIDE_H
#define SECD_TRACE_DECIDE_H

#include "count.h"
#include "judge.h"
#include "notice.h"
#include "own.h"
#ifdef SECD_POLICY_CHANGES
#include "change.h"
#endif

/* Words of a set count only where the summary says so. */
static __always_inline void set_add_word(struct policy_work *work, __u32 set, __u32 word, __u64 bits)
{
	struct secd_policy_row *row = &work->sets[set];

	if (row->summary >> (word & 63) & 1)
		bits |= row->words[word];
	row->words[word] = bits;
	row->summary |= 1ULL << (word & 63);
}

static __always_inline void set_add(struct policy_work *work, __u32 set, __u32 rule)
{
	__u32 word = rule / 64;

	bounded(word, SECD_POLICY_WORDS - 1);
	set_add_word(work, set, word, 1ULL << (rule & 63));
}

static __always_inline struct secd_policy_counter *rule_counter(const struct secd_policy_rule *rule)
{
	__u32 counter = rule->counter;

	return bpf_map_lookup_elem(&secd_policy_counters, &counter);
}

/* Where what a program returns is what the kernel does, or a guard tells the kernel. */
static __always_inline bool can_refuse(const struct secd_policy_hook *hook)
{
	return hook->mechanism == SECD_POLICY_BY_CGROUP || hook->mechanism == SECD_POLICY_BY_LSM ||
	       hook->mechanism == SECD_POLICY_BY_FMOD_RET ||
	       hook->mechanism == SECD_POLICY_BY_FANOTIFY || hook->mechanism == SECD_POLICY_BY_GUARD;
}

static __always_inline void enforce(struct policy_work *work, const struct secd_policy_hook *hook,
				    const struct secd_policy_rule *rule, __u32 actions)
{
	__s32 verdict = -(__s32)(rule->error & SECD_ERRNO_MASK);

#ifdef SECD_POLICY_CHANGES
	/* Nobody refuses calls of functions in programs: Override changes registers. */
	if (actions & (SECD_POLICY_SET | SECD_POLICY_OVERRIDE))
		policy_change(work, rule->changes);
	actions &= ~SECD_POLICY_OVERRIDE;
#endif
	if ((actions & SECD_POLICY_OVERRIDE) &&
	    (!can_refuse(hook) ||
	     (hook->mechanism == SECD_POLICY_BY_GUARD && !refusal_begin(work, verdict)))) {
		work->flags |= SECD_POLICY_EVENT_FAILED;
	} else if (actions & SECD_POLICY_OVERRIDE) {
		work->verdict = verdict;
		work->flags |= SECD_POLICY_EVENT_DENIED;
	}
	/* Before the signal: what it is forking then has the mark, too. */
	if (actions & SECD_POLICY_KILL_TREE)
		doom(bpf_get_current_task_btf()->group_leader);
	if (actions & (SECD_POLICY_KILL | SECD_POLICY_KILL_TREE | SECD_POLICY_KILL_CONTAINER))
		send_signal(work, SECD_SIGKILL, SECD_POLICY_EVENT_KILLED);
	if (actions & SECD_POLICY_SIGNAL)
		send_signal(work, work->returning && !work->again ? rule->return_signal : rule->signal,
			    SECD_POLICY_EVENT_SIGNALLED);
	if (actions & SECD_POLICY_FREEZE)
		send_signal(work, SECD_SIGSTOP, SECD_POLICY_EVENT_SIGNALLED);
	if (actions & SECD_POLICY_NOTIFY)
		policy_notify(work, rule->enforcer,
			      work->returning && !work->again ? rule->return_notice : rule->notice);
}

static __always_inline void act_on_socket(struct policy_work *work, __u32 actions, __u32 column)
{
	if (actions & (SECD_POLICY_TRACK | SECD_POLICY_UNTRACK))
		policy_track(work, column >> SECD_POLICY_COLUMN_SHIFT, actions & SECD_POLICY_TRACK);
}

/* Does what the rule that decides for its group asks for, but for counting its calls. */
__noinline int policy_act(struct policy_work *work, struct secd_policy_hook *hook, __u32 bit,
			  __u32 is_weak)
{
	struct secd_policy_counter *counter;
	struct secd_policy_rule *rule;
	__u32 actions, word = bit / 64;
	bool enforces, waits, monitors;

	if (!work || !hook)
		return 0;
	rule = policy_rule(work->slot & 1, hook->rules + bit);
	if (!rule)
		return 0;
	actions = work->returning ? rule->return_actions | (rule->actions & SECD_POLICY_POST)
				  : rule->actions;
	if (work->again)
		actions |= rule->actions;
	waits = !work->returning && (hook->flags & SECD_POLICY_HOOK_WAITS);
	if (waits)
		actions &= ~SECD_POLICY_POST;
	enforces = (actions & SECD_POLICY_ENFORCES) && !is_weak;
	monitors = enforces && ((rule->flags & SECD_POLICY_RULE_MONITOR) || is_spared(actions));
	counter = rule_counter(rule);
	if (counter) {
		counter->decided += !waits;
		counter->monitored += monitors;
		counter->enforced += enforces && !monitors;
	}
	if (monitors) {
		set_add(work, SECD_POLICY_SET_MONITORED, bit);
	} else if (enforces) {
		enforce(work, hook, rule, actions);
		set_add(work, SECD_POLICY_SET_ENFORCED, bit);
	}
	if (work->returning)
		act_on_socket(work, rule->return_actions, rule->rate_scope);
	if (!work->returning || work->again)
		act_on_socket(work, rule->actions, rule->flags);
	if (!(actions & SECD_POLICY_POST))
		return 0;
	if (rule->rate_ns && !rate_passes(work, rule)) {
		if (counter)
			counter->held_back++;
		return 0;
	}
	work->stacks |= actions & (SECD_POLICY_KERNEL_STACK | SECD_POLICY_USER_STACK);
	set_add(work, SECD_POLICY_SET_TOLD, bit);
	bounded(word, SECD_POLICY_WORDS - 1);
	if (work->is_uncertain && (work->uncertain.words[word] >> (bit & 63) & 1))
		set_add(work, SECD_POLICY_SET_UNCERTAIN, bit);
	return 0;
}

/* Counts a call by its key, where the rule asks for that; a key that is new is told. */
static __always_inline void count_call(struct policy_work *work, struct secd_policy_hook *hook, __u32 bit)
{
	struct secd_policy_rule *rule = policy_rule(work->slot & 1, hook->rules + bit);
	__u32 actions;

	if (!rule || !(rule->counts & SECD_POLICY_COUNTS))
		return;
	actions = work->returning ? rule->return_actions : rule->actions;
	if ((actions & SECD_POLICY_COUNT) && policy_count(work, rule->counts, rule->counter))
		set_add(work, SECD_POLICY_SET_TOLD, bit);
}

/* Acts for the rule that decides for its group. */
static __always_inline void act(struct policy_work *work, struct secd_policy_hook *hook)
{
	__u32 bit = work->rule;

	policy_act(work, hook, bit, work->rule_is_weak);
	count_call(work, hook, bit);
}

/* Rows that are intersected without a callback: a hook seldom has more dimensions. */
#define POLICY_USUAL_ROWS 6

struct decide_walk {
	struct policy_work *work;
	struct secd_policy_hook *hook;
};

struct rows_walk {
	struct policy_work *work;
	__u64 match;
	__u32 word;
	__u32 reserved;
};

static __always_inline void rows_intersect(struct rows_walk *walk, __u32 at)
{
	struct policy_work *work = walk->work;
	struct secd_policy_row *row;

	bounded(at, POLICY_ROWS - 1);
	row = policy_row(work->slot & 1, work->rows[at]);
	walk->match &= row ? row->words[walk->word & (SECD_POLICY_WORDS - 1)] : 0;
}

static long rows_step(__u32 index, struct rows_walk *walk)
{
	rows_intersect(walk, index + POLICY_USUAL_ROWS);
	return 0;
}

/* The words of all rows, intersected at one place of the summary. */
static __always_inline long word_match(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct rows_walk walk = { .work = work };
	struct secd_policy_row *plain;
	__u64 match, own, slot = work->slot & 1;
	__u32 word;

	if (!work->summary)
		return 1;
	word = trailing_zeros(work->summary);
	work->summary &= work->summary - 1;
	bounded(word, SECD_POLICY_WORDS - 1);
	walk.word = word;
	walk.match = work->is_computed ? work->computed.words[word] : ~0ULL;
	for (__u32 n = 0; n < POLICY_USUAL_ROWS && n < work->row_count; n++)
		rows_intersect(&walk, n);
	if (work->row_count > POLICY_USUAL_ROWS)
		bpf_loop(work->row_count - POLICY_USUAL_ROWS, rows_step, &walk, 0);
	match = walk.match;
	if (!match)
		return 0;
	work->matched.words[word] = match;
	work->matched.summary |= 1ULL << word;
	plain = policy_row(slot, hook->plain_row);
	own = plain ? match & plain->words[word] : 0;
	if (hook->flags & SECD_POLICY_HOOK_WAITS)
		own = work->returning ? own : 0;
	if (own)
		set_add_word(work, SECD_POLICY_SET_TOLD, word, own);
	if (own && work->is_uncertain && (own & work->uncertain.words[word]))
		set_add_word(work, SECD_POLICY_SET_UNCERTAIN, word, own & work->uncertain.words[word]);
	work->open.words[word] = match & ~(plain ? plain->words[word] : 0);
	if (work->open.words[word])
		work->open.summary |= 1ULL << word;
	return 0;
}

static long word_step(__u32 index, struct decide_walk *walk)
{
	return word_match(walk->work, walk->hook);
}

/* One rule of those that need a look, lowest first. */
static long rule_step(__u32 index, struct decide_walk *walk)
{
	struct policy_work *work = walk->work;
	struct secd_policy_row *report_only;
	struct secd_policy_rule *rule;
	__u32 word, bit;
	__u64 mask;
	bool weak = false;

	if (!work->open.summary)
		return 1;
	word = trailing_zeros(work->open.summary);
	bounded(word, SECD_POLICY_WORDS - 1);
	mask = work->open.words[word];
	mask &= -mask;
	if (!mask)
		return 1;
	work->open.words[word] &= ~mask;
	if (!work->open.words[word])
		work->open.summary &= work->open.summary - 1;
	bit = word * 64 + trailing_zeros(mask);
	rule = policy_rule(work->slot & 1, walk->hook->rules + bit);
	if (!rule)
		return 0;
	if (work->is_uncertain && (work->uncertain.words[word] & mask)) {
		report_only = policy_row(work->slot & 1, walk->hook->report_only_row);
		weak = report_only && (report_only->words[word] & mask);
	}
	if (rule->group == work->group) {
		/* The second of its group takes over from a first that gives way. */
		if (work->rule_is_weak && !weak) {
			work->rule = bit;
			work->rule_is_weak = 0;
		}
		return 0;
	}
	if (work->group != SECD_POLICY_NONE)
		act(work, walk->hook);
	work->group = rule->group;
	work->rule = bit;
	work->rule_is_weak = weak;
	return 0;
}

/* From rows to rules that match; those in work->open need a look. */
__noinline int policy_match(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct decide_walk walk = { .work = work, .hook = hook };

	if (!work || !hook)
		return 0;
	work->matched.summary = 0;
	work->open.summary = 0;
	word_match(work, hook);
	if (work->summary) /* seldom: hooks with more than 64 rules */
		bpf_loop(SECD_POLICY_WORDS - 1, word_step, &walk, 0);
	return 0;
}

/* Those that need a look: which one of its group decides, and what it does. */
__noinline int policy_decide(struct policy_work *work, struct secd_policy_hook *hook)
{
	struct decide_walk walk = { .work = work, .hook = hook };

	if (!work || !hook)
		return 0;
	work->group = SECD_POLICY_NONE;
	bpf_loop(SECD_POLICY_RULES_MAX, rule_step, &walk, 0);
	if (work->group != SECD_POLICY_NONE)
		act(work, hook);
	return 0;
}

/* From rows to actions; true where a record is to be sent. */
static __always_inline bool decide(struct policy_work *work, struct secd_policy_hook *hook)
{
	policy_match(work, hook);
	if (work->open.summary) {
		if (hook->flags & (SECD_POLICY_HOOK_RATES | SECD_POLICY_HOOK_SOCKETS))
			policy_show(work, hook);
		if (hook->flags & SECD_POLICY_HOOK_RATES)
			policy_hash_values(work, hook);
		policy_decide(work, hook);
	}
	return work->sets[SECD_POLICY_SET_TOLD].summary != 0;
}

#endif

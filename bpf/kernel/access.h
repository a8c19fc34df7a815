/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two ways to read kernel memory, one spelling.
 *
 * From 6.2 on bpf_rdonly_cast gives any address a type, so everything can be a direct load. 6.1 lacks
 * that kfunc, so each object is built a second time with SECD_PROBE_READS and the loader takes the
 * build that the kernel accepts. kload(p, a, b) is p->a->b.
 *
 * What a read costs in a program whose code is cold, as that of a hook is (measured in the middle of
 * an exec, 6.18): 2 ns through a pointer that the verifier trusts; 8 ns through any other, because the
 * kernel puts a test of the address in front of it (45 bytes of code with a jump); 40 to 55 ns for a
 * helper that copies up to 100 bytes. So: scalars of a hook's own arguments through the argument
 * itself, and a helper where it replaces seven loads.
 */
#ifndef SECD_KERNEL_ACCESS_H
#define SECD_KERNEL_ACCESS_H

#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#ifdef SECD_PROBE_READS
#define kload(pointer, ...) BPF_CORE_READ(pointer, __VA_ARGS__)
#define pload(pointer, ...) BPF_CORE_READ(pointer, __VA_ARGS__)
#define plain(pointer)      (pointer)
#define kstring(pointer, field) BPF_CORE_READ(pointer, field)
#define kcast(type, pointer)  ((struct type *)(pointer))
#define bitfield(pointer, field) BPF_CORE_READ_BITFIELD_PROBED(pointer, field)
#else
/*
 * The kernel makes a move of a cast, but clang sees a call: it costs about 20 bytes of code, and
 * what was in r1 to r5 is kept elsewhere. const: the compiler may make one of several.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __attribute__((const));
/*
 * The same pointer without the verifier's trust in it. Where a pointer is loaded through a trusted
 * one, the verifier asks up to six times whether that field is trusted, too, and each time looks
 * through all types of the kernel by name (btf_find_by_name_kind): 80 % of the time of loading.
 */
#define plain(pointer) \
	((typeof(pointer))bpf_rdonly_cast((pointer), bpf_core_type_id_kernel(typeof(*(pointer)))))
#define SECD_CLASS_POINTER 5 /* of __builtin_classify_type */
#define kload_1(pointer, a)                                                                       \
	__builtin_choose_expr(__builtin_classify_type((pointer)->a) == SECD_CLASS_POINTER,        \
			      plain(pointer)->a, (pointer)->a)
#define kload_2(pointer, a, b)       (plain(pointer)->a->b)
#define kload_3(pointer, a, b, c)    (plain(pointer)->a->b->c)
#define kload_4(pointer, a, b, c, d) (plain(pointer)->a->b->c->d)
#define kload(pointer, ...) ___bpf_apply(kload_, ___bpf_narg(__VA_ARGS__))(pointer, __VA_ARGS__)
/* The same without a cast, for a pointer that is plain already: what plain, kcast, kload or pload
 * returned. */
#define pload_1(pointer, a)          ((pointer)->a)
#define pload_2(pointer, a, b)       ((pointer)->a->b)
#define pload_3(pointer, a, b, c)    ((pointer)->a->b->c)
#define pload_4(pointer, a, b, c, d) ((pointer)->a->b->c->d)
#define pload(pointer, ...) ___bpf_apply(pload_, ___bpf_narg(__VA_ARGS__))(pointer, __VA_ARGS__)
/* A string's address: not a pointer to a struct, so the verifier does not search. */
#define kstring(pointer, field) ((pointer)->field)
#define kcast(type, pointer) \
	((struct type *)bpf_rdonly_cast((const void *)(pointer), bpf_core_type_id_kernel(struct type)))
#define bitfield(pointer, field) BPF_CORE_READ_BITFIELD(pointer, field)
#endif

/* The kernel's struct behind a program's context (6.2+): fields that the context does not show. */
extern void *bpf_cast_to_kern_ctx(void *obj) __ksym;

/* Keeps clang from dropping a bound that only the verifier needs. */
#define bounded(variable, mask) asm volatile("%0 &= %1" : "+r"(variable) : "i"(mask))

/* One pointer at a computed address. Older verifiers take such a load for a number, so the
 * address is given the type of any struct that begins with a pointer. */
static __always_inline void *pointer_at(void *address)
{
	struct llist_node *node = kcast(llist_node, address);

	return kload(node, next);
}

#endif

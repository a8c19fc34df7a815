#define _GNU_SOURCE
#include "CBPFShims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The kernel's types, those left out that an object does not name. libbpf looks through all types of the kernel for
 * each type of an object (bpf_core_add_cands): 126,000 for each of 90 took 0.1 s an object.
 *
 * Numbers of types stay, because programs hold them (bpf_core_type_id_kernel): what is left out becomes `const void`,
 * the smallest of all types. So does what pointers point to: CO-RE relocates one access after the other, and each ends
 * at a pointer.
 */

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"
/* Bytes: ten times the largest that distributions ship. */
#define TYPES_MAX (64U << 20)
/* Slots for the names of an object, a power of two: more than four times as many as any object has. */
#define NAME_SLOTS 4096

struct types {
	char *bytes;
	const char *names;
	uint32_t names_size;
	uint32_t count;	   /* with type 0, void */
	uint32_t *offsets; /* by number */
	uint8_t *wanted;   /* likewise */
	uint32_t *stack;   /* wanted, and not followed yet */
	uint32_t depth;
	uint32_t last; /* the highest number that is wanted */
};

struct name {
	const char *text;
	size_t length;
};

static void types_free(struct types *types)
{
	free(types->bytes);
	free(types->offsets);
	free(types->wanted);
	free(types->stack);
}

/* Bytes behind the head of a type, or -1: a kind that is not known. */
static long tail_size(const struct btf_type *type)
{
	uint32_t members = btf_vlen(type);

	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return members * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return members * (long)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return members * (long)sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return members * (long)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return members * (long)sizeof(struct btf_var_secinfo);
	default:
		return -1;
	}
}

static int types_read(struct types *types)
{
	int fd = open(KERNEL_TYPES, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	ssize_t part;
	size_t size = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) || stat.st_size <= 0 || stat.st_size > TYPES_MAX) {
		close(fd);
		return -EFBIG;
	}
	types->bytes = malloc(stat.st_size);
	while (types->bytes && size < (size_t)stat.st_size &&
	       (part = read(fd, types->bytes + size, stat.st_size - size)) > 0)
		size += part;
	close(fd);
	if (!types->bytes)
		return -ENOMEM;
	return size == (size_t)stat.st_size ? (int)size : -EIO;
}

/* Where each type begins. */
static int types_index(struct types *types, size_t size)
{
	const struct btf_header *header = (const void *)types->bytes;
	size_t at, end;
	uint32_t room;

	if (size < sizeof(*header) || header->magic != BTF_MAGIC ||
	    (uint64_t)header->hdr_len + header->type_off + header->type_len > size ||
	    (uint64_t)header->hdr_len + header->str_off + header->str_len > size || !header->str_len)
		return -EINVAL;
	at = header->hdr_len + header->type_off;
	end = at + header->type_len;
	types->names = types->bytes + header->hdr_len + header->str_off;
	types->names_size = header->str_len;
	if (types->names[types->names_size - 1])
		return -EINVAL;
	room = header->type_len / sizeof(struct btf_type) + 1;
	types->offsets = malloc(room * sizeof(*types->offsets));
	types->stack = malloc(room * sizeof(*types->stack));
	types->wanted = calloc(room, 1);
	if (!types->offsets || !types->stack || !types->wanted)
		return -ENOMEM;
	for (types->count = 1; at + sizeof(struct btf_type) <= end; types->count++) {
		long tail = tail_size((const void *)(types->bytes + at));

		if (tail < 0 || at + sizeof(struct btf_type) + tail > end)
			return -EINVAL;
		types->offsets[types->count] = at;
		at += sizeof(struct btf_type) + tail;
	}
	return 0;
}

static struct btf_type *type_at(const struct types *types, uint32_t id)
{
	return (struct btf_type *)(types->bytes + types->offsets[id]);
}

/* Without a flavour: `task_struct___old` is `task_struct` (bpf_core_essential_name_len). */
static struct name essential(const char *text)
{
	size_t length = strlen(text), at;

	for (at = length >= 5 ? length - 4 : 0; at-- > 0;)
		if (text[at] != '_' && !memcmp(text + at + 1, "___", 3) && text[at + 4] != '_')
			return (struct name){ text, at + 1 };
	return (struct name){ text, length };
}

static uint32_t slot_of(struct name name)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t at = 0; at < name.length; at++)
		hash = (hash ^ (uint8_t)name.text[at]) * 16777619U;
	return hash % NAME_SLOTS;
}

/* The slot of a name, or the free one where it would stand. */
static struct name *find(struct name *slots, struct name name)
{
	uint32_t slot = slot_of(name);

	while (slots[slot].text &&
	       (slots[slot].length != name.length || memcmp(slots[slot].text, name.text, name.length)))
		slot = (slot + 1) % NAME_SLOTS;
	return &slots[slot];
}

/* Kinds that programs can ask for by name. */
static int is_named(const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FLOAT:
		return type->name_off != 0;
	default:
		return 0;
	}
}

static int names_of(const struct bpf_object *object, struct name *slots)
{
	const struct btf *btf = bpf_object__btf(object);
	uint32_t types = btf ? btf__type_cnt(btf) : 0, names = 0;

	for (uint32_t id = 1; id < types; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *text = is_named(type) ? btf__name_by_offset(btf, type->name_off) : NULL;
		struct name name, *slot;

		if (!text)
			continue;
		name = essential(text);
		slot = find(slots, name);
		if (!slot->text && ++names > NAME_SLOTS / 2)
			return -E2BIG;
		*slot = name;
	}
	return 0;
}

static void want(struct types *types, uint32_t id)
{
	if (!id || id >= types->count || types->wanted[id])
		return;
	types->wanted[id] = 1;
	types->stack[types->depth++] = id;
	if (id > types->last)
		types->last = id;
}

static void want_parts(struct types *types, const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t member = 0; member < btf_vlen(type); member++)
			want(types, btf_members(type)[member].type);
		break;
	case BTF_KIND_ARRAY:
		want(types, btf_array(type)->type);
		want(types, btf_array(type)->index_type);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		want(types, type->type);
		break;
	}
}

static void choose(struct types *types, struct name *slots)
{
	for (uint32_t id = 1; id < types->count; id++) {
		const struct btf_type *type = type_at(types, id);

		if (is_named(type) && type->name_off < types->names_size &&
		    find(slots, essential(types->names + type->name_off))->text)
			want(types, id);
	}
	while (types->depth)
		want_parts(types, type_at(types, types->stack[--types->depth]));
}

/* Writes over the types in place: none becomes longer. Returns the bytes of them. */
static size_t reduce(struct types *types)
{
	static const struct btf_type left_out = { .info = BTF_KIND_CONST << 24 };
	char *start = types->count > 1 ? (char *)type_at(types, 1) : types->bytes, *end = start;

	for (uint32_t id = 1; id <= types->last; id++) {
		const struct btf_type *type = type_at(types, id);
		size_t size = sizeof(*type) + tail_size(type);

		/* Functions are no part of any access: there are pointers to them only. */
		if (types->wanted[id] && btf_kind(type) != BTF_KIND_FUNC_PROTO)
			memmove(end, type, size);
		else
			memcpy(end, &left_out, size = sizeof(left_out));
		if (btf_kind((struct btf_type *)end) == BTF_KIND_PTR)
			((struct btf_type *)end)->type = 0;
		end += size;
	}
	return end - start;
}

static int write_all(int fd, const void *bytes, size_t size)
{
	while (size) {
		ssize_t part = write(fd, bytes, size);

		if (part < 0)
			return -errno;
		bytes = (const char *)bytes + part;
		size -= part;
	}
	return 0;
}

static int types_write(struct types *types, int fd)
{
	struct btf_header header = *(const struct btf_header *)types->bytes;
	const char *first = types->bytes + header.hdr_len + header.type_off;
	int result;

	header.hdr_len = sizeof(header);
	header.type_off = 0;
	header.type_len = reduce(types);
	header.str_off = header.type_len;
	result = write_all(fd, &header, sizeof(header));
	if (!result)
		result = write_all(fd, first, header.type_len);
	if (!result)
		result = write_all(fd, types->names, types->names_size);
	return result;
}

int secd_write_reduced_types(const struct bpf_object *object, int fd)
{
	struct types types = { 0 };
	struct name *slots = calloc(NAME_SLOTS, sizeof(*slots));
	int result = slots ? names_of(object, slots) : -ENOMEM;

	if (result >= 0)
		result = types_read(&types);
	if (result >= 0)
		result = types_index(&types, result);
	if (result >= 0) {
		choose(&types, slots);
		result = types_write(&types, fd);
	}
	types_free(&types);
	free(slots);
	return result;
}

int secd_reduced_types_file(void)
{
	return memfd_create("secd-types", MFD_CLOEXEC);
}

#include "CBPFShims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bpf_link *secd_attach_functions(const struct bpf_program *program, const char *text, const uint32_t *starts,
				       const uint64_t *cookies, size_t count, bool returns)
{
	struct bpf_kprobe_multi_opts options;
	struct bpf_link *link;
	const char **names = calloc(count, sizeof(*names));

	if (!names)
		return NULL;
	for (size_t n = 0; n < count; n++)
		names[n] = text + starts[n];
	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.syms = names;
	options.cookies = (const __u64 *)cookies;
	options.cnt = count;
	options.retprobe = returns;
	link = bpf_program__attach_kprobe_multi_opts(program, NULL, &options);
	free(names);
	return link;
}

int secd_probe_multi(void)
{
	int program = secd_probe_program(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);
	int link, error;

	if (program < 0)
		return program;
	/* Without a function: a kernel that has them says that this is wrong, another that it has none. */
	link = bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, NULL);
	error = errno;
	if (link >= 0)
		close(link);
	close(program);
	return link >= 0 || error == EINVAL ? 0 : -error;
}

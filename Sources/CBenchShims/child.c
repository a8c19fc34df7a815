/* SPDX-License-Identifier: Apache-2.0 */
/* A program that does not outlive the benchmark that started it. */
#include "CBenchShims.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int secd_bench_start(const char *path, char *const *arguments, char *const *variables)
{
	pid_t self = getpid(), child = fork();

	if (child)
		return child < 0 ? -errno : child;
	/* Not the handler of a signal, which SIGKILL has not. Who died before this is not its parent any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != self)
		_exit(127);
	execve(path, arguments, variables);
	_exit(127);
}

int secd_bench_ended(int pid, int wait)
{
	siginfo_t info = {};
	int result;

	do
		result = waitid(P_PID, pid, &info, WEXITED | (wait ? 0 : WNOHANG));
	while (result && errno == EINTR);
	return result || info.si_pid == pid;
}

/*
 * xstate.c: for user-mode Linux on a processor with AMX; preloaded by tests/lab/run.
 *
 * UML 6.1 (Debian 12's) keeps 2696 octets of a process's extended state, all that there was up to
 * PKRU.  With AMX the host's regset has about 11000, and PTRACE_SETREGSET takes it whole or not at all:
 * UML panics at its first process.  Here the regset is the whole one to the host, and to UML as
 * much of it as UML has room for.  What is left out is AMX's own, which no process in a guest
 * can have in use: it would have to ask for it with arch_prctl(), which UML does not know.
 */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long (*ptrace_fn)(int request, pid_t pid, void *addr, void *data);

/* Not on the stack: UML's kernel stacks are small, and it has one processor. */
static uint64_t whole[65536 / 8];

/* UML asks for a process's state before it sets one; what it has no room for is the same of each. */
static struct iovec all = {whole, sizeof(whole)};

static long
get(ptrace_fn real, pid_t pid, struct iovec *part)
{
	long rc = real(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all);

	if (part->iov_len > all.iov_len)
		part->iov_len = all.iov_len;
	memcpy(part->iov_base, whole, part->iov_len);
	return rc;
}

static long
set(ptrace_fn real, pid_t pid, const struct iovec *part)
{
	memcpy(whole, part->iov_base, part->iov_len < all.iov_len ? part->iov_len : all.iov_len);
	return real(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &all);
}

long
ptrace(enum __ptrace_request request, ...)
{
	static ptrace_fn real;
	va_list args;
	pid_t pid;
	void *addr, *data;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "ptrace");
	if (request == PTRACE_GETREGSET && addr == (void *)NT_X86_XSTATE)
		return get(real, pid, data);
	if (request == PTRACE_SETREGSET && addr == (void *)NT_X86_XSTATE)
		return set(real, pid, data);
	return real((int)request, pid, addr, data);
}

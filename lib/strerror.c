// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What an error means here, and what to do about it. */

#include "internal.h"

#include <string.h>

static const char *describe(int error)
{
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 32)
	const char *text = strerrordesc_np(error);

	if (text)
		return text;
#endif
#endif
	(void)error;
	return "unknown error";
}

const char *proxyipc_strerror(int error)
{
	if (error > 0)
		error = -error;

	switch (error) {
	case 0:
		return "success";
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return "module not loaded: modprobe proxyipc";
	case -EINVAL:
		return "malformed argument: a size, flag, reserved field or value";
	case -E2BIG:
		return "not known to this module: load a newer one";
	case -ENOTTY:
		return "not for this kind of object: wrong file descriptor, or module too old";
	case -EFAULT:
		return "the argument, or a buffer that it names, cannot be accessed";
	case -EBADF:
		return "file descriptor not open";
	case -ENOMEM:
		return "out of memory, nothing was changed";
	case -EMFILE:
		return "no file descriptor left: close some or raise RLIMIT_NOFILE";
	case -ENFILE:
		return "no open file left in the system: raise fs.file-max";
	case -EACCES:
		return "the entry lacks this right; on open: no permission for /dev/proxyipc";
	case -EPERM:
		return "no authority: let the target enrol itself, or ask for less (lease, kill)";
	case -EOPNOTSUPP:
		return "can never be held: kernel thread, I/O worker, init of a pid namespace";
	case -ENOTCONN:
		return "no receiver: fill the slot by proxyipc_process_set_receiver()";
	case -EPIPE:
		return "the receiver closed before it received the message";
	case -EOWNERDEAD:
		return "the receiver took the message and died, closed or let the lease run out";
	case -ECANCELED:
		return "the receiver gave the call up without an answer";
	case -ESRCH:
		return "the other side is gone: the target exited, or nobody waits for this reply";
	case -ESTALE:
		return "cap or token already used, or the target changed its identity";
	case -EAGAIN:
		return "would have to wait";
	case -ETIMEDOUT:
		return "the deadline passed";
	case -EINTR:
		return "interrupted by a signal handler: call again";
	case -EMSGSIZE:
		return "more data than allowed or than the receiving buffer has room for";
	case -ENOBUFS:
		return "the endpoint has too many unanswered calls";
	case -EDQUOT:
		return "this user holds as many targets as the module allows";
	case -EDEADLK:
		return "would never end: the target's receiver is the target, or waits for it";
	case -EBUSY:
		return "this file descriptor already holds its target: resume it first";
	case -EXDEV:
		return "/proc is not mounted, or is that of another pid namespace";
	case -ENODATA:
		return "nothing there: no file descriptor, or no registers of that kind";
	case -EPROTO:
		return "the other end sent more than one file descriptor";
	default:
		/* INT_MIN has no positive counterpart; it is no error number either. */
		return describe(error < -4095 ? -1 : -error);
	}
}

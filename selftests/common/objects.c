// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "objects.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

int command(int fd, unsigned int cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool all_bytes(const void *p, unsigned char byte, size_t len)
{
	const unsigned char *bytes = p;

	while (len--)
		if (*bytes++ != byte)
			return false;
	return true;
}

void *unmapped_page(void)
{
	size_t len = 2 * sysconf(_SC_PAGESIZE);
	void *p;

	p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/*
 * Device and endpoints
 */

int device_open(void)
{
	int fd = open("/dev/proxyipc", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* On a device that is open for this command only. */
static int device_command(unsigned int cmd, void *arg)
{
	int device;
	int ret;

	device = device_open();
	if (device < 0)
		return device;
	ret = command(device, cmd, arg);
	close(device);
	return ret;
}

int endpoint_new(void)
{
	return endpoint_new_limit(0);
}

int endpoint_new_limit(__u32 queue_limit)
{
	struct proxyipc_endpoint_create create = {
		.size = sizeof(create),
		.queue_limit = queue_limit,
		.out_fd = POISON32,
	};
	int ret;

	ret = device_command(PROXYIPC_IOC_ENDPOINT_CREATE, &create);
	return ret ?: create.out_fd;
}

int entry_new(int endpoint, __u64 payload, __u32 rights, __u64 notice_mask)
{
	struct proxyipc_endpoint_mint mint = {
		.size = sizeof(mint),
		.payload = payload,
		.notice_mask = notice_mask,
		.rights = rights,
		.out_fd = POISON32,
	};
	int ret;

	ret = command(endpoint, PROXYIPC_IOC_ENDPOINT_MINT, &mint);
	return ret ?: mint.out_fd;
}

void poison_received(struct proxyipc_received *received)
{
	__u64 data = received->data;
	__u32 data_size = received->data_size;

	memset(received, POISON, sizeof(*received));
	received->data = data;
	received->data_size = data_size;
	received->__reserved = 0;
}

void poison_recv(struct proxyipc_endpoint_recv *recv)
{
	if (!recv->size)
		recv->size = sizeof(*recv);
	poison_received(&recv->received);
}

int endpoint_recv(int endpoint, struct proxyipc_endpoint_recv *recv)
{
	poison_recv(recv);
	recv->flags = 0;
	recv->deadline = deadline_ms(PATIENCE_MS);
	return command(endpoint, PROXYIPC_IOC_ENDPOINT_RECV, recv);
}

int endpoint_recv_now(int endpoint, struct proxyipc_endpoint_recv *recv)
{
	poison_recv(recv);
	recv->flags = PROXYIPC_NONBLOCK;
	recv->deadline = 0;
	return command(endpoint, PROXYIPC_IOC_ENDPOINT_RECV, recv);
}

int endpoint_recv_readonly(int endpoint)
{
	static const struct proxyipc_endpoint_recv recv = {
		.size = sizeof(recv),
		.flags = PROXYIPC_NONBLOCK,
	};
	size_t len = sysconf(_SC_PAGESIZE);
	void *page;
	int ret;

	page = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	memcpy(page, &recv, sizeof(recv));
	if (mprotect(page, len, PROT_READ))
		return -errno;
	ret = command(endpoint, PROXYIPC_IOC_ENDPOINT_RECV, page);
	munmap(page, len);
	return ret;
}

int endpoint_reply(int endpoint, __u64 cap, __u64 word)
{
	struct proxyipc_endpoint_reply reply = {
		.size = sizeof(reply),
		.cap = cap,
		.message.words[0] = word,
	};

	return command(endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, &reply);
}

static int resume(int endpoint, __u64 cap, __u32 flags, __u64 word)
{
	struct proxyipc_endpoint_resume resume = {
		.size = sizeof(resume),
		.flags = flags,
		.cap = cap,
		.message.words[0] = word,
	};

	return command(endpoint, PROXYIPC_IOC_ENDPOINT_RESUME, &resume);
}

int endpoint_resume(int endpoint, __u64 cap)
{
	return resume(endpoint, cap, 0, 0);
}

int endpoint_resume_flags(int endpoint, __u64 cap, __u32 flags)
{
	return resume(endpoint, cap, flags, 0);
}

int endpoint_resume_reply(int endpoint, __u64 cap, __u64 word)
{
	return resume(endpoint, cap, PROXYIPC_RESUME_REPLY, word);
}

int endpoint_fetch(int endpoint, __u64 cap)
{
	struct proxyipc_endpoint_fetch fetch = {
		.size = sizeof(fetch),
		.cap = cap,
		.out_fd = POISON32,
	};
	int ret;

	ret = command(endpoint, PROXYIPC_IOC_ENDPOINT_FETCH, &fetch);
	return ret ?: fetch.out_fd;
}

int endpoint_drop(int endpoint, __u64 cap)
{
	struct proxyipc_endpoint_drop drop = {
		.size = sizeof(drop),
		.cap = cap,
	};

	return command(endpoint, PROXYIPC_IOC_ENDPOINT_DROP, &drop);
}

int poll_events(int fd)
{
	struct pollfd poller = { .fd = fd, .events = 0x7fff & ~POLLNVAL };

	if (poll(&poller, 1, 0) < 0)
		return -errno;
	return poller.revents;
}

bool readable(int fd)
{
	int events = poll_events(fd);

	return events >= 0 && events & POLLIN;
}

/*
 * Entries
 */

static int send_flags(int entry, __u64 word, __u32 flags)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.flags = flags,
		.deadline = flags ? 0 : deadline_ms(PATIENCE_MS),
		.message.words[0] = word,
	};

	return command(entry, PROXYIPC_IOC_ENTRY_SEND, &send);
}

int entry_send(int entry, __u64 word)
{
	return send_flags(entry, word, 0);
}

int entry_send_now(int entry, __u64 word)
{
	return send_flags(entry, word, PROXYIPC_NONBLOCK);
}

int entry_notify(int entry, __u64 notices)
{
	struct proxyipc_entry_notify notify = {
		.size = sizeof(notify),
		.notices = notices,
		.out_posted = POISON64,
		.out_state = POISON32,
	};
	int ret;

	ret = command(entry, PROXYIPC_IOC_ENTRY_NOTIFY, &notify);
	return ret ?: (int)notify.out_state;
}

int entry_call_until(int entry, __u64 word, __u64 deadline)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.deadline = deadline,
		.message.words[0] = word,
	};

	return command(entry, PROXYIPC_IOC_ENTRY_CALL, &call);
}

/*
 * Processes
 */

static int process_open_flags(pid_t tgid, pid_t tid, __u64 lease, __u32 flags)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.flags = flags,
		.tgid = tgid,
		.tid = tid,
		.lease = lease,
		.out_fd = POISON32,
	};
	int ret;

	ret = device_command(PROXYIPC_IOC_PROCESS_OPEN, &open);
	return ret ?: open.out_fd;
}

int process_open(pid_t tgid, pid_t tid, __u64 lease)
{
	return process_open_flags(tgid, tid, lease, 0);
}

int process_open_group(pid_t tgid, __u64 lease)
{
	return process_open_flags(tgid, 0, lease, PROXYIPC_OPEN_GROUP);
}

int process_open_deferring(pid_t tgid, __u64 lease, __u64 defer_max)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.tgid = tgid,
		.lease = lease,
		.defer_max = defer_max,
		.out_fd = POISON32,
	};
	int ret;

	ret = device_command(PROXYIPC_IOC_PROCESS_OPEN, &open);
	return ret ?: open.out_fd;
}

int process_mint(int process, __u64 payload, __u32 rights, __u64 notice_mask)
{
	struct proxyipc_process_mint mint = {
		.size = sizeof(mint),
		.payload = payload,
		.notice_mask = notice_mask,
		.rights = rights,
		.out_fd = POISON32,
	};
	int ret;

	ret = command(process, PROXYIPC_IOC_PROCESS_MINT, &mint);
	return ret ?: mint.out_fd;
}

int process_set_receiver(int process, int entry)
{
	struct proxyipc_process_set_receiver set = {
		.size = sizeof(set),
		.entry_fd = entry,
	};

	return command(process, PROXYIPC_IOC_PROCESS_SET_RECEIVER, &set);
}

int process_set_policy(int process, int guardian, __u32 receiver_death,
		       __u32 lease_end)
{
	struct proxyipc_process_set_policy set = {
		.size = sizeof(set),
		.guardian_fd = guardian,
		.receiver_death = receiver_death,
		.lease_end = lease_end,
	};

	return command(process, PROXYIPC_IOC_PROCESS_SET_POLICY, &set);
}

int process_hold_for(int process, __u64 lease, __u64 *token)
{
	struct proxyipc_process_hold hold = {
		.size = sizeof(hold),
		.lease = lease,
		.out_token = POISON64,
		.out_state = POISON32,
	};
	int ret;

	ret = command(process, PROXYIPC_IOC_PROCESS_HOLD, &hold);
	if (!ret)
		*token = hold.out_token;
	return ret ?: (int)hold.out_state;
}

int process_hold(int process, __u64 *token)
{
	return process_hold_for(process, 0, token);
}

int process_resume(int process, __u64 token)
{
	struct proxyipc_process_resume resume = {
		.size = sizeof(resume),
		.token = token,
	};

	return command(process, PROXYIPC_IOC_PROCESS_RESUME, &resume);
}

int process_reply(int process, __u64 token, __u64 word)
{
	struct proxyipc_process_reply reply = {
		.size = sizeof(reply),
		.token = token,
		.message.words[0] = word,
	};

	return command(process, PROXYIPC_IOC_PROCESS_REPLY, &reply);
}

int process_set_faults(int process, __u64 signals)
{
	struct proxyipc_process_set_faults set = {
		.size = sizeof(set),
		.signals = signals,
	};

	return command(process, PROXYIPC_IOC_PROCESS_SET_FAULTS, &set);
}

int process_fetch_reply(int process, __u64 token)
{
	struct proxyipc_process_fetch_reply fetch = {
		.size = sizeof(fetch),
		.token = token,
		.out_fd = POISON32,
	};
	int ret;

	ret = command(process, PROXYIPC_IOC_PROCESS_FETCH_REPLY, &fetch);
	return ret ?: fetch.out_fd;
}

int process_info(int process, struct proxyipc_process_info *info)
{
	memset(info, POISON, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = 0;
	info->tid = 0;
	info->__reserved = 0;
	return command(process, PROXYIPC_IOC_PROCESS_INFO, info);
}

int process_set_watchdog(int process, __u64 timeout, __u64 pretimeout)
{
	struct proxyipc_process_set_watchdog set = {
		.size = sizeof(set),
		.timeout = timeout,
		.pretimeout = pretimeout,
		.out_interval = POISON64,
	};

	return command(process, PROXYIPC_IOC_PROCESS_SET_WATCHDOG, &set);
}

int process_keepalive(int process)
{
	struct proxyipc_process_keepalive keepalive = {
		.size = sizeof(keepalive),
	};

	return command(process, PROXYIPC_IOC_PROCESS_KEEPALIVE, &keepalive);
}

int process_get_regs(int process, __u64 token, struct proxyipc_process_get_regs *get)
{
	get->size = sizeof(*get);
	get->token = token;
	get->out_data_len = POISON32;
	get->out_machine = POISON32;
	get->out_state = POISON32;
	get->tid = 0;
	return command(process, PROXYIPC_IOC_PROCESS_GET_REGS, get);
}

int process_state(int process)
{
	struct proxyipc_process_info info;
	int ret = process_info(process, &info);

	return ret ?: (int)info.out_state;
}

int process_episode(int process)
{
	struct proxyipc_process_info info;
	int ret = process_info(process, &info);

	return ret ?: (int)info.out_episode;
}

int process_waiting(int process)
{
	struct proxyipc_process_info info;
	int ret = process_info(process, &info);

	return ret ?: (int)info.out_waiting;
}

int process_holds(int process)
{
	struct proxyipc_process_info info;
	int ret = process_info(process, &info);

	return ret ?: (int)info.out_holds;
}

__u64 process_expiries(int process)
{
	struct proxyipc_process_info info;
	int ret = process_info(process, &info);

	return ret ? ~0ULL : info.out_watchdog_expiries;
}

bool wait_for_state(int process, enum proxyipc_state state)
{
	return eventually(process_state(process) == (int)state);
}

bool wait_for_episode(int process, enum proxyipc_episode episode)
{
	return eventually(process_episode(process) == (int)episode);
}

int reply_send(int reply, __u64 word)
{
	struct proxyipc_reply_send send = {
		.size = sizeof(send),
		.message.words[0] = word,
	};

	return command(reply, PROXYIPC_IOC_REPLY_SEND, &send);
}

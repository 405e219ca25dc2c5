// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The device: where endpoints and process objects come from. */

#include "internal.h"

#include <fcntl.h>

int proxyipc_open(void)
{
	int saved_errno = errno;
	int ret;

	ret = open("/dev/proxyipc", O_RDWR | O_CLOEXEC);
	if (ret < 0)
		ret = -errno;
	errno = saved_errno;
	return ret;
}

int proxyipc_device_info_params(int device, struct proxyipc_device_info *params)
{
	return proxyipc_command(device, PROXYIPC_IOC_DEVICE_INFO, params, sizeof(*params));
}

int proxyipc_device_info(int device, struct proxyipc_device_info *info)
{
	*info = (struct proxyipc_device_info){ 0 };
	return proxyipc_device_info_params(device, info);
}

int proxyipc_endpoint_create_params(int device, struct proxyipc_endpoint_create *params)
{
	return proxyipc_command(device, PROXYIPC_IOC_ENDPOINT_CREATE, params, sizeof(*params));
}

int proxyipc_endpoint_create(int device, unsigned int queue_limit)
{
	struct proxyipc_endpoint_create params = { .queue_limit = queue_limit };
	int ret = proxyipc_endpoint_create_params(device, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_process_open_params(int device, struct proxyipc_process_open *params)
{
	return proxyipc_command(device, PROXYIPC_IOC_PROCESS_OPEN, params, sizeof(*params));
}

int proxyipc_process_open(int device, pid_t tgid, pid_t tid)
{
	struct proxyipc_process_open params = { .tgid = tgid, .tid = tid };
	int ret = proxyipc_process_open_params(device, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_process_open_group(int device, pid_t tgid)
{
	struct proxyipc_process_open params = { .flags = PROXYIPC_OPEN_GROUP, .tgid = tgid };
	int ret = proxyipc_process_open_params(device, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_process_open_self(int device)
{
	return proxyipc_process_open(device, 0, 0);
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STRESS_RECEIVER_H
#define STRESS_RECEIVER_H

#include <linux/types.h>

/* Answers call @serial through a reply object, which stays open. */
void answer_by_object(int reply, __u64 serial);

#endif /* STRESS_RECEIVER_H */

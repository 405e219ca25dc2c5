/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_KUNIT_FIXTURE_H
#define _PROXYIPC_KUNIT_FIXTURE_H

/* A target that two process objects were opened on. */

#include <kunit/test.h>

#include "../hold.h"
#include "../identity.h"
#include "../main.h"
#include "../thread.h"
#include "target.h"

struct fixture {
	struct task_struct *task;
	struct proxyipc_identity identity;
	struct proxyipc_identity other;
	struct proxyipc_thread *thread;
	struct pid *pid;
};

/* The tests tell by hand whom they want told; nobody else needs to know. */
static inline void reconcile(struct work_struct *work)
{
	proxyipc_target_put_reconciled(work);
}

static inline int fixture_init(struct kunit *test)
{
	struct fixture *f;
	int ret;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->task = target_new();
	if (IS_ERR(f->task))
		return PTR_ERR(f->task);
	ret = proxyipc_identity_init(&f->identity, f->task, false, reconcile) ?:
	      proxyipc_identity_init(&f->other, f->task, false, reconcile);
	f->thread = proxyipc_target_thread(f->identity.target);
	f->pid = task_pid(current);
	test->priv = f;
	return ret;
}

static inline void end_target(struct fixture *f)
{
	if (f->task)
		target_end(f->task);
	f->task = NULL;
	flush_workqueue(proxyipc_workqueue);
}

static inline void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	end_target(f);
	proxyipc_identity_deinit(&f->other);
	proxyipc_identity_deinit(&f->identity);
}

static inline u32 state_of(struct fixture *f)
{
	struct proxyipc_look look;

	proxyipc_identity_look(&f->identity, &look);
	return look.state;
}

static inline unsigned int holds_of(struct fixture *f)
{
	struct proxyipc_look look;

	proxyipc_identity_look(&f->identity, &look);
	return look.holds;
}

#endif /* _PROXYIPC_KUNIT_FIXTURE_H */

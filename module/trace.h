/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM proxyipc

#if !defined(_PROXYIPC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _PROXYIPC_TRACE_H

/**
 * DOC: Tracepoints
 *
 * proxyipc:* under tracefs. The id is that of the invocation and the same from
 * invoke to its end; of a proxied one it is also the token of the episode. An
 * episode begun by notices, and a hold by hand, have an id of their own.
 *
 * invoke -> [hold -> confirm] -> deliver -> reply, resume; or abort, with the
 * error that ended it. Confirm tells by a negative result that the hold failed.
 * A proxied call that is resumed unanswered shows resume and then abort; one that
 * its sender takes back, abort and then resume with that error.
 *
 * The watchdog has no id when it expires; the episode gets one with its invoke.
 */

#include <linux/proxyipc.h>
#include <linux/tracepoint.h>

TRACE_EVENT(proxyipc_invoke,
	TP_PROTO(u64 id, u32 kind, bool proxied),
	TP_ARGS(id, kind, proxied),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, kind)
		__field(bool, proxied)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->kind = kind;
		__entry->proxied = proxied;
	),
	TP_printk("id=%llu kind=%s proxied=%d", __entry->id,
		  __print_symbolic(__entry->kind, { 1, "call" }, { 2, "send" },
				   { 3, "notice" }, { 4, "event" },
				   { 5, "watchdog" },
				   { 6, "fault" }),
		  __entry->proxied)
);

TRACE_EVENT(proxyipc_hold,
	TP_PROTO(u64 id, pid_t tid),
	TP_ARGS(id, tid),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(pid_t, tid)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->tid = tid;
	),
	TP_printk("id=%llu tid=%d", __entry->id, __entry->tid)
);

DECLARE_EVENT_CLASS(proxyipc_result,
	TP_PROTO(u64 id, int result),
	TP_ARGS(id, result),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->result = result;
	),
	TP_printk("id=%llu result=%d", __entry->id, __entry->result)
);

DEFINE_EVENT(proxyipc_result, proxyipc_confirm,
	TP_PROTO(u64 id, int result), TP_ARGS(id, result));
DEFINE_EVENT(proxyipc_result, proxyipc_deliver,
	TP_PROTO(u64 id, int result), TP_ARGS(id, result));
DEFINE_EVENT(proxyipc_result, proxyipc_reply,
	TP_PROTO(u64 id, int result), TP_ARGS(id, result));
DEFINE_EVENT(proxyipc_result, proxyipc_resume,
	TP_PROTO(u64 id, int result), TP_ARGS(id, result));
DEFINE_EVENT(proxyipc_result, proxyipc_abort,
	TP_PROTO(u64 id, int result), TP_ARGS(id, result));

/* From the interrupt that found it out: the episode comes later, if it comes. */
TRACE_EVENT(proxyipc_watchdog,
	TP_PROTO(pid_t tid, const u64 *words),
	TP_ARGS(tid, words),
	TP_STRUCT__entry(
		__field(pid_t, tid)
		__field(u32, stage)
		__field(u32, cause)
		__field(u64, since)
		__field(u64, cpu)
		__field(u64, delay)
	),
	TP_fast_assign(
		__entry->tid = tid;
		__entry->stage = words[PROXYIPC_WATCHDOG_WORD_STAGE];
		__entry->cause = words[PROXYIPC_WATCHDOG_WORD_CAUSE];
		__entry->since = words[PROXYIPC_WATCHDOG_WORD_SINCE];
		__entry->cpu = words[PROXYIPC_WATCHDOG_WORD_CPU];
		__entry->delay = words[PROXYIPC_WATCHDOG_WORD_DELAY];
	),
	TP_printk("tid=%d stage=%s cause=%s since=%llu cpu=%llu delay=%llu",
		  __entry->tid,
		  __print_symbolic(__entry->stage, { 1, "pretimeout" },
				   { 2, "timeout" }),
		  __print_symbolic(__entry->cause, { 1, "spinning" },
				   { 2, "starved" }, { 3, "blocked" }),
		  __entry->since, __entry->cpu, __entry->delay)
);

#endif /* _PROXYIPC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Litmus tests of the memory order that confirmed holds rest on, for x86.

x86-TSO as an operational model: each CPU has a first-in-first-out buffer of its
stores. A load takes the newest store to that variable in its own buffer, else what
is in memory. A locked instruction, a fence and an interrupt need the buffer empty.
All executions of a test are explored; its outcome is one that must be impossible,
or one that must be possible, which shows that something in the code is needed.

T1 to T4, C1 to C6 and S1 to S4 are those of Documentation/locking.rst.

Usage: tso.py [-v] [NAME...]   tests whose names contain one of NAME; -v lists them
"""

import sys
from collections import namedtuple

# --- the language -----------------------------------------------------------------


def store(var, value):
    """WRITE_ONCE(); also smp_store_release(), which x86 doesn't tell from it."""
    return ("store", var, value)


def load(var, reg):
    return ("load", var, reg)


def mb():
    return ("mb",)


def locked(var, value):
    """A locked instruction that stores: xchg, test_and_set_bit, cmpxchg, atomics."""
    return ("locked", var, value)


def lock(var):
    """raw_spin_lock(): the locked instruction that takes it. unlock() is a store."""
    return ("lock", var)


def unlock(var):
    return store(var, 0)


def label(name):
    return ("label", name)


def goto_if(reg, value, name):
    return ("goto_if", reg, value, name)


def goto_unless(reg, value, name):
    return ("goto_unless", reg, value, name)


def goto_same(reg, other, name):
    return ("goto_same", reg, other, name)


def goto(name):
    return ("goto", name)


def ipi(reg):
    """smp_call_function_single(reg, ..., wait): queued by a locked instruction."""
    return [("ipi_send", reg), ("ipi_wait",)]


def user():
    """The target is in user mode: until an interrupt leads to label t1, or it leaves."""
    return ("user",)


Program = namedtuple("Program", "ops labels cpu")


def program(*ops, cpu=None):
    """Lists in ops are flattened; cpu: where it runs, if it gets interrupts."""
    flat, labels, code = list(ops), {}, []
    while flat:
        op = flat.pop(0)
        if isinstance(op, list):
            flat = op + flat
        elif op[0] == "label":
            labels[op[1]] = len(code)
        else:
            code.append(op)
    labels["end"] = len(code)
    return Program(tuple(code), labels, cpu)


# --- the machine --------------------------------------------------------------------

# pcs, buffers, registers: a tuple each, one element per program. Memory and registers
# are sorted tuples of pairs. pending: (sender, cpu) of interrupts on their way.
State = namedtuple("State", "pcs buffers memory registers pending")


def put(pairs, key, value):
    return tuple(sorted({**dict(pairs), key: value}.items()))


def replace(elements, i, value):
    return elements[:i] + (value,) + elements[i + 1:]


def is_open(prog, pc):
    """Does it take interrupts here? In user mode, and when it idles at its end."""
    return pc == len(prog.ops) or prog.ops[pc][0] == "user"


def drain(state, i):
    """The oldest store of program i reaches memory."""
    (var, value), rest = state.buffers[i][0], state.buffers[i][1:]
    return state._replace(buffers=replace(state.buffers, i, rest),
                          memory=put(state.memory, var, value))


def interrupt(state, progs, i, request):
    """Program i handles it, and in user mode comes to T1 on its way out."""
    prog = progs[i]
    pc = state.pcs[i] if state.pcs[i] == len(prog.ops) else prog.labels["t1"]
    return state._replace(pcs=replace(state.pcs, i, pc),
                          pending=state.pending - {request})


def step(state, progs, i):
    """The next operation of program i, or None if it has to wait."""
    prog, pc, buffer = progs[i], state.pcs[i], state.buffers[i]
    op, regs = prog.ops[pc], dict(state.registers[i])
    kind, pc = op[0], pc + 1
    memory, pending = dict(state.memory), state.pending

    if kind in ("mb", "locked", "lock", "ipi_send") and buffer:
        return None
    if kind == "store":
        buffer += ((op[1], op[2]),)
    elif kind == "load":
        own = [value for var, value in buffer if var == op[1]]
        regs[op[2]] = own[-1] if own else memory[op[1]]
    elif kind == "locked":
        memory[op[1]] = op[2]
    elif kind == "lock":
        if memory[op[1]]:
            return None
        memory[op[1]] = 1
    elif kind == "goto":
        pc = prog.labels[op[1]]
    elif kind == "goto_if":
        pc = prog.labels[op[3]] if regs[op[1]] == op[2] else pc
    elif kind == "goto_unless":
        pc = prog.labels[op[3]] if regs[op[1]] != op[2] else pc
    elif kind == "goto_same":
        pc = prog.labels[op[3]] if regs[op[1]] == regs[op[2]] else pc
    elif kind == "ipi_send":
        pending |= {(i, regs[op[1]])}
    elif kind == "ipi_wait" and any(sender == i for sender, _ in pending):
        return None
    return State(replace(state.pcs, i, pc), replace(state.buffers, i, buffer),
                 tuple(sorted(memory.items())),
                 replace(state.registers, i, tuple(sorted(regs.items()))), pending)


def successors(state, progs):
    for i, prog in enumerate(progs):
        if state.buffers[i]:
            yield drain(state, i)
        elif is_open(prog, state.pcs[i]):
            for request in state.pending:
                if request[1] == prog.cpu:
                    yield interrupt(state, progs, i, request)
        if state.pcs[i] < len(prog.ops):
            after = step(state, progs, i)
            if after:
                yield after


def explore(progs, memory, outcome):
    """All states; returns how many, and whether the outcome is among them."""
    n = len(progs)
    start = State((0,) * n, ((),) * n, tuple(sorted(memory.items())), ((),) * n,
                  frozenset())
    seen, todo, found = {start}, [start], False
    while todo:
        state = todo.pop()
        found = found or outcome(state, progs)
        for after in successors(state, progs):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return len(seen), found


# --- outcomes -------------------------------------------------------------------------


def at_end(state, progs, i):
    return state.pcs[i] == len(progs[i].ops)


def runs_confirmed(state, progs):
    """Program 0 has confirmed its hold, and the target is in user mode."""
    return at_end(state, progs, 0) and any(
        pc < len(prog.ops) and prog.ops[pc][0] == "user"
        for prog, pc in zip(progs, state.pcs))


def ends_with(**wanted):
    """All at their ends, buffers empty, and registers (p0_x=...) or memory as wanted."""
    def outcome(state, progs):
        if any(state.buffers) or not all(at_end(state, progs, i) for i in range(len(progs))):
            return False
        values = dict(state.memory)
        for i, registers in enumerate(state.registers):
            values.update({f"p{i}_{reg}": value for reg, value in registers})
        return all(values.get(key) == value for key, value in wanted.items())
    return outcome


# --- who holds: C2 to C5, hold_add() and hold_kick() ---------------------------------------

C2 = locked("tif", 1)

# C4: leave the target alone if it is neither on a run queue nor on a CPU.
SKIP = [load("on_rq", "q"), goto_unless("q", 0, "kick"),
        load("on_cpu", "c"), goto_if("c", 0, "end")]
SKIP_BY_ON_RQ = [load("on_rq", "q"), goto_if("q", 0, "end")]
SKIP_BY_ON_CPU = [load("on_cpu", "c"), goto_if("c", 0, "end")]

# C5: interrupt the CPU that it is on; once, or as hold_kick() does it.
ONCE = [label("kick"), load("task_cpu", "t"), ipi("t")]
LOOP = ONCE + [load("on_cpu", "c"), goto_if("c", 0, "end"),
               load("task_cpu", "u"), goto_same("u", "t", "end"), goto("kick")]


def holder(*kick, barrier=True):
    return program(C2, [mb()] if barrier else [], *kick)


# --- the target, and the CPUs that run it ----------------------------------------------------

A, B = 1, 2

ASLEEP = {"tif": 0, "on_rq": 0, "on_cpu": 0, "task_cpu": A, "lock_a": 0, "lock_b": 0,
          "has_b": 0}
RUNNING = {**ASLEEP, "on_rq": 1, "on_cpu": 1}

# T1; without work to do T4.
EXIT_LOOP = [label("t1"), load("tif", "f"), goto_if("f", 1, "end"), user()]

# __schedule() on B up to the choice of the next task, and behind it.
PICK = [lock("lock_b"), mb(), load("has_b", "has"), goto_unless("has", 1, "none")]
SWITCH = [store("on_cpu", 1), unlock("lock_b")]
NONE = [goto("end"), label("none"), unlock("lock_b")]

# activate_task(), with the lock of B's run queue.
ACTIVATE = [store("on_rq", 1), store("has_b", 1)]


def cpu_b(*ops):
    return program(*ops, cpu=B)


def switch_in(*before_user):
    """B picks the target from its run queue; then what is between on_cpu = 1 and T1."""
    return cpu_b(PICK, SWITCH, *before_user, EXIT_LOOP, NONE)


SAME_MM, OTHER_MM = [], [mb()]

# A wake-up, from elsewhere, from B itself, and by B's wake list.
WAKE = [store("task_cpu", B), lock("lock_b"), ACTIVATE, unlock("lock_b")]
WAKER = program(WAKE)
WAKE_LIST = [store("task_cpu", B), locked("wake_list", 1)]
FROM_WAKE_LIST = [load("wake_list", "w"), goto_if("w", 0, "end"),
                  lock("lock_b"), ACTIVATE, unlock("lock_b")]

# A runs the target, and is made to switch to another task.
CPU_A = program(goto("in_user"), label("t1"), load("tif", "f"), goto_if("f", 1, "end"),
                label("in_user"), user(),
                lock("lock_a"), mb(), store("on_cpu", 0), unlock("lock_a"), cpu=A)

# Or the target goes to sleep there.
CPU_A_BLOCKS = program(goto("in_user"), label("t1"), load("tif", "f"),
                       goto_if("f", 1, "end"), label("in_user"), user(),
                       lock("lock_a"), mb(), store("on_rq", 0), store("on_cpu", 0),
                       unlock("lock_a"), cpu=A)

# What moves it has the lock of A's run queue, and takes only what isn't running.
TAKE = [lock("lock_a"), load("on_cpu", "r"), goto_if("r", 1, "busy"),
        store("on_rq", 2), store("task_cpu", B)]
BUSY_A = [goto("end"), label("busy"), unlock("lock_a")]
BUSY_AB = [goto("end"), label("busy"), unlock("lock_a"), unlock("lock_b")]

# move_queued_task(), push_rt_task(), a load balancer on a third CPU: by hand-over.
MOVER = program(TAKE, unlock("lock_a"), lock("lock_b"), ACTIVATE, unlock("lock_b"), BUSY_A)

# Where B pulls it itself, the stores of S1 come after the barrier of __schedule().
# newidle_balance() takes B's lock again; so does sched_ext.
PULL_FAIR = cpu_b(lock("lock_b"), mb(), unlock("lock_b"), TAKE, unlock("lock_a"),
                  lock("lock_b"), ACTIVATE, SWITCH, EXIT_LOOP, BUSY_A)
# pull_rt_task(), pull_dl_task(): cpupri_set(), cpudl_set() execute a locked instruction.
PULL_RT = cpu_b(lock("lock_b"), mb(), TAKE, mb(), ACTIVATE, unlock("lock_a"),
                SWITCH, EXIT_LOOP, BUSY_AB)
# No kernel does that: no locked instruction between task_cpu and T1.
PULL_BARE = cpu_b(lock("lock_b"), mb(), TAKE, ACTIVATE, unlock("lock_a"),
                  SWITCH, EXIT_LOOP, BUSY_AB)
# The same, but for what x86 has had so far: switch_fpu_finish() sets a flag.
PULL_FPU = cpu_b(lock("lock_b"), mb(), TAKE, ACTIVATE, unlock("lock_a"),
                 SWITCH, locked("fpu", 1), EXIT_LOOP, BUSY_AB)

# --- the tests ----------------------------------------------------------------------------------

Test = namedtuple("Test", "name expected memory outcome progs")
FORBIDDEN, ALLOWED = "forbidden", "allowed"


def held(name, expected, memory, *progs):
    return Test(name, expected, memory, runs_confirmed, progs)


def pair(name, expected, wanted, *progs):
    names = {op[1] for prog in progs for op in prog.ops
             if op[0] in ("store", "load", "locked", "lock")}
    return Test(name, expected, dict.fromkeys(names, 0), ends_with(**wanted), progs)


def both_miss(name, expected, one, other):
    """Both store and load, and each misses what the other stored."""
    return pair(name, expected, {"p0_r": 0, "p1_r": 0}, program(*one), program(*other))


TESTS = [
    # Of the model itself.
    both_miss("model: stores wait in a buffer", ALLOWED,
              [store("x", 1), load("y", "r")], [store("y", 1), load("x", "r")]),
    both_miss("model: a fence drains it", FORBIDDEN,
              [store("x", 1), mb(), load("y", "r")], [store("y", 1), mb(), load("x", "r")]),
    pair("model: stores stay in order", FORBIDDEN, {"p1_a": 1, "p1_b": 0},
         program(store("x", 1), store("y", 1)), program(load("y", "a"), load("x", "b"))),

    # C4, when to leave the target alone.
    held("skip by on_cpu, switch within one mm", ALLOWED, {**ASLEEP, "has_b": 1, "on_rq": 1,
         "task_cpu": B}, holder(SKIP_BY_ON_CPU, ONCE), switch_in(SAME_MM)),
    held("skip by on_cpu, switch to another mm", FORBIDDEN, {**ASLEEP, "has_b": 1, "on_rq": 1,
         "task_cpu": B}, holder(SKIP_BY_ON_CPU, ONCE), switch_in(OTHER_MM)),
    held("skip by on_rq and on_cpu, switch in", FORBIDDEN, {**ASLEEP, "has_b": 1, "on_rq": 1,
         "task_cpu": B}, holder(SKIP, LOOP), switch_in(SAME_MM)),
    held("skip by on_rq and on_cpu, woken from elsewhere", FORBIDDEN, ASLEEP,
         holder(SKIP, LOOP), switch_in(SAME_MM), WAKER),
    held("skip by on_rq and on_cpu, woken from the same CPU", FORBIDDEN, ASLEEP,
         holder(SKIP, LOOP), cpu_b(WAKE, PICK, SWITCH, EXIT_LOOP, NONE)),
    held("skip by on_rq and on_cpu, woken by the wake list", FORBIDDEN,
         {**ASLEEP, "wake_list": 0}, holder(SKIP, LOOP),
         cpu_b(FROM_WAKE_LIST, PICK, SWITCH, EXIT_LOOP, NONE), program(WAKE_LIST)),
    held("skip by on_rq and on_cpu, going to sleep", FORBIDDEN, RUNNING,
         holder(SKIP, LOOP), CPU_A_BLOCKS),
    held("skip by on_rq alone, woken from elsewhere", FORBIDDEN, ASLEEP,
         holder(SKIP_BY_ON_RQ, LOOP), switch_in(SAME_MM), WAKER),
    held("skip by on_rq alone, going to sleep", FORBIDDEN, RUNNING,
         holder(SKIP_BY_ON_RQ, LOOP), CPU_A_BLOCKS),

    # C5, one interrupt or until task_cpu() stays.
    held("no interrupt at all", ALLOWED, RUNNING, holder(), CPU_A),
    held("one interrupt, not moving", FORBIDDEN, RUNNING, holder(SKIP, ONCE), CPU_A),
    held("one interrupt, moved by another CPU", FORBIDDEN, RUNNING,
         holder(SKIP, ONCE), CPU_A, switch_in(SAME_MM), MOVER),
    held("one interrupt, pulled by newidle_balance()", FORBIDDEN, RUNNING,
         holder(SKIP, ONCE), CPU_A, PULL_FAIR),
    held("one interrupt, pulled by pull_rt_task()", FORBIDDEN, RUNNING,
         holder(SKIP, ONCE), CPU_A, PULL_RT),
    held("one interrupt, pulled without a locked instruction", ALLOWED, RUNNING,
         holder(SKIP, ONCE), CPU_A, PULL_BARE),
    held("one interrupt, the same, flag of the FPU set", FORBIDDEN, RUNNING,
         holder(SKIP, ONCE), CPU_A, PULL_FPU),
    held("loop, not moving", FORBIDDEN, RUNNING, holder(SKIP, LOOP), CPU_A),
    held("loop, moved by another CPU", FORBIDDEN, RUNNING,
         holder(SKIP, LOOP), CPU_A, switch_in(SAME_MM), MOVER),
    held("loop, pulled by newidle_balance()", FORBIDDEN, RUNNING,
         holder(SKIP, LOOP), CPU_A, PULL_FAIR),
    held("loop, pulled by pull_rt_task()", FORBIDDEN, RUNNING,
         holder(SKIP, LOOP), CPU_A, PULL_RT),
    held("loop, pulled without a locked instruction", ALLOWED, RUNNING,
         holder(SKIP, LOOP), CPU_A, PULL_BARE),

    # The other pairs of barriers of locking.rst.
    pair("C2 against T2: works, flag | clear flag, works", FORBIDDEN,
         {"p1_works": 0, "tif": 0}, program(locked("works", 1), locked("tif", 1)),
         program(load("tif", "f"), goto_if("f", 0, "end"), locked("tif", 0),
                 load("works", "works"))),
    pair("T2 in the wrong order: works, clear flag", ALLOWED,
         {"p1_works": 0, "p1_f": 1, "tif": 0}, program(locked("works", 1), locked("tif", 1)),
         program(load("works", "works"), load("tif", "f"), goto_if("f", 0, "end"),
                 locked("tif", 0))),
    both_miss("identity_init(): record, smp_mb(), PF_EXITING", FORBIDDEN,
              [store("record", 1), mb(), load("exiting", "r")],
              [store("exiting", 1), locked("live", 1), load("record", "r")]),
    both_miss("identity_init() without smp_mb()", ALLOWED,
              [store("record", 1), load("exiting", "r")],
              [store("exiting", 1), locked("live", 1), load("record", "r")]),
    both_miss("callback: set_current_state(), fatal signal", FORBIDDEN,
              [locked("state", 1), load("sigkill", "r")],
              [store("sigkill", 1), lock("pi_lock"), load("state", "r")]),
    both_miss("callback with a plain store of its state", ALLOWED,
              [store("state", 1), load("sigkill", "r")],
              [store("sigkill", 1), lock("pi_lock"), load("state", "r")]),
]


def main(args):
    verbose = "-v" in args
    names = [arg for arg in args if not arg.startswith("-")]
    failed = states = count = 0
    for test in TESTS:
        if names and not any(name in test.name for name in names):
            continue
        n, found = explore(test.progs, {**test.memory, "fpu": 0}, test.outcome)
        verdict = ALLOWED if found else FORBIDDEN
        bad = verdict != test.expected
        failed += bad
        states += n
        count += 1
        if bad or verbose:
            says = f", but should be {test.expected}" if bad else ""
            print(f"{test.name}: {verdict}{says} ({n} states)")
    print(f"{count - failed} of {count} verdicts as expected, {states} states")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What in a kernel's log means that something went wrong in the kernel.

splat_patterns='------------\[ cut here \]
WARNING: 
BUG[: ]
KASAN: 
KCSAN: 
UBSAN: 
KFENCE: 
ODEBUG: 
Oops[: ]
Kernel panic
general protection fault
\[#[0-9]+\]
possible circular locking
possible recursive locking
inconsistent lock state
suspicious RCU usage
detected (expedited )?stalls
self-detected stall
blocked for more than
soft lockup
hard LOCKUP
scheduling while atomic
sleeping function called
refcount_t: 
list_(add|del) corruption
kmemleak: [0-9]+ new
DEBUG_LOCKS_WARN_ON
Call Trace'

# Lines that look alike and mean no harm: the processor's known weaknesses, and
# what the kernel says of a program (not of itself) that broke a rule.
harmless_patterns='(RETBleed|Spectre V2 *): WARNING
traps: .*(general protection fault|trap )
proxyipc-vm: '

# first_splat: print the first such line of stdin, without its time; nothing if
# there is none. "cut here" has no words of its own: prefer the line after it.
first_splat() {
	tr -d '\r' | grep -aEv -e "$harmless_patterns" | grep -aE -m 2 -e "$splat_patterns" |
		sed 's/^\[[^]]*\] *//' | awk 'NR == 1 || /^(WARNING|BUG)/ && first ~ /cut here/ { first = $0 } END { if (first) print first }'
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * main: who doesn't get on? Whatever a party does has an end that it says itself; a
 * target counts. Who is late is first put in front of everybody, so that the want of a
 * processor is no excuse, and if that doesn't help there is a deadlock, or a wake-up
 * was lost. Nor may a SIGKILL take long, whatever state it finds somebody in.
 */
#ifndef STRESS_WATCHDOG_H
#define STRESS_WATCHDOG_H

/* As often as possible. */
void watchdog_look(void);

/* What /proc says of everybody who may have to do with a violation. */
void watchdog_show(void);

#endif /* STRESS_WATCHDOG_H */

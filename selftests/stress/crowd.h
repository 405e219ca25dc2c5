/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that are born and end all the time, in chains: each has the next one born, and
 * ends. Nobody opens them; they are held with the whole group, if somebody holds that.
 */
#ifndef STRESS_CROWD_H
#define STRESS_CROWD_H

/* Starts the chains of this process, whose process object on all of it is @process. */
void crowd_begin(int process);

#endif /* STRESS_CROWD_H */

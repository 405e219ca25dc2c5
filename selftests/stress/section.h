/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a target thread does with its control page, if it maps it: keeps alive, or
 * doesn't; has sections in which it must not be held, short ones, long ones, some without
 * an end; gives the page back, and maps it again.
 */
#ifndef STRESS_SECTION_H
#define STRESS_SECTION_H

#include <stdbool.h>

/*
 * Of the calling thread, whose process object is @process; of a fresh one that has
 * only that of its group.
 */
void page_begin(int process);
void page_begin_of_thread(int group);

/* A watchdog for a thread or for the group, whose page is that of the main thread. */
void page_watch(int process);

/* A sign of life, if it gives any. To be called as often as possible. */
void page_tick(void);

/* It has nothing to do for a while, and has again. */
void page_idle(void);
void page_busy(void);

/*
 * A section begins and ends, or nothing happens. In one without an end the rest of this
 * program's life passes.
 */
void section_begin(void);
void section_end(void);
void section_for_ever(void);

#endif /* STRESS_SECTION_H */

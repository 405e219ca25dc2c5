/* SPDX-License-Identifier: GPL-2.0 */
/* main: the kills, and everybody from one processor to another. */
#ifndef STRESS_STORM_H
#define STRESS_STORM_H

#define KILLS_PER_SECOND	200

/* From now on; then as often as possible: kills as many as are due. */
void storm_begin(void);
void storm_blow(void);

#endif /* STRESS_STORM_H */

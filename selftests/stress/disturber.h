/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STRESS_DISTURBER_H
#define STRESS_DISTURBER_H

/* main, before there is any. */
void disturbers_begin(void);
/* main, with all disturbers killed: undoes what they left. */
void disturbers_thaw(void);
/* main, with everybody gone: removes their groups. */
void disturbers_end(void);

#endif /* STRESS_DISTURBER_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STRESS_TARGET_H
#define STRESS_TARGET_H

/* A target that has executed itself: slot, life, thread, how many times. */
void target_again(char **words);

/* The calling thread counts in that cell from now on; one more; it is at fault, or forks. */
void target_counts_in(int nr);
void tick(void);
void target_errs(void);

#endif /* STRESS_TARGET_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STRESS_TARGET_H
#define STRESS_TARGET_H

/* A target that has executed itself: slot, life, thread, how many times. */
void target_again(char **words);

#endif /* STRESS_TARGET_H */

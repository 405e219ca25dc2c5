// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A program with a bug, for the demonstration: it adds up orders, and one of them has
 * no price. It knows nothing of a watchdog.
 */
#include <stdio.h>
#include <unistd.h>

struct order {
	const char *what;
	const int *price;
};

static __attribute__((__noinline__)) int price_of(const struct order *order)
{
	return *order->price;
}

static __attribute__((__noinline__)) int sum_up(const struct order *orders, int count)
{
	int i, sum = 0;

	for (i = 0; i < count; i++)
		sum += price_of(&orders[i]);
	return sum;
}

int main(void)
{
	static const int tea = 3, cake = 5;
	const struct order orders[] = { { "tea", &tea }, { "cake", &cake }, { "milk", NULL } };

	sleep(1);
	return sum_up(orders, 3) == 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * tsc - print how fast the time stamp counter of this host runs, in kHz
 *
 * An emulated guest has it as its own, and measures it while it boots. On a busy
 * host what it finds can be wrong by a factor of ten, and its clock with it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t ticks;
	int64_t ns;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* both at once: of some looks that with the least in between */
static struct moment look(void)
{
	struct moment best = { 0 };
	int64_t least = INT64_MAX;

	for (int i = 0; i < 1000; i++) {
		int64_t before = now_ns();
		uint64_t ticks = __rdtsc();
		int64_t after = now_ns();

		if (after - before < least) {
			least = after - before;
			best = (struct moment){ ticks, before + least / 2 };
		}
	}
	return best;
}

int main(void)
{
	struct moment begin = look(), end;

	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	end = look();
	printf("%.0f\n", (double)(end.ticks - begin.ticks) * 1e6 / (end.ns - begin.ns));
	return 0;
}

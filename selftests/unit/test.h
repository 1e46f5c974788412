/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small TAP harness. A test file is one program: functions of type void
 * (void) named function__case, a table of them, and TEST_MAIN. A failed check
 * fails the case and the case goes on, so that a table of values shows all
 * wrong rows. A case that checks nothing fails.
 */
#ifndef SMCR_UNIT_TEST_H
#define SMCR_UNIT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_MAX_MESSAGES 20

struct test_case {
	const char *name;
	void (*run)(void);
};

static struct {
	unsigned int number;
	unsigned int failed_cases;
	unsigned long checks;
	unsigned long failures;
} test_state;

static inline void test_plan(size_t count)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", count);
}

static inline void test_begin(void)
{
	test_state.checks = 0;
	test_state.failures = 0;
}

static inline void test_end(const char *name)
{
	bool ok = test_state.checks && !test_state.failures;

	if (!test_state.checks)
		printf("# the case checks nothing\n");
	if (!ok)
		test_state.failed_cases++;
	printf("%s %u - %s\n", ok ? "ok" : "not ok", ++test_state.number, name);
}

static inline bool test_check(bool ok, const char *file, int line,
			      const char *text)
{
	test_state.checks++;
	if (ok)
		return true;
	if (test_state.failures++ < TEST_MAX_MESSAGES)
		printf("# %s:%d: failed: %s\n", file, line, text);
	return false;
}

static inline bool test_check_eq(unsigned long long got,
				 unsigned long long want, const char *file,
				 int line, const char *text)
{
	if (test_check(got == want, file, line, text))
		return true;
	if (test_state.failures <= TEST_MAX_MESSAGES)
		printf("#   got %lld (0x%llx), want %lld (0x%llx)\n",
		       (long long)got, got, (long long)want, want);
	return false;
}

static inline void test_print_hex(const char *what, const void *data,
				  size_t len)
{
	const unsigned char *p = data;
	size_t i;

	printf("#   %s", what);
	for (i = 0; i < len; i++)
		printf("%s%02x", i % 32 ? "" : "\n#     ", p[i]);
	printf("\n");
}

static inline bool test_check_mem(const void *got, const void *want,
				  size_t len, const char *file, int line,
				  const char *text)
{
	if (test_check(!memcmp(got, want, len), file, line, text))
		return true;
	if (test_state.failures <= TEST_MAX_MESSAGES) {
		test_print_hex("got", got, len);
		test_print_hex("want", want, len);
	}
	return false;
}

/* Each returns whether the check held. */
#define CHECK(cond) test_check(cond, __FILE__, __LINE__, #cond)
#define CHECK_EQ(got, want)						\
	test_check_eq((unsigned long long)(got),			\
		      (unsigned long long)(want), __FILE__, __LINE__,	\
		      #got " == " #want)
#define CHECK_MEM(got, want, len)					\
	test_check_mem(got, want, len, __FILE__, __LINE__,		\
		       #got " == " #want)

/* A buffer of exactly this size: the sanitizer sees the first byte too many. */
static inline unsigned char *test_copy(const void *data, size_t len)
{
	unsigned char *copy = malloc(len);

	if (!len)
		return copy;
	if (!copy)
		abort();
	memcpy(copy, data, len);
	return copy;
}

static inline int test_exit(size_t planned)
{
	if (test_state.number != planned) {
		printf("# %u cases run, %zu planned\n", test_state.number,
		       planned);
		return 1;
	}
	return test_state.failed_cases ? 1 : 0;
}

#define CASE(function) { #function, function }

#define TEST_MAIN(cases)						\
int main(void)								\
{									\
	size_t count = sizeof(cases) / sizeof((cases)[0]);		\
	size_t i;							\
									\
	test_plan(count);						\
	for (i = 0; i < count; i++) {					\
		test_begin();						\
		(cases)[i].run();					\
		test_end((cases)[i].name);				\
	}								\
	return test_exit(count);					\
}

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * smcr_race - two CPUs write the same word, and nothing says that they may
 *
 * For the kernel that looks for such races: where it does not see this one, it
 * has not looked. Loading takes as long as they go on.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#define SECONDS	3

static unsigned long word;

static int race_writer(void *unused)
{
	while (!kthread_should_stop()) {
		word++;
		cond_resched();
	}
	return 0;
}

static int __init race_init(void)
{
	struct task_struct *one, *other;

	one = kthread_run(race_writer, NULL, "smcr_race/0");
	if (IS_ERR(one))
		return PTR_ERR(one);
	other = kthread_run(race_writer, NULL, "smcr_race/1");
	if (!IS_ERR(other)) {
		msleep(SECONDS * MSEC_PER_SEC);
		kthread_stop(other);
	}
	kthread_stop(one);
	return PTR_ERR_OR_ZERO(other);
}

static void __exit race_exit(void)
{
}

module_init(race_init);
module_exit(race_exit);

MODULE_DESCRIPTION("A race on purpose");
MODULE_LICENSE("GPL");

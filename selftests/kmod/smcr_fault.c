// SPDX-License-Identifier: GPL-2.0
/*
 * Make a kernel function fail, or take long, for tests of error paths.
 *
 *	insmod smcr_fault.ko symbol=smcr_buf_get retval=0 skip=1 times=1
 *	insmod smcr_fault.ko symbol=__kmalloc retval=0 from=0xffffffffc0a00000 len=131072
 *	insmod smcr_fault.ko symbol=__kmalloc retval=0 caller=add_dev+0x35
 *	insmod smcr_fault.ko symbol=rdma_rxe:rxe_poll_cq delay=100 times=20
 *
 * The function's first instruction is replaced by a probe, whose handler
 * sets the return value and lets the CPU go on behind the call: the body
 * does not run. The kernel's own error injection works like this, but is
 * limited to functions marked for it and not built into Debian's kernels.
 * With delay, the handler makes the CPU wait instead, and the body runs.
 *
 * No function may be chosen that its callers inline, that returns a struct,
 * or whose callers rely on what it writes through pointers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "function that fails, or module:function");

static long retval;
module_param(retval, long, 0444);
MODULE_PARM_DESC(retval, "what it returns, -12 for a pointer is ERR_PTR(-ENOMEM)");

static unsigned int delay;
module_param(delay, uint, 0444);
MODULE_PARM_DESC(delay, "milliseconds: it does not fail, but takes so much longer");

static unsigned int skip;
module_param(skip, uint, 0444);
MODULE_PARM_DESC(skip, "let this many calls through first");

static unsigned int times = UINT_MAX;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "then fail this many; default all");

static unsigned long from;
module_param(from, ulong, 0444);
MODULE_PARM_DESC(from, "only calls from here, such as a module's code; default any");

static unsigned long len;
module_param(len, ulong, 0444);
MODULE_PARM_DESC(len, "bytes of code that starts at from");

static char *caller;
module_param(caller, charp, 0444);
MODULE_PARM_DESC(caller, "only the call that returns here: function+0xoffset; default any");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "calls so far; read only");

static unsigned int failed;
module_param(failed, uint, 0444);
MODULE_PARM_DESC(failed, "of these, made to fail; read only");

/* guards calls and failed */
static DEFINE_SPINLOCK(count_lock);

/* where the CPU goes instead of the function's body; returns to its caller */
static noinline notrace void only_return(void)
{
	asm volatile("");
}

static bool is_due(void)
{
	unsigned long flags;
	bool due;

	spin_lock_irqsave(&count_lock, flags);
	due = calls >= skip && failed < times;
	calls++;
	failed += due;
	spin_unlock_irqrestore(&count_lock, flags);
	return due;
}

/* by name: of code that only runs while its module is loaded, too */
static bool is_caller(unsigned long address)
{
	char name[KSYM_SYMBOL_LEN];
	size_t n = strlen(caller);

	sprint_symbol(name, address);
	return !strncmp(name, caller, n) && name[n] == '/';
}

/* the probe is at the first instruction: the return address is on top */
static bool is_called_from(struct pt_regs *regs)
{
	unsigned long address = regs_get_kernel_stack_nth(regs, 0);

	return (!len || address - from < len) &&
	       (!caller || is_caller(address));
}

static int on_call(struct kprobe *p, struct pt_regs *regs)
{
	if (!is_called_from(regs) || !is_due())
		return 0;
	if (delay) {
		mdelay(delay);
		return 0;
	}
	regs_set_return_value(regs, retval);
	instruction_pointer_set(regs, (unsigned long)only_return);
	return 1;
}
NOKPROBE_SYMBOL(on_call);

/* its presence keeps the probe from being turned into a jump */
static void after_call(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
}

static struct kprobe probe = {
	.pre_handler = on_call,
	.post_handler = after_call,
};

static int __init fault_init(void)
{
	int ret;

	if (!symbol)
		return -EINVAL;
	calls = 0;
	failed = 0;
	probe.symbol_name = symbol;
	ret = register_kprobe(&probe);
	if (ret)
		pr_err("no probe on %s: %d\n", symbol, ret);
	return ret;
}

static void __exit fault_exit(void)
{
	unregister_kprobe(&probe);
	pr_info("%s failed %u of %u times\n", symbol, failed, calls);
}

module_init(fault_init);
module_exit(fault_exit);

MODULE_DESCRIPTION("Make a chosen kernel function fail");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks, and everything that sleeps. A task runs until it waits; then the
 * harness decides who goes on. Softirqs run on top of whoever is interrupted.
 */
#include "kernel.h"

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_SIZE	(64 * 1024)

struct fiber {
	ucontext_t uc;
	const void *bottom;
	size_t size;
	void *fake;
};

/**
 * struct shim_task - a process or a worker
 * @fiber: its registers and stack
 * @func: what it does; NULL for a free entry
 * @arg: for @func
 * @work: the work item it runs; never looked into, it may be gone
 * @wait: what it sleeps for, NULL while it can run
 * @may_expire: the sleep has an end
 * @has_expired: it was reached
 */
struct shim_task {
	struct fiber fiber;
	void (*func)(void *arg);
	void *arg;
	void *work;
	struct wait_queue_entry *wait;
	bool may_expire;
	bool has_expired;
};

struct shim_context shim_context;
void (*shim_preempt)(void);
bool (*shim_alloc_fails)(void);
unsigned long jiffies = 1000;
int shim_module_refs;
struct shrinker *shim_shrinker;

static struct shim_task tasks[SHIM_TASKS];
static struct shim_task *current_task;
static struct fiber main_fiber;
static LIST_HEAD(works);
static LIST_HEAD(timers);
static struct rcu_head *garbage;
/* end of a work item's run, for those who cancel it */
static wait_queue_head_t work_ends;

_Noreturn void shim_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* -- contexts ------------------------------------------------------------ */

void shim_might_sleep(void)
{
	SHIM_ASSERT(!shim_context.spins && !shim_context.bh_off);
	SHIM_ASSERT(!shim_context.rcu && !shim_context.softirq);
}

void shim_softirq_enter(void)
{
	SHIM_ASSERT(!shim_context.spins && !shim_context.bh_off);
	shim_context.softirq++;
}

void shim_softirq_exit(void)
{
	SHIM_ASSERT(!shim_context.spins && !shim_context.bh_off);
	SHIM_ASSERT(shim_context.softirq > 0);
	shim_context.softirq--;
}

/* after each step: nothing is held by those who sleep or are gone */
void shim_check_idle(void)
{
	SHIM_ASSERT(!shim_context.spins && !shim_context.bh_off);
	SHIM_ASSERT(!shim_context.rcu && !shim_context.softirq);
}

/* -- switching ----------------------------------------------------------- */

static void switch_fiber(struct fiber *from, struct fiber *to, bool is_last)
{
	__sanitizer_start_switch_fiber(is_last ? NULL : &from->fake,
				       to->bottom, to->size);
	swapcontext(&from->uc, &to->uc);
	__sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
}

static void task_main(void)
{
	struct shim_task *task = current_task;

	__sanitizer_finish_switch_fiber(NULL, &main_fiber.bottom,
					&main_fiber.size);
	task->func(task->arg);
	task->func = NULL;
	switch_fiber(&task->fiber, &main_fiber, true);
}

struct shim_task *shim_spawn(void (*func)(void *arg), void *arg)
{
	struct shim_task *task;
	void *stack;

	for (task = tasks; task < tasks + SHIM_TASKS; task++)
		if (!task->func)
			break;
	SHIM_ASSERT(task < tasks + SHIM_TASKS);
	stack = (void *)task->fiber.bottom;
	if (!stack)
		stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SHIM_ASSERT(stack != MAP_FAILED);
	__asan_unpoison_memory_region(stack, STACK_SIZE);
	getcontext(&task->fiber.uc);
	task->fiber.uc.uc_stack.ss_sp = stack;
	task->fiber.uc.uc_stack.ss_size = STACK_SIZE;
	task->fiber.uc.uc_link = NULL;
	task->fiber.bottom = stack;
	task->fiber.size = STACK_SIZE;
	makecontext(&task->fiber.uc, task_main, 0);
	task->func = func;
	task->arg = arg;
	task->work = NULL;
	task->wait = NULL;
	return task;
}

static void resume(struct shim_task *task)
{
	SHIM_ASSERT(!current_task);
	shim_check_idle();
	current_task = task;
	switch_fiber(&main_fiber, &task->fiber, false);
	current_task = NULL;
	shim_check_idle();
	if (!task->func && task->work) {
		task->work = NULL;
		wake_up(&work_ends);
	}
}

static bool can_run(const struct shim_task *task)
{
	return task->func && (!task->wait || task->wait->is_woken);
}

/* let one go on that can, the next one from @pick */
bool shim_run_task(unsigned int pick)
{
	int i;

	for (i = 0; i < SHIM_TASKS; i++) {
		struct shim_task *task = &tasks[(pick + i) % SHIM_TASKS];

		if (!can_run(task))
			continue;
		resume(task);
		return true;
	}
	return false;
}

/* end the patience of one that sleeps, perhaps only of one that runs work */
bool shim_run_expiry(unsigned int pick, bool is_worker)
{
	int i;

	for (i = 0; i < SHIM_TASKS; i++) {
		struct shim_task *task = &tasks[(pick + i) % SHIM_TASKS];

		if (!task->func || can_run(task) || !task->may_expire ||
		    (is_worker && !task->work))
			continue;
		task->has_expired = true;
		resume(task);
		return true;
	}
	return false;
}

/* how many there are */
int shim_tasks(void)
{
	int count = 0;
	int i;

	for (i = 0; i < SHIM_TASKS; i++)
		count += !!tasks[i].func;
	return count;
}

/* -- waiting ------------------------------------------------------------- */

static struct list_head *waiters_of(wait_queue_head_t *wq)
{
	if (!wq->waiters.next)
		INIT_LIST_HEAD(&wq->waiters);
	return &wq->waiters;
}

void init_waitqueue_head(wait_queue_head_t *wq)
{
	INIT_LIST_HEAD(&wq->waiters);
}

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *wait)
{
	wait->is_woken = false;
	list_add_tail(&wait->node, waiters_of(wq));
}

void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *wait)
{
	(void)wq;
	list_del(&wait->node);
}

void wake_up(wait_queue_head_t *wq)
{
	struct wait_queue_entry *wait;

	list_for_each_entry(wait, waiters_of(wq), node)
		wait->is_woken = true;
}

/* sleep until woken; the rest of @timeo, 0 if it is over */
long shim_wait_woken(struct wait_queue_entry *wait, long timeo)
{
	struct shim_task *task = current_task;

	shim_might_sleep();
	SHIM_ASSERT(task);
	if (!wait->is_woken) {
		task->wait = wait;
		task->may_expire = timeo != MAX_SCHEDULE_TIMEOUT;
		task->has_expired = false;
		switch_fiber(&task->fiber, &main_fiber, false);
		task->wait = NULL;
		if (task->has_expired)
			timeo = 0;
	}
	wait->is_woken = false;
	return timeo;
}

/* not for long: all others may go first */
void usleep_range(unsigned long least, unsigned long most)
{
	struct wait_queue_entry wait = { .is_woken = true };
	struct shim_task *task = current_task;

	(void)least;
	(void)most;
	shim_might_sleep();
	SHIM_ASSERT(task);
	task->wait = &wait;
	switch_fiber(&task->fiber, &main_fiber, false);
	task->wait = NULL;
}

void cond_resched(void)
{
	if (current_task)
		usleep_range(0, 0);
}

void complete(struct completion *c)
{
	if (c->done != (unsigned int)-1)
		c->done++;
	wake_up(&c->wq);
}

void complete_all(struct completion *c)
{
	c->done = (unsigned int)-1;
	wake_up(&c->wq);
}

long wait_for_completion_timeout(struct completion *c, long timeo)
{
	long left = wait_event_timeout(c->wq, c->done, timeo);

	if (c->done && c->done != (unsigned int)-1)
		c->done--;
	return left;
}

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	m->is_held = false;
	init_waitqueue_head(&m->wq);
}

void mutex_lock(struct mutex *m)
{
	SHIM_ASSERT(!m->owner || m->owner != current_task);
	wait_event(m->wq, !m->owner);
	m->owner = current_task;
	m->is_held = true;
}

bool mutex_trylock(struct mutex *m)
{
	SHIM_ASSERT(!m->owner || m->owner != current_task);
	if (m->owner)
		return false;
	m->owner = current_task;
	m->is_held = true;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	SHIM_ASSERT(m->owner && m->owner == current_task);
	m->owner = NULL;
	m->is_held = false;
	wake_up(&m->wq);
}

void init_rwsem(struct rw_semaphore *s)
{
	s->readers = 0;
	s->waiting = 0;
	s->writer = NULL;
	init_waitqueue_head(&s->wq);
}

void down_read(struct rw_semaphore *s)
{
	SHIM_ASSERT(!s->writer || s->writer != current_task);
	wait_event(s->wq, !s->writer && !s->waiting);
	s->readers++;
}

bool down_read_trylock(struct rw_semaphore *s)
{
	if (s->writer || s->waiting)
		return false;
	s->readers++;
	return true;
}

void up_read(struct rw_semaphore *s)
{
	SHIM_ASSERT(s->readers > 0);
	s->readers--;
	wake_up(&s->wq);
}

bool rwsem_is_contended(struct rw_semaphore *s)
{
	return s->waiting;
}

void down_write(struct rw_semaphore *s)
{
	SHIM_ASSERT(!s->writer || s->writer != current_task);
	s->waiting++;
	wait_event(s->wq, !s->writer && !s->readers);
	s->waiting--;
	s->writer = current_task;
}

void up_write(struct rw_semaphore *s)
{
	SHIM_ASSERT(s->writer && s->writer == current_task);
	s->writer = NULL;
	wake_up(&s->wq);
}

/* -- timers and work items -------------------------------------------------- */

int mod_timer(struct timer_list *timer, unsigned long when)
{
	(void)when;
	if (timer->is_pending)
		return 1;
	timer->is_pending = true;
	list_add_tail(&timer->node, &timers);
	return 0;
}

bool timer_delete_sync(struct timer_list *timer)
{
	if (!timer->is_pending)
		return false;
	timer->is_pending = false;
	list_del(&timer->node);
	return true;
}

/* one timer goes off, in softirq */
bool shim_run_timer(unsigned int pick)
{
	struct timer_list *timer;

	if (list_empty(&timers))
		return false;
	list_for_each_entry(timer, &timers, node) {
		if (pick-- % 4 == 0 || timer->node.next == &timers)
			break;
	}
	timer_delete_sync(timer);
	jiffies += 100 * HZ;
	shim_softirq_enter();
	timer->function(timer);
	shim_softirq_exit();
	return true;
}

static bool is_running(const void *work)
{
	int i;

	for (i = 0; i < SHIM_TASKS; i++)
		if (tasks[i].func && tasks[i].work == work)
			return true;
	return false;
}

static void work_main(void *arg)
{
	struct work_struct *work = arg;

	work->func(work);
}

/* give one work item to a worker; an item never runs twice at a time */
bool shim_run_work(unsigned int pick)
{
	struct work_struct *work, *found = NULL;
	struct shim_task *task;

	list_for_each_entry(work, &works, node) {
		if (is_running(work))
			continue;
		found = work;
		if (pick-- % 4 == 0)
			break;
	}
	if (!found)
		return false;
	list_del(&found->node);
	found->is_queued = false;
	task = shim_spawn(work_main, found);
	task->work = found;
	resume(task);
	return true;
}

static void delayed_work_due(struct timer_list *timer)
{
	queue_work(NULL, &container_of(timer, struct delayed_work,
				       timer)->work);
}

void INIT_DELAYED_WORK(struct delayed_work *dwork,
		       void (*func)(struct work_struct *work))
{
	INIT_WORK(&dwork->work, func);
	timer_setup(&dwork->timer, delayed_work_due, 0);
	dwork->timer.is_pending = false;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	(void)wq;
	if (work->is_queued)
		return false;
	work->is_queued = true;
	list_add_tail(&work->node, &works);
	return true;
}

bool queue_delayed_work(struct workqueue_struct *wq,
			struct delayed_work *dwork, unsigned long delay)
{
	if (dwork->work.is_queued || dwork->timer.is_pending)
		return false;
	if (!delay)
		return queue_work(wq, &dwork->work);
	mod_timer(&dwork->timer, delay);
	return true;
}

static bool unqueue(struct work_struct *work)
{
	if (!work->is_queued)
		return false;
	work->is_queued = false;
	list_del(&work->node);
	return true;
}

bool cancel_delayed_work(struct delayed_work *dwork)
{
	bool was_pending = timer_delete_sync(&dwork->timer);

	return unqueue(&dwork->work) || was_pending;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
		      unsigned long delay)
{
	bool was_pending = cancel_delayed_work(dwork);

	queue_delayed_work(wq, dwork, delay);
	return was_pending;
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was_pending = cancel_delayed_work(dwork);

	wait_event(work_ends, !is_running(&dwork->work));
	/* it may have queued itself before it ended */
	return cancel_delayed_work(dwork) || was_pending;
}

void cancel_work_sync(struct work_struct *work)
{
	unqueue(work);
	wait_event(work_ends, !is_running(work));
	unqueue(work);
}

/* -- memory -------------------------------------------------------------- */

static void *allocate(size_t size, gfp_t gfp)
{
	if (gfp == GFP_KERNEL)
		shim_might_sleep();
	if (shim_alloc_fails && shim_alloc_fails())
		return NULL;
	return calloc(1, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return allocate(size, gfp);
}

unsigned long __get_free_pages(gfp_t gfp, int order)
{
	return (unsigned long)allocate(PAGE_SIZE << order, gfp);
}

void free_pages(unsigned long mem, int order)
{
	(void)order;
	free((void *)mem);
}

int get_order(size_t size)
{
	int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

struct shrinker *shrinker_alloc(unsigned int flags, const char *fmt, ...)
{
	(void)flags;
	(void)fmt;
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

void shrinker_register(struct shrinker *shrinker)
{
	SHIM_ASSERT(!shim_shrinker);
	shim_shrinker = shrinker;
}

void shrinker_free(struct shrinker *shrinker)
{
	SHIM_ASSERT(shim_shrinker == shrinker);
	shim_shrinker = NULL;
	kfree(shrinker);
}

void shim_free_rcu(struct rcu_head *head, void *mem)
{
	head->mem = mem;
	head->next = garbage;
	garbage = head;
}

/* all readers have ended: none sleeps */
void shim_grace_period(void)
{
	while (garbage) {
		struct rcu_head *head = garbage;

		garbage = head->next;
		free(head->mem);
	}
}

/* the end of a run: nothing is left behind */
void shim_reset(void)
{
	shim_check_idle();
	SHIM_ASSERT(!shim_tasks());
	SHIM_ASSERT(list_empty(&works));
	SHIM_ASSERT(list_empty(&timers));
	SHIM_ASSERT(!shim_module_refs);
	shim_grace_period();
	shim_preempt = NULL;
	shim_alloc_fails = NULL;
}

const struct new_utsname *init_utsname(void)
{
	static const struct new_utsname name = { .nodename = "fuzz" };

	return &name;
}

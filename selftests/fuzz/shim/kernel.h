/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as net/smc_r/conn and net/smc_r/rdma need to run in
 * a fuzzer: one CPU, cooperative tasks, and checks instead of protection. A
 * lock that is taken twice, sleeping under one, a reference count that is
 * wrong: all of it ends the run.
 *
 * The Makefile makes a header of each kernel header's name that includes this
 * one, so that the module's files are compiled as they are.
 *
 * Without stdlib.h: it declares a select(), and so does the RDMA transport.
 */
#ifndef SMCR_SHIM_KERNEL_H
#define SMCR_SHIM_KERNEL_H

#include "port.h"

void *calloc(size_t count, size_t size);
void free(void *mem);
_Noreturn void abort(void);

_Noreturn void shim_fail(const char *file, int line, const char *what);

#define SHIM_ASSERT(cond) \
	do { \
		if (!(cond)) \
			shim_fail(__FILE__, __LINE__, #cond); \
	} while (0)

/* -- language ------------------------------------------------------------ */

typedef u32 __be32;
typedef u16 __be16;
typedef unsigned int gfp_t;
typedef unsigned int __poll_t;
typedef unsigned int kuid_t;

#define __rcu
#define __percpu
#define __user
#define __releases(lock)
#define __acquires(lock)
#define __init
#define __exit
#define KBUILD_MODNAME		"smc_r"

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define barrier()		__asm__ __volatile__("" : : : "memory")
#define smp_mb()		barrier()
#define smp_rmb()		barrier()
#define smp_wmb()		barrier()
#define smp_mb__after_atomic()	barrier()
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)
#define BIT(n)			(1u << (n))
#define smp_load_acquire(p)	READ_ONCE(*(p))

static inline void strscpy(char *to, const char *from, size_t size)
{
	while (--size && *from)
		*to++ = *from++;
	*to = 0;
}

/* tracepoints are functions that do nothing */
#define TP_PROTO(...)		__VA_ARGS__
#define TRACE_EVENT(name, proto, ...) \
	static inline void trace_##name(proto) {}
#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(class, name, proto, ...) \
	TRACE_EVENT(name, TP_PROTO(proto))

#define ilog2(n)		(63 - __builtin_clzll(n))
#define rounddown_pow_of_two(n)	(1UL << ilog2(n))
#define roundup_pow_of_two(n)	((n) < 2 ? 1UL : 2UL << ilog2((n) - 1))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define min(a, b) \
	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
	   _a < _b ? _a : _b; })
#define max(a, b) \
	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
	   _a > _b ? _a : _b; })
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define min_not_zero(a, b)	(!(a) ? (b) : !(b) ? (a) : min(a, b))
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#define MAX_ERRNO		4095
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(ptr)		((long)(ptr))
#define IS_ERR(ptr)		((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)

#define be32_to_cpu(x)		__builtin_bswap32(x)
#define cpu_to_be32(x)		__builtin_bswap32(x)

#define WARN_ON_ONCE(cond) \
	({ bool _bad = (cond); if (_bad) \
	   shim_fail(__FILE__, __LINE__, "warning: " #cond); _bad; })
#define pr_warn_once(...)	((void)0)
#define pr_debug(...)		((void)0)

/* -- lists --------------------------------------------------------------- */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add(struct list_head *item, struct list_head *head)
{
	item->next = head->next;
	item->prev = head;
	head->next->prev = item;
	head->next = item;
}

static inline void list_add_tail(struct list_head *item,
				 struct list_head *head)
{
	list_add(item, head->prev);
}

static inline void list_del_init(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	INIT_LIST_HEAD(item);
}

static inline void list_del(struct list_head *item)
{
	list_del_init(item);
	/* not to be used again */
	item->next = NULL;
	item->prev = NULL;
}

static inline void list_move_tail(struct list_head *item,
				  struct list_head *head)
{
	list_del_init(item);
	list_add_tail(item, head);
}

static inline void list_splice_init(struct list_head *from,
				    struct list_head *head)
{
	if (list_empty(from))
		return;
	from->prev->next = head->next;
	head->next->prev = from->prev;
	head->next = from->next;
	from->next->prev = head;
	INIT_LIST_HEAD(from);
}

#define list_splice		list_splice_init

#define list_entry(ptr, type, member)	container_of(ptr, type, member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_for_each_entry(pos, head, member) \
	for (pos = list_first_entry(head, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))
#define list_for_each_entry_safe(pos, n, head, member) \
	for (pos = list_first_entry(head, __typeof__(*pos), member), \
	     n = list_entry(pos->member.next, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = n, n = list_entry(n->member.next, __typeof__(*n), member))
#define list_for_each_entry_safe_reverse(pos, n, head, member) \
	for (pos = list_entry((head)->prev, __typeof__(*pos), member), \
	     n = list_entry(pos->member.prev, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = n, n = list_entry(n->member.prev, __typeof__(*n), member))

/* -- bits ---------------------------------------------------------------- */

#define BITS_PER_LONG		(8 * (int)sizeof(long))
#define DECLARE_BITMAP(name, bits) \
	unsigned long name[DIV_ROUND_UP(bits, BITS_PER_LONG)]

static inline bool test_bit(int bit, const unsigned long *map)
{
	return map[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

static inline void set_bit(int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] |= 1ul << bit % BITS_PER_LONG;
}

static inline void clear_bit(int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] &= ~(1ul << bit % BITS_PER_LONG);
}

#define __set_bit		set_bit

/* -- contexts, see task.c ------------------------------------------------ */

/**
 * struct shim_context - where the one CPU is
 * @spins: spinlocks held
 * @bh_off: bottom halves disabled so often, spin_lock_bh() included
 * @rcu: depth of read sections
 * @softirq: depth of events that interrupt a task
 */
struct shim_context {
	int spins;
	int bh_off;
	int rcu;
	int softirq;
};

extern struct shim_context shim_context;

/* called where softirqs come that had to wait: after a spinlock is dropped */
extern void (*shim_preempt)(void);
/* true if the next allocation is to fail */
extern bool (*shim_alloc_fails)(void);

void shim_might_sleep(void);
void shim_softirq_enter(void);
void shim_softirq_exit(void);

static inline void local_bh_disable(void)
{
	shim_context.bh_off++;
}

static inline void local_bh_enable(void)
{
	SHIM_ASSERT(shim_context.bh_off > 0);
	if (--shim_context.bh_off || shim_context.softirq || !shim_preempt)
		return;
	shim_preempt();
}

/* -- spinlocks ----------------------------------------------------------- */

typedef struct {
	bool is_held;
} spinlock_t;

typedef spinlock_t rwlock_t;

#define DEFINE_SPINLOCK(name)	spinlock_t name

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->is_held = false;
}

static inline void spin_lock_bh(spinlock_t *lock)
{
	/* nobody else runs: this is the same CPU once more */
	SHIM_ASSERT(!lock->is_held);
	lock->is_held = true;
	shim_context.spins++;
	shim_context.bh_off++;
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	SHIM_ASSERT(lock->is_held && shim_context.spins > 0);
	lock->is_held = false;
	shim_context.spins--;
	local_bh_enable();
}

#define read_lock			spin_lock_bh
#define read_unlock			spin_unlock_bh
#define lockdep_is_held(lock)		((lock)->is_held)
#define lockdep_assert_held(lock)	SHIM_ASSERT((lock)->is_held)

/* -- RCU: a grace period is over when the harness says so ------------------- */

struct rcu_head {
	struct rcu_head *next;
	void *mem;
};

void shim_free_rcu(struct rcu_head *head, void *mem);
void shim_grace_period(void);

static inline void rcu_read_lock(void)
{
	shim_context.rcu++;
}

static inline void rcu_read_unlock(void)
{
	SHIM_ASSERT(shim_context.rcu > 0);
	shim_context.rcu--;
}

#define rcu_dereference(p) \
	({ SHIM_ASSERT(shim_context.rcu); READ_ONCE(p); })
#define rcu_dereference_protected(p, c)	({ SHIM_ASSERT(c); (p); })
#define rcu_access_pointer(p)		(p)
#define rcu_assign_pointer(p, v)	WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v)		WRITE_ONCE(p, v)
#define kfree_rcu(ptr, member)		shim_free_rcu(&(ptr)->member, ptr)
#define synchronize_rcu()		shim_grace_period()

/* -- counts -------------------------------------------------------------- */

typedef struct {
	int n;
} refcount_t;

typedef refcount_t atomic_t;

#define ATOMIC_INIT(n)		{ n }

static inline void refcount_set(refcount_t *r, int n)
{
	r->n = n;
}

static inline int refcount_read(const refcount_t *r)
{
	return r->n;
}

static inline void refcount_inc(refcount_t *r)
{
	SHIM_ASSERT(r->n > 0);
	r->n++;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	SHIM_ASSERT(r->n > 0);
	return !--r->n;
}

#define atomic_read		refcount_read
#define atomic_dec_and_test	refcount_dec_and_test

static inline void atomic_inc(atomic_t *a)
{
	a->n++;
}

/* -- memory -------------------------------------------------------------- */

#define GFP_KERNEL		1u
#define GFP_ATOMIC		2u
#define GFP_KERNEL_ACCOUNT	GFP_KERNEL
#define __GFP_ZERO		0u
#define __GFP_NOWARN		0u
#define __GFP_NORETRY		0u
#define __GFP_COMP		0u
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ul << PAGE_SHIFT)
#define MAX_ORDER_NR_PAGES	1024

void *kzalloc(size_t size, gfp_t gfp);
unsigned long __get_free_pages(gfp_t gfp, int order);
void free_pages(unsigned long mem, int order);
int get_order(size_t size);

/* nobody may rely on what is in there: it is zero all the same */
#define kmalloc			kzalloc
#define kvzalloc		kzalloc
#define kvcalloc(n, size, gfp)	kzalloc((n) * (size), gfp)
#define __vmalloc		kzalloc

static inline void kfree(const void *mem)
{
	free((void *)mem);
}

#define kvfree			kfree
#define vfree			kfree

#define SHRINK_EMPTY		(~0ul - 1)
#define SHRINK_STOP		(~0ul)
#define DEFAULT_SEEKS		2

struct shrink_control {
	unsigned long nr_to_scan;
};

struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker,
				       struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *shrinker,
				      struct shrink_control *sc);
	int seeks;
};

/* the one that is registered, or NULL */
extern struct shrinker *shim_shrinker;

struct shrinker *shrinker_alloc(unsigned int flags, const char *fmt, ...);
void shrinker_register(struct shrinker *shrinker);
void shrinker_free(struct shrinker *shrinker);

/* -- tasks and what they wait for, see task.c --------------------------------- */

#define HZ			100
#define MAX_SCHEDULE_TIMEOUT	((long)(~0ul >> 1))
#define MAX_JIFFY_OFFSET	((unsigned long)(MAX_SCHEDULE_TIMEOUT >> 1) - 1)
#define msecs_to_jiffies(ms)	((unsigned long)(ms) * HZ / 1000)
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before(a, b)	time_after(b, a)

extern unsigned long jiffies;

struct shim_task;

/**
 * struct wait_queue_entry - somebody who waits; lives on his stack
 * @node: in the queue
 * @is_woken: since he looked last
 */
struct wait_queue_entry {
	struct list_head node;
	bool is_woken;
};

/* zero is valid and empty, for those that are static */
typedef struct wait_queue_head {
	struct list_head waiters;
} wait_queue_head_t;

#define DECLARE_WAIT_QUEUE_HEAD(name)	wait_queue_head_t name
#define DEFINE_WAIT_FUNC(name, func)	struct wait_queue_entry name = {}

void init_waitqueue_head(wait_queue_head_t *wq);
void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *wait);
void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *wait);
void wake_up(wait_queue_head_t *wq);
long shim_wait_woken(struct wait_queue_entry *wait, long timeo);

#define wake_up_all		wake_up

#define wait_event_timeout(wq, cond, timeo) \
	({ \
		struct wait_queue_entry _wait = {}; \
		long _left = (timeo); \
		bool _ok; \
		shim_might_sleep(); \
		add_wait_queue(&(wq), &_wait); \
		while (!(_ok = (cond)) && _left) \
			_left = shim_wait_woken(&_wait, _left); \
		remove_wait_queue(&(wq), &_wait); \
		_ok ? max(_left, 1l) : 0l; \
	})
#define wait_event(wq, cond) \
	((void)wait_event_timeout(wq, cond, MAX_SCHEDULE_TIMEOUT))

void usleep_range(unsigned long least, unsigned long most);
#define msleep(ms)		usleep_range(ms, ms)
void cond_resched(void);

struct completion {
	unsigned int done;
	wait_queue_head_t wq;
};

#define DECLARE_COMPLETION_ONSTACK(name)	struct completion name = {}

static inline void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wq);
}

static inline void reinit_completion(struct completion *c)
{
	c->done = 0;
}

void complete(struct completion *c);
void complete_all(struct completion *c);
long wait_for_completion_timeout(struct completion *c, long timeo);

static inline void wait_for_completion(struct completion *c)
{
	wait_for_completion_timeout(c, MAX_SCHEDULE_TIMEOUT);
}

struct mutex {
	struct shim_task *owner;
	bool is_held;
	wait_queue_head_t wq;
};

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* a writer that waits keeps new readers out */
struct rw_semaphore {
	int readers;
	int waiting;
	struct shim_task *writer;
	wait_queue_head_t wq;
};

void init_rwsem(struct rw_semaphore *s);
void down_read(struct rw_semaphore *s);
bool down_read_trylock(struct rw_semaphore *s);
void up_read(struct rw_semaphore *s);
bool rwsem_is_contended(struct rw_semaphore *s);
void down_write(struct rw_semaphore *s);
void up_write(struct rw_semaphore *s);

/* -- work items and timers: due when the harness says so ------------------- */

struct timer_list {
	struct list_head node;
	void (*function)(struct timer_list *timer);
	bool is_pending;
};

#define timer_setup(timer, func, flags)	((timer)->function = (func))
#define timer_pending(timer)		((timer)->is_pending)

int mod_timer(struct timer_list *timer, unsigned long when);
bool timer_delete_sync(struct timer_list *timer);

struct work_struct {
	struct list_head node;
	void (*func)(struct work_struct *work);
	bool is_queued;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
};

struct workqueue_struct;

#define WQ_UNBOUND		0
#define alloc_workqueue(name, flags, max) \
	((struct workqueue_struct *)&shim_context)
#define destroy_workqueue(wq)	((void)(wq))
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)

#define INIT_WORK(w, f) \
	do { \
		(w)->func = (f); \
		(w)->is_queued = false; \
	} while (0)

void INIT_DELAYED_WORK(struct delayed_work *dwork,
		       void (*func)(struct work_struct *work));
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq,
			struct delayed_work *dwork, unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
		      unsigned long delay);
bool cancel_delayed_work(struct delayed_work *dwork);
bool cancel_delayed_work_sync(struct delayed_work *dwork);
void cancel_work_sync(struct work_struct *work);

/* a worker's work is work like any other */
#define kthread_work			work_struct
#define kthread_init_work		INIT_WORK
#define kthread_queue_work(worker, w)	queue_work(NULL, w)
#define kthread_cancel_work_sync	cancel_work_sync
#define kthread_create_worker(...)	((struct kthread_worker *)&shim_context)
#define kthread_destroy_worker(worker)	((void)(worker))
#define BUILD_BUG_ON(condition)		_Static_assert(!(condition), #condition)
#define set_user_nice(task, nice)	do {} while (0)

/* -- for the harness ---------------------------------------------------- */

#define SHIM_TASKS		24

struct shim_task *shim_spawn(void (*func)(void *arg), void *arg);
bool shim_run_task(unsigned int pick);
bool shim_run_work(unsigned int pick);
bool shim_run_timer(unsigned int pick);
bool shim_run_expiry(unsigned int pick, bool is_worker);
int shim_tasks(void);
void shim_check_idle(void);
void shim_reset(void);

/* -- odds and ends ---------------------------------------------------- */

struct module;

extern int shim_module_refs;

#define THIS_MODULE		((struct module *)NULL)
#define __module_get(m)		((void)(m), shim_module_refs++)
#define module_put(m) \
	do { \
		(void)(m); \
		SHIM_ASSERT(shim_module_refs > 0); \
		shim_module_refs--; \
	} while (0)

struct net {
	u64 net_cookie;
};

/* the model's namespace does not go */
struct pernet_operations {
	void (*exit)(struct net *net);
};

#define __net_exit
static inline int register_pernet_subsys(struct pernet_operations *ops)
{
	(void)ops;
	return 0;
}

static inline void unregister_pernet_subsys(struct pernet_operations *ops)
{
	(void)ops;
}

#define read_pnet(pnet)		(*(pnet))

#define this_cpu_add(var, n)	((var) += (n))
#define this_cpu_inc(var)	this_cpu_add(var, 1)
#define get_random_u32()	0x12345678u

struct new_utsname {
	char nodename[65];
};

const struct new_utsname *init_utsname(void);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of a link group (wire.md section 7). They go from one connection to
 * the next: the peer keeps the rkey that it once confirmed, so a later
 * connection needs no CONFIRM RKEY. A ring that nobody has used for a while,
 * or that the shrinker wants, is freed by a work item, which tells the peer
 * first (DELETE RKEY).
 *
 * A ring is charged to the memory cgroup of the socket it is created for, and
 * stays with it when other sockets use it, as the page cache does.
 *
 * Our ring's content is no secret: it is what this peer wrote into it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rdma.h"

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define MIN_SIZE	16384

/* unused for so long, a ring is freed; looked at twice in that time */
#define IDLE_TIME	(60 * HZ)

/* between two times that connections are asked for what has grown */
#define SHRINK_PAUSE	HZ

static long pages_of(const struct smcr_buf *buf)
{
	return DIV_ROUND_UP(buf->size, PAGE_SIZE);
}

/* the shrinker looks without the lock */
static void add_idle_locked(struct smcr_group *group, long pages)
{
	lockdep_assert_held(&group->buf_lock);
	WRITE_ONCE(group->idle_pages, group->idle_pages + pages);
}

static struct smcr_buf *find_idle_locked(struct smcr_group *group,
					 enum smcr_buf_kind kind, u32 size)
{
	struct smcr_buf *buf;

	lockdep_assert_held(&group->buf_lock);
	list_for_each_entry(buf, &group->idle[kind], list)
		if (buf->size == size)
			return buf;
	return NULL;
}

static struct smcr_buf *largest_known_locked(struct smcr_group *group,
					     enum smcr_buf_kind kind)
{
	struct smcr_buf *buf, *best = NULL;

	lockdep_assert_held(&group->buf_lock);
	list_for_each_entry(buf, &group->idle[kind], list)
		if (buf->is_known && (!best || buf->size > best->size))
			best = buf;
	return best;
}

/* as many as a peer may keep in mind (wire.md 6.7) */
static bool is_full_locked(struct smcr_group *group)
{
	const struct smcr_buf *buf;
	u32 count = 0;

	lockdep_assert_held(&group->buf_lock);
	list_for_each_entry(buf, &group->bufs, all)
		count += buf->kind == SMCR_BUF_RX;
	return count >= SMCR_LLC_MAX_RTOKENS;
}

/* of the size; of any size where the peer would refuse one more */
static struct smcr_buf *take_idle(struct smcr_group *group,
				  enum smcr_buf_kind kind, u32 size)
{
	struct smcr_buf *buf;

	spin_lock_bh(&group->buf_lock);
	buf = find_idle_locked(group, kind, size);
	if (kind == SMCR_BUF_RX && (!buf || !buf->is_known) &&
	    is_full_locked(group))
		buf = largest_known_locked(group, kind) ?: buf;
	if (buf) {
		list_del_init(&buf->list);
		add_idle_locked(group, -pages_of(buf));
	}
	spin_unlock_bh(&group->buf_lock);
	return buf;
}

static struct ib_device *device_of(const struct smcr_link *link)
{
	return link->port.dev->ib;
}

/* -- creating ------------------------------------------------------------ */

static enum dma_data_direction direction(const struct smcr_buf *buf)
{
	return buf->kind == SMCR_BUF_RX ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

/* what is in one piece and only read by the device needs no registration */
static bool needs_mr(const struct smcr_buf *buf)
{
	return buf->kind == SMCR_BUF_RX || buf->is_virtual;
}

static bool fits(const struct smcr_link *link, const struct smcr_buf *buf)
{
	u32 mr_pages = device_of(link)->attrs.max_fast_reg_page_list_len;

	if (needs_mr(buf) && pages_of(buf) > mr_pages)
		return false;
	return buf->is_virtual || pages_of(buf) <= MAX_ORDER_NR_PAGES;
}

static int alloc_mem(struct smcr_buf *buf)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
			  __GFP_NORETRY;

	if (buf->is_virtual)
		buf->mem = __vmalloc(buf->size, gfp);
	else
		buf->mem = (void *)__get_free_pages(gfp | __GFP_COMP,
						    get_order(buf->size));
	return buf->mem ? 0 : -ENOMEM;
}

static void free_mem(struct smcr_buf *buf)
{
	if (buf->is_virtual)
		vfree(buf->mem);
	else
		free_pages((unsigned long)buf->mem, get_order(buf->size));
}

/* page by page if virtual: soft-RoCE finds the pages from their addresses */
static int fill_sg(struct smcr_buf *buf, struct sg_table *sgt)
{
	u32 step = buf->is_virtual ? min_t(u32, PAGE_SIZE, buf->size) :
				     buf->size;
	struct scatterlist *sg;
	u8 *pos = buf->mem;
	int ret, i;

	ret = sg_alloc_table(sgt, buf->size / step, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(sgt, sg, i) {
		struct page *page = buf->is_virtual ? vmalloc_to_page(pos) :
						      virt_to_page(pos);

		sg_set_page(sg, page, step, 0);
		pos += step;
	}
	return 0;
}

/*
 * Rings are read and written while the device does: no bounce buffers, no
 * caches to flush. Where that holds, nothing has to be synchronised later.
 */
static bool is_coherent(struct ib_device *ib, const struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	if (ib_uses_virt_dma(ib))
		return true;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!dma_need_sync(ib->dma_device, sg_dma_address(sg)))
			continue;
		pr_warn_once("%s: DMA is not coherent, connections use TCP; try without swiotlb=force\n",
			     ib->name);
		return false;
	}
	return true;
}

static int create_mr(struct smcr_link *link, struct smcr_buf *buf)
{
	struct smcr_buf_map *map = &buf->map[link->slot];
	struct ib_mr *mr;
	int ret;

	mr = ib_alloc_mr(link->pd, IB_MR_TYPE_MEM_REG, pages_of(buf));
	if (IS_ERR(mr))
		return PTR_ERR(mr);
	ret = ib_map_mr_sg(mr, map->sgt.sgl, map->sgt.nents, NULL, PAGE_SIZE);
	if (ret != map->sgt.nents) {
		ib_dereg_mr(mr);
		return ret < 0 ? ret : -EINVAL;
	}
	map->mr = mr;
	map->addr = mr->iova;
	map->lkey = mr->lkey;
	return 0;
}

static int map_sg(struct smcr_link *link, struct smcr_buf *buf)
{
	struct smcr_buf_map *map = &buf->map[link->slot];
	struct ib_device *ib = device_of(link);
	int ret;

	ret = ib_dma_map_sgtable_attrs(ib, &map->sgt, direction(buf), 0);
	if (ret)
		return ret;
	ret = is_coherent(ib, &map->sgt) ? 0 : -EOPNOTSUPP;
	map->addr = sg_dma_address(map->sgt.sgl);
	map->lkey = link->pd->local_dma_lkey;
	if (!ret && needs_mr(buf))
		ret = create_mr(link, buf);
	if (ret)
		ib_dma_unmap_sgtable_attrs(ib, &map->sgt, direction(buf), 0);
	return ret;
}

static int map_locked(struct smcr_link *link, struct smcr_buf *buf)
{
	struct smcr_buf_map *map = &buf->map[link->slot];
	int ret;

	lockdep_assert_held(&buf->map_lock);
	if (map->is_mapped)
		return 0;
	if (!fits(link, buf))
		return -EOPNOTSUPP;
	ret = fill_sg(buf, &map->sgt);
	if (ret)
		return ret;
	ret = map_sg(link, buf);
	if (ret)
		sg_free_table(&map->sgt);
	map->is_mapped = !ret;
	return ret;
}

static void unmap_locked(struct smcr_link *link, struct smcr_buf *buf)
{
	struct smcr_buf_map *map = &buf->map[link->slot];

	lockdep_assert_held(&buf->map_lock);
	if (!map->is_mapped)
		return;
	if (map->mr)
		ib_dereg_mr(map->mr);
	ib_dma_unmap_sgtable_attrs(device_of(link), &map->sgt, direction(buf),
				   0);
	sg_free_table(&map->sgt);
	memset(map, 0, sizeof(*map));
}

static int make_ready_locked(struct smcr_link *link, struct smcr_buf *buf)
{
	struct smcr_buf_map *map = &buf->map[link->slot];
	int access = 0;
	int ret = map_locked(link, buf);

	if (ret || map->is_ready)
		return ret;
	if (buf->kind == SMCR_BUF_RX)
		access = IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE;
	if (map->mr)
		ret = smcr_link_register(link, map->mr, access);
	if (ret)
		return ret;
	/* pairs with the acquire in has_ring_on(), transport.c, and below */
	smp_store_release(&map->is_ready, true);
	return 0;
}

/**
 * smcr_buf_make_ready() - a link can be used with a ring
 * @link: ready to send, its hardware present
 * @buf: a ring of its group
 *
 * Context: process, sleeps; takes buf->map_lock.
 * Return: 0 or a negative errno.
 */
int smcr_buf_make_ready(struct smcr_link *link, struct smcr_buf *buf)
{
	int ret;

	/* pairs with the release above */
	if (smp_load_acquire(&buf->map[link->slot].is_ready))
		return 0;
	mutex_lock(&buf->map_lock);
	ret = make_ready_locked(link, buf);
	mutex_unlock(&buf->map_lock);
	return ret;
}

/**
 * smcr_buf_make_ready_everywhere() - all links can be used with a ring
 * @group: the group, hardware present
 * @buf: a ring
 *
 * One that cannot does not get the ring's connection when others are lost.
 *
 * Context: process, sleeps; takes buf->map_lock.
 */
void smcr_buf_make_ready_everywhere(struct smcr_group *group,
				    struct smcr_buf *buf)
{
	struct smcr_link *link;

	smcr_for_each_link(link, group)
		if (READ_ONCE(link->is_up))
			smcr_buf_make_ready(link, buf);
}

static int map(struct smcr_link *link, struct smcr_buf *buf)
{
	int ret;

	mutex_lock(&buf->map_lock);
	ret = map_locked(link, buf);
	mutex_unlock(&buf->map_lock);
	return ret;
}

/* the first ring of the group that the link does not have */
static struct smcr_buf *find_missing(struct smcr_link *link, bool is_ready)
{
	struct smcr_group *group = link->group;
	struct smcr_buf *buf, *found = NULL;

	spin_lock_bh(&group->buf_lock);
	list_for_each_entry(buf, &group->bufs, all) {
		const struct smcr_buf_map *map = &buf->map[link->slot];

		if (is_ready ? READ_ONCE(map->is_ready) : map->is_mapped)
			continue;
		found = buf;
		break;
	}
	spin_unlock_bh(&group->buf_lock);
	return found;
}

/**
 * smcr_buf_map_all() - a new link gets all rings
 * @link: with its hardware; the flow lock is held, so that none is freed
 *
 * Context: process, sleeps; takes buf->map_lock of each.
 * Return: 0 or a negative errno.
 */
int smcr_buf_map_all(struct smcr_link *link)
{
	struct smcr_buf *buf;
	int ret = 0;

	while (!ret && (buf = find_missing(link, false)))
		ret = map(link, buf);
	return ret;
}

/**
 * smcr_buf_make_all_ready() - a new link can be used with all rings
 * @link: ready to send; the flow lock is held, so that none is freed
 *
 * Context: process, sleeps; takes buf->map_lock of each.
 * Return: 0 or a negative errno.
 */
int smcr_buf_make_all_ready(struct smcr_link *link)
{
	struct smcr_buf *buf;
	int ret = 0;

	while (!ret && (buf = find_missing(link, true)))
		ret = smcr_buf_make_ready(link, buf);
	return ret;
}

static u32 list_keys_locked(const struct smcr_link *via,
			    const struct smcr_link *link, bool is_idle,
			    struct smcr_llc_rtoken_pair *pair, u32 count)
{
	const struct smcr_buf_map *old, *new;
	struct smcr_buf *buf;
	bool is_known;

	lockdep_assert_held(&link->group->buf_lock);
	list_for_each_entry(buf, &link->group->bufs, all) {
		if (list_empty(&buf->list) == is_idle)
			continue;
		old = &buf->map[via->slot];
		new = &buf->map[link->slot];
		/* pairs with the release in make_ready_locked() */
		is_known = buf->is_known && smp_load_acquire(&old->is_ready) &&
			   new->is_mapped && count < SMCR_LLC_MAX_RTOKENS;
		WRITE_ONCE(buf->is_known, is_known);
		if (!is_known)
			continue;
		pair[count].rkey = old->mr->rkey;
		pair[count].new_rkey = new->mr->rkey;
		pair[count].new_vaddr = new->mr->iova;
		count++;
	}
	return count;
}

/**
 * smcr_buf_list_keys() - keys of our receive rings for a new link
 * @via: a link on which the peer knows them
 * @link: the new one, for which they are mapped
 * @pair: filled in, SMCR_LLC_MAX_RTOKENS at most
 *
 * A ring that is left out is not known any more: before a connection uses it
 * again, it is confirmed again, for all links. Those in use come first.
 *
 * Context: process; the flow lock is held, so that none is confirmed meanwhile.
 * Return: how many.
 */
u32 smcr_buf_list_keys(const struct smcr_link *via,
		       const struct smcr_link *link,
		       struct smcr_llc_rtoken_pair *pair)
{
	struct smcr_group *group = link->group;
	u32 count;

	spin_lock_bh(&group->buf_lock);
	count = list_keys_locked(via, link, false, pair, 0);
	count = list_keys_locked(via, link, true, pair, count);
	spin_unlock_bh(&group->buf_lock);
	return count;
}

static void free_buf(struct smcr_buf *buf)
{
	free_mem(buf);
	kfree(buf);
}

static struct smcr_buf *create(struct smcr_link *link, enum smcr_buf_kind kind,
			       u32 size, bool is_virtual)
{
	struct smcr_group *group = link->group;
	struct smcr_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);

	if (!buf)
		return NULL;
	INIT_LIST_HEAD(&buf->list);
	mutex_init(&buf->map_lock);
	buf->kind = kind;
	buf->size = size;
	buf->is_virtual = is_virtual;
	if (!fits(link, buf) || alloc_mem(buf))
		goto free_buf;
	if (map(link, buf))
		goto free_mem;

	spin_lock_bh(&group->buf_lock);
	list_add_tail(&buf->all, &group->bufs);
	spin_unlock_bh(&group->buf_lock);
	return buf;
free_mem:
	free_mem(buf);
free_buf:
	kfree(buf);
	return NULL;
}

static struct smcr_buf *create_of_type(struct smcr_link *link,
				       enum smcr_buf_kind kind, u32 size)
{
	enum smcr_buf_type type = link->group->buf_type;
	struct smcr_buf *buf = NULL;

	if (type != SMCR_BUF_VIRTUAL)
		buf = create(link, kind, size, false);
	if (!buf && type != SMCR_BUF_PHYSICAL)
		buf = create(link, kind, size, true);
	return buf;
}

/*
 * A peer may announce what it has not written: its program is not to read what
 * was for another one. From a send ring only what was written leaves.
 */
static void forget_data(struct smcr_buf *buf)
{
	if (buf->kind == SMCR_BUF_RX)
		memset(buf->mem, 0, buf->size);
}

/**
 * smcr_buf_get() - a ring for a connection
 * @link: that the connection uses, hardware present
 * @kind: send or receive
 * @want: bytes; rounded up to 16 KiB times a power of two, stepped down
 *	to what the device can register and while there is no memory
 * @least: bytes; none rather than a smaller one
 *
 * Context: process, may sleep.
 * Return: the ring or NULL. smcr_buf_put() gives it back.
 */
struct smcr_buf *smcr_buf_get(struct smcr_link *link, enum smcr_buf_kind kind,
			      u32 want, u32 least)
{
	u32 wanted = smcr_ring_code_size(smcr_ring_size_code(want));
	struct smcr_ring_origin origin = {};
	struct smcr_buf *buf = NULL;
	u32 size;

	least = max_t(u32, least, MIN_SIZE);
	for (size = wanted; size >= least && !buf; size /= 2) {
		buf = take_idle(link->group, kind, size);
		origin.is_reused = buf;
		if (buf)
			forget_data(buf);
		else
			buf = create_of_type(link, kind, size);
	}
	if (!buf)
		return NULL;
	origin.is_downgraded = buf->size < wanted;
	buf->origin = origin;
	return buf;
}

/**
 * smcr_buf_put() - a connection needs its ring no more
 * @group: the group
 * @buf: the peer does not write to it any more
 *
 * Context: any; takes group->buf_lock.
 */
void smcr_buf_put(struct smcr_group *group, struct smcr_buf *buf)
{
	spin_lock_bh(&group->buf_lock);
	buf->idle_since = jiffies;
	/* the last one is taken first, so that those too many grow old */
	list_add(&buf->list, &group->idle[buf->kind]);
	add_idle_locked(group, pages_of(buf));
	smcr_group_trim_locked(group, IDLE_TIME / 2);
	spin_unlock_bh(&group->buf_lock);
}

/**
 * smcr_buf_count_grown() - a send ring has grown, or not any more
 * @group: the group
 * @pages: by so much
 *
 * Context: any; takes group->buf_lock.
 */
void smcr_buf_count_grown(struct smcr_group *group, long pages)
{
	spin_lock_bh(&group->buf_lock);
	WRITE_ONCE(group->grown_pages, group->grown_pages + pages);
	spin_unlock_bh(&group->buf_lock);
}

/* -- freeing rings of a group that goes on ------------------------------- */

static void doom_locked(struct smcr_group *group, struct smcr_buf *buf)
{
	lockdep_assert_held(&group->buf_lock);
	list_move_tail(&buf->list, &group->doomed);
	add_idle_locked(group, -pages_of(buf));
}

static void doom_old_locked(struct smcr_group *group)
{
	unsigned long limit = jiffies - IDLE_TIME;
	struct smcr_buf *buf, *next;
	int kind;

	for (kind = 0; kind < SMCR_BUF_KINDS; kind++) {
		list_for_each_entry_safe_reverse(buf, next, &group->idle[kind],
						 list) {
			if (time_after(buf->idle_since, limit))
				break;
			doom_locked(group, buf);
		}
	}
}

/**
 * smcr_buf_shrink() - memory is short: free idle rings
 * @group: active
 * @pages: how much is wanted
 *
 * They go a moment later: the peer has to be told, and the device may still
 * have to send again from a send ring.
 *
 * Context: any; takes group->buf_lock.
 * Return: pages that will be freed.
 */
unsigned long smcr_buf_shrink(struct smcr_group *group, unsigned long pages)
{
	struct smcr_buf *buf, *next;
	unsigned long freed = 0;
	int kind;

	spin_lock_bh(&group->buf_lock);
	for (kind = 0; kind < SMCR_BUF_KINDS; kind++) {
		list_for_each_entry_safe_reverse(buf, next, &group->idle[kind],
						 list) {
			if (freed >= pages)
				break;
			freed += pages_of(buf);
			doom_locked(group, buf);
		}
	}
	if (freed)
		smcr_group_trim_locked(group, 0);
	spin_unlock_bh(&group->buf_lock);
	return freed;
}

/**
 * smcr_buf_grown() - what send rings may give back
 * @group: the group
 *
 * Not at each call: who writes all the time is asked in vain.
 *
 * Context: any; a hint.
 * Return: pages that connections have more than they began with, or 0 if they
 * were asked for them a moment ago.
 */
unsigned long smcr_buf_grown(const struct smcr_group *group)
{
	if (jiffies - READ_ONCE(group->shrunk_at) < SHRINK_PAUSE)
		return 0;
	return READ_ONCE(group->grown_pages);
}

/**
 * smcr_buf_ask_grown() - memory is short: have connections give back what has grown
 * @group: active
 *
 * Nobody knows yet which can do without; smcr_buf_trim() finds out.
 *
 * Context: any; takes group->buf_lock.
 * Return: whether they are asked.
 */
bool smcr_buf_ask_grown(struct smcr_group *group)
{
	bool asks;

	spin_lock_bh(&group->buf_lock);
	asks = smcr_buf_grown(group);
	if (asks) {
		WRITE_ONCE(group->shrunk_at, jiffies);
		group->is_short = true;
		smcr_group_trim_locked(group, 0);
	}
	spin_unlock_bh(&group->buf_lock);
	return asks;
}

static bool has_kind(const struct list_head *bufs, enum smcr_buf_kind kind)
{
	const struct smcr_buf *buf;

	list_for_each_entry(buf, bufs, list)
		if (buf->kind == kind)
			return true;
	return false;
}

static void destroy(struct smcr_group *group, struct smcr_buf *buf)
{
	struct smcr_link *link;

	/* who maps rings for another link does so under this */
	mutex_lock(&group->flow.lock);
	spin_lock_bh(&group->buf_lock);
	list_del(&buf->list);
	list_del(&buf->all);
	spin_unlock_bh(&group->buf_lock);
	smcr_llc_end_flow(group);
	mutex_lock(&buf->map_lock);
	smcr_for_each_link(link, group)
		unmap_locked(link, buf);
	mutex_unlock(&buf->map_lock);
	free_buf(buf);
}

/* a link that is lost repeats what it has sent, until its queue pair is gone */
static bool is_all_sent(struct smcr_group *group)
{
	const struct smcr_link *link;

	if (smcr_llc_flush(group))
		return false;
	smcr_for_each_link(link, group)
		if (READ_ONCE(link->has_hw) && !READ_ONCE(link->is_up))
			return false;
	return true;
}

/*
 * Stops at the first one that the peer does not answer for: it was told, and
 * has not used that ring, but the rest would take as long. And as soon as a link
 * is to go, however fast the peer is.
 */
static void free_doomed(struct smcr_group *group, struct list_head *bufs)
{
	struct smcr_buf *buf, *next;
	int ret = 0;

	if (has_kind(bufs, SMCR_BUF_TX) && !is_all_sent(group))
		return;
	list_for_each_entry_safe(buf, next, bufs, list) {
		if (buf->kind == SMCR_BUF_RX)
			ret = smcr_llc_delete_rkey(group, buf);
		if (ret && ret != -ETIMEDOUT)
			return;
		destroy(group, buf);
		if (ret || rwsem_is_contended(&group->hw_lock))
			return;
	}
}

/* what connections do without is idle then, and goes with all idle send rings */
static void shrink_grown(struct smcr_group *group)
{
	struct smcr_buf *buf, *next;

	smcr_rdma_shrink(group);
	spin_lock_bh(&group->buf_lock);
	list_for_each_entry_safe(buf, next, &group->idle[SMCR_BUF_TX], list)
		doom_locked(group, buf);
	spin_unlock_bh(&group->buf_lock);
}

static bool was_short(struct smcr_group *group)
{
	bool is_short;

	spin_lock_bh(&group->buf_lock);
	is_short = group->is_short;
	group->is_short = false;
	spin_unlock_bh(&group->buf_lock);
	return is_short;
}

/**
 * smcr_buf_trim() - free the rings that nobody has used for long
 * @group: may be dead; what is left then goes with it
 *
 * Context: process, sleeps; waits for the peer for a bounded time.
 */
void smcr_buf_trim(struct smcr_group *group)
{
	LIST_HEAD(bufs);

	if (was_short(group))
		shrink_grown(group);
	spin_lock_bh(&group->buf_lock);
	doom_old_locked(group);
	list_splice_init(&group->doomed, &bufs);
	spin_unlock_bh(&group->buf_lock);

	down_read(&group->hw_lock);
	if (group->has_hw && READ_ONCE(group->state) == SMCR_GROUP_ACTIVE)
		free_doomed(group, &bufs);
	up_read(&group->hw_lock);

	spin_lock_bh(&group->buf_lock);
	list_splice(&bufs, &group->doomed);
	if (group->idle_pages || !list_empty(&group->doomed))
		smcr_group_trim_locked(group, IDLE_TIME / 2);
	spin_unlock_bh(&group->buf_lock);
}

/**
 * smcr_buf_sum() - how large all rings are together
 * @group: the group
 * @kind: of these
 *
 * Context: process; takes group->buf_lock.
 * Return: bytes, idle rings included.
 */
u64 smcr_buf_sum(struct smcr_group *group, enum smcr_buf_kind kind)
{
	const struct smcr_buf *buf;
	u64 sum = 0;

	spin_lock_bh(&group->buf_lock);
	list_for_each_entry(buf, &group->bufs, all)
		if (buf->kind == kind)
			sum += buf->size;
	spin_unlock_bh(&group->buf_lock);
	return sum;
}

/* -- the end of a link, and of a group ----------------------------------- */

/**
 * smcr_buf_unmap_link() - take the rings from a link's device
 * @link: its queue pair is gone
 *
 * Their memory stays: sockets may still read it.
 *
 * Context: process, sleeps; takes buf->map_lock of each.
 */
void smcr_buf_unmap_link(struct smcr_link *link)
{
	struct smcr_group *group = link->group;
	struct smcr_buf *buf;

	/* nobody creates or frees buffers meanwhile: no lock for the list */
	list_for_each_entry(buf, &group->bufs, all) {
		mutex_lock(&buf->map_lock);
		unmap_locked(link, buf);
		mutex_unlock(&buf->map_lock);
	}
}

/**
 * smcr_buf_free_all() - free the memory of all rings
 * @group: nobody uses it any more
 *
 * Context: process.
 */
void smcr_buf_free_all(struct smcr_group *group)
{
	struct smcr_buf *buf, *next;

	list_for_each_entry_safe(buf, next, &group->bufs, all)
		free_buf(buf);
}

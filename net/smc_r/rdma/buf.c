// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of a link group (wire.md section 7). Buffers live as long as their
 * group and go from one connection to the next: the peer keeps the rkey that
 * it once confirmed, so a later connection needs no CONFIRM RKEY.
 *
 * Our ring's content is no secret: it is what this peer wrote into it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rdma.h"

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define MIN_SIZE	16384

static struct smcr_buf *take_idle(struct smcr_group *group,
				  enum smcr_buf_kind kind, u32 size)
{
	struct smcr_buf *buf;

	spin_lock_bh(&group->buf_lock);
	list_for_each_entry(buf, &group->idle[kind], list) {
		if (buf->size != size)
			continue;
		list_del_init(&buf->list);
		spin_unlock_bh(&group->buf_lock);
		return buf;
	}
	spin_unlock_bh(&group->buf_lock);
	return NULL;
}

static struct ib_device *device_of(const struct smcr_group *group)
{
	return group->link.port.dev->ib;
}

static int map_mr(struct smcr_group *group, struct smcr_buf *buf)
{
	struct scatterlist sg;
	int ret;

	buf->mr = ib_alloc_mr(group->link.pd, IB_MR_TYPE_MEM_REG,
			      DIV_ROUND_UP(buf->size, PAGE_SIZE));
	if (IS_ERR(buf->mr))
		return PTR_ERR(buf->mr);
	sg_init_one(&sg, buf->mem, buf->size);
	sg_dma_address(&sg) = buf->dma;
	sg_dma_len(&sg) = buf->size;
	ret = ib_map_mr_sg(buf->mr, &sg, 1, NULL, PAGE_SIZE);
	if (ret == 1)
		return 0;
	ib_dereg_mr(buf->mr);
	return ret < 0 ? ret : -EINVAL;
}

static enum dma_data_direction direction(enum smcr_buf_kind kind)
{
	return kind == SMCR_BUF_RX ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

/* rings are read and written while the device does: no bounce buffers */
static bool is_coherent(struct ib_device *ib, u64 dma)
{
	if (ib_uses_virt_dma(ib) || !dma_need_sync(ib->dma_device, dma))
		return true;
	pr_warn_once("%s: DMA is not coherent, connections use TCP; try without swiotlb=force\n",
		     dev_name(&ib->dev));
	return false;
}

static struct smcr_buf *create(struct smcr_group *group,
			       enum smcr_buf_kind kind, u32 size)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
			  __GFP_NORETRY | __GFP_COMP;
	struct ib_device *ib = device_of(group);
	struct smcr_buf *buf;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return NULL;
	INIT_LIST_HEAD(&buf->list);
	buf->size = size;
	buf->mem = (void *)__get_free_pages(gfp, get_order(size));
	if (!buf->mem)
		goto free_buf;
	buf->dma = ib_dma_map_single(ib, buf->mem, size, direction(kind));
	if (ib_dma_mapping_error(ib, buf->dma))
		goto free_mem;
	if (!is_coherent(ib, buf->dma))
		goto unmap;
	if (kind == SMCR_BUF_RX && map_mr(group, buf))
		goto unmap;

	spin_lock_bh(&group->buf_lock);
	list_add_tail(&buf->all, &group->bufs);
	spin_unlock_bh(&group->buf_lock);
	return buf;
unmap:
	ib_dma_unmap_single(ib, buf->dma, size, direction(kind));
free_mem:
	free_pages((unsigned long)buf->mem, get_order(size));
free_buf:
	kfree(buf);
	return NULL;
}

static u32 largest_size(const struct smcr_group *group)
{
	u32 pages = device_of(group)->attrs.max_fast_reg_page_list_len;

	return min_t(u64, pages, MAX_ORDER_NR_PAGES) << PAGE_SHIFT;
}

/**
 * smcr_buf_get() - a ring for a connection
 * @group: the group, hardware present
 * @kind: send or receive
 * @want: bytes; rounded up to 16 KiB times a power of two, stepped down
 *	while there is no contiguous memory of that size
 *
 * Context: process, may sleep.
 * Return: the ring or NULL. smcr_buf_put() gives it back.
 */
struct smcr_buf *smcr_buf_get(struct smcr_group *group,
			      enum smcr_buf_kind kind, u32 want)
{
	u32 size = smcr_ring_code_size(smcr_ring_size_code(want));
	struct smcr_buf *buf = NULL;

	while (size > largest_size(group))
		size /= 2;
	for (; size >= MIN_SIZE && !buf; size /= 2) {
		buf = take_idle(group, kind, size);
		if (!buf)
			buf = create(group, kind, size);
	}
	return buf;
}

/**
 * smcr_buf_put() - a connection needs its ring no more
 * @group: the group
 * @kind: send or receive
 * @buf: the peer does not write to it any more
 *
 * Context: any.
 */
void smcr_buf_put(struct smcr_group *group, enum smcr_buf_kind kind,
		  struct smcr_buf *buf)
{
	spin_lock_bh(&group->buf_lock);
	list_add(&buf->list, &group->idle[kind]);
	spin_unlock_bh(&group->buf_lock);
}

/**
 * smcr_buf_unmap_all() - take the rings from the device
 * @group: dead; its queue pair is gone
 *
 * Their memory stays: sockets may still read it.
 *
 * Context: process, sleeps.
 */
void smcr_buf_unmap_all(struct smcr_group *group)
{
	struct ib_device *ib = device_of(group);
	struct smcr_buf *buf;

	/* a dead group gets no new buffers: no lock needed */
	list_for_each_entry(buf, &group->bufs, all) {
		enum smcr_buf_kind kind = buf->mr ? SMCR_BUF_RX : SMCR_BUF_TX;

		if (buf->mr)
			ib_dereg_mr(buf->mr);
		buf->mr = NULL;
		ib_dma_unmap_single(ib, buf->dma, buf->size, direction(kind));
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

	list_for_each_entry_safe(buf, next, &group->bufs, all) {
		free_pages((unsigned long)buf->mem, get_order(buf->size));
		kfree(buf);
	}
}

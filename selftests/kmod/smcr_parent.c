// SPDX-License-Identifier: GPL-2.0
/*
 * An RDMA device gets a PCI device as its parent, as hardware has. Software
 * devices have none.
 *
 *	insmod smcr_parent.ko device=rxe0 parent=0000:00:02.0
 *
 * To be loaded before a module that looks, and removed after it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/pci.h>
#include <rdma/ib_verbs.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "RDMA device without a parent");

static char *parent;
module_param(parent, charp, 0444);
MODULE_PARM_DESC(parent, "PCI device, as in /sys/bus/pci/devices");

static struct ib_device *ib;
static struct device *pci;

static int __init parent_init(void)
{
	if (!device || !parent)
		return -EINVAL;
	ib = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	if (!ib)
		return -ENODEV;
	pci = bus_find_device_by_name(&pci_bus_type, NULL, parent);
	if (!pci || ib->dev.parent) {
		put_device(pci);
		ib_device_put(ib);
		return pci ? -EBUSY : -ENODEV;
	}
	ib->dev.parent = pci;
	return 0;
}

static void __exit parent_exit(void)
{
	ib->dev.parent = NULL;
	put_device(pci);
	ib_device_put(ib);
}

module_init(parent_init);
module_exit(parent_exit);

MODULE_DESCRIPTION("Give an RDMA device a parent");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * The table of PNET IDs: an entry says that an interface of a network
 * namespace, or a port of an RDMA device, is on a network of that name.
 * Entries are made before their devices as well, and stay when these go.
 *
 * An entry for an interface follows it by its index while it exists, so that
 * it keeps its ID when it is renamed. RDMA devices are found by their names;
 * those are in the table of the initial namespace only.
 */
#include "pnet.h"

#include <linux/ctype.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netns/generic.h>

/**
 * struct entry - of the table of a namespace
 * @list: in that table, in the order of @info.serial
 * @info: what it says; a name may change
 * @ifindex: of the interface, 0 while there is none of this name
 */
struct entry {
	struct list_head list;
	struct smcr_pnet_info info;
	int ifindex;
};

struct pnet_net {
	struct list_head entries;
};

static unsigned int pnet_net_id;

/* guards the tables of all namespaces and the list of RDMA devices; leaf */
static DEFINE_SPINLOCK(pnet_lock);
static LIST_HEAD(rdma_devs);
static u64 last_serial;

/* those who want to know of each change */
static BLOCKING_NOTIFIER_HEAD(changed);

static struct list_head *table_of(const struct net *net)
{
	struct pnet_net *pn = net_generic(net, pnet_net_id);

	return &pn->entries;
}

/**
 * smcr_pnet_parse() - a PNET ID from what somebody typed
 * @text: up to 16 letters and digits, white space around them is ignored
 * @id: receives it in upper case
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int smcr_pnet_parse(const char *text, struct smcr_pnet_id *id)
{
	size_t len, i;

	while (isspace(*text))
		text++;
	len = strlen(text);
	while (len && isspace(text[len - 1]))
		len--;
	if (!len || len > SMCR_PNET_LEN)
		return -EINVAL;
	memset(id, 0, sizeof(*id));
	for (i = 0; i < len; i++) {
		if (!isascii(text[i]) || !isalnum(text[i]))
			return -EINVAL;
		id->text[i] = toupper(text[i]);
	}
	return 0;
}

/* an ID is never followed by anything but its padding */
static bool matches(const struct smcr_pnet_id *id, const char *text)
{
	size_t len = strcspn(text, " ");

	return len == strlen(id->text) && !memcmp(id->text, text, len);
}

/* -- RDMA devices -------------------------------------------------------- */

static bool is_named(const struct smcr_pnet_dev *dev, const char *name)
{
	return !strcmp(dev->name, name) ||
	       (*dev->parent && !strcmp(dev->parent, name));
}

static const struct entry *find_port_locked(const struct smcr_pnet_dev *dev,
					    u8 port)
{
	const struct entry *entry;

	lockdep_assert_held(&pnet_lock);
	list_for_each_entry(entry, table_of(&init_net), list)
		if (entry->info.is_rdma && entry->info.port == port &&
		    is_named(dev, entry->info.name))
			return entry;
	return NULL;
}

/**
 * smcr_pnet_dev_add() - there is an RDMA device
 * @dev: kept by reference until smcr_pnet_dev_remove()
 * @name: its name
 * @parent: name of the device that it belongs to, NULL for none
 *
 * Context: process; takes pnet_lock.
 */
void smcr_pnet_dev_add(struct smcr_pnet_dev *dev, const char *name,
		       const char *parent)
{
	strscpy(dev->name, name, sizeof(dev->name));
	strscpy(dev->parent, parent ?: "", sizeof(dev->parent));
	spin_lock(&pnet_lock);
	list_add_tail(&dev->list, &rdma_devs);
	spin_unlock(&pnet_lock);
}

/**
 * smcr_pnet_dev_rename() - an RDMA device has another name; its ID stays
 * @dev: added
 * @name: the new one
 *
 * Context: process; takes pnet_lock.
 */
void smcr_pnet_dev_rename(struct smcr_pnet_dev *dev, const char *name)
{
	struct entry *entry;

	spin_lock(&pnet_lock);
	list_for_each_entry(entry, table_of(&init_net), list)
		if (entry->info.is_rdma && !strcmp(entry->info.name, dev->name))
			strscpy(entry->info.name, name,
				sizeof(entry->info.name));
	strscpy(dev->name, name, sizeof(dev->name));
	spin_unlock(&pnet_lock);
}

/**
 * smcr_pnet_dev_remove() - an RDMA device goes; its entries stay
 * @dev: added
 *
 * Context: process; takes pnet_lock.
 */
void smcr_pnet_dev_remove(struct smcr_pnet_dev *dev)
{
	spin_lock(&pnet_lock);
	list_del(&dev->list);
	spin_unlock(&pnet_lock);
}

/**
 * smcr_pnet_of_port() - the PNET ID of a port
 * @dev: the RDMA device
 * @port: its port
 * @id: receives the ID, or becomes empty
 *
 * Context: process; takes pnet_lock.
 * Return: true if it has one.
 */
bool smcr_pnet_of_port(const struct smcr_pnet_dev *dev, u8 port,
		       struct smcr_pnet_id *id)
{
	const struct entry *entry;

	memset(id, 0, sizeof(*id));
	spin_lock(&pnet_lock);
	entry = find_port_locked(dev, port);
	if (entry)
		*id = entry->info.id;
	spin_unlock(&pnet_lock);
	return entry;
}

/* -- interfaces ---------------------------------------------------------- */

static int copy_id(struct net_device *ndev, struct netdev_nested_priv *priv)
{
	struct smcr_pnet_id *id = priv->data;
	const struct entry *entry;
	bool found = false;

	spin_lock(&pnet_lock);
	list_for_each_entry(entry, table_of(dev_net(ndev)), list) {
		if (entry->ifindex != ndev->ifindex)
			continue;
		*id = entry->info.id;
		found = true;
		break;
	}
	spin_unlock(&pnet_lock);
	return found;
}

/**
 * smcr_pnet_of_netdev() - the PNET ID of an interface
 * @ndev: the interface
 * @id: receives its ID, or that of one below it, or becomes empty
 *
 * Context: process; takes pnet_lock.
 * Return: true if there is one.
 */
bool smcr_pnet_of_netdev(struct net_device *ndev, struct smcr_pnet_id *id)
{
	struct netdev_nested_priv priv = { .data = id };
	bool found;

	memset(id, 0, sizeof(*id));
	rcu_read_lock();
	found = copy_id(ndev, &priv) ||
		netdev_walk_all_lower_dev_rcu(ndev, copy_id, &priv);
	rcu_read_unlock();
	return found;
}

/* an interface has come, or has this name now */
static void bind_name(const struct net_device *ndev)
{
	struct entry *entry;

	spin_lock(&pnet_lock);
	list_for_each_entry(entry, table_of(dev_net(ndev)), list)
		if (!entry->info.is_rdma && !entry->ifindex &&
		    !strcmp(entry->info.name, ndev->name))
			entry->ifindex = ndev->ifindex;
	spin_unlock(&pnet_lock);
}

/* an interface that entries are bound to has another name, or is gone */
static void update_bound(const struct net_device *ndev, bool is_gone)
{
	struct entry *entry;

	spin_lock(&pnet_lock);
	list_for_each_entry(entry, table_of(dev_net(ndev)), list) {
		if (entry->ifindex != ndev->ifindex)
			continue;
		if (is_gone)
			entry->ifindex = 0;
		else
			strscpy(entry->info.name, ndev->name,
				sizeof(entry->info.name));
	}
	spin_unlock(&pnet_lock);
}

/* a move to another namespace is the end here and a beginning there */
static int on_netdev(struct notifier_block *block, unsigned long event,
		     void *info)
{
	const struct net_device *ndev = netdev_notifier_info_to_dev(info);

	switch (event) {
	case NETDEV_REGISTER:
		bind_name(ndev);
		break;
	case NETDEV_CHANGENAME:
		update_bound(ndev, false);
		bind_name(ndev);
		break;
	case NETDEV_UNREGISTER:
		update_bound(ndev, true);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = on_netdev,
};

/* -- the table ----------------------------------------------------------- */

static struct entry *alloc_entry(const struct smcr_pnet_id *id,
				 const char *name)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return NULL;
	entry->info.id = *id;
	strscpy(entry->info.name, name, sizeof(entry->info.name));
	return entry;
}

static bool has_netdev_locked(const struct list_head *table,
			      const struct entry *fresh)
{
	const struct entry *entry;

	lockdep_assert_held(&pnet_lock);
	list_for_each_entry(entry, table, list)
		if (!entry->info.is_rdma &&
		    !strcmp(entry->info.name, fresh->info.name))
			return true;
	return false;
}

/* this port, or a device that is there and has an ID by its other name */
static bool has_rdma_locked(const struct list_head *table,
			    const struct entry *fresh)
{
	const struct smcr_pnet_dev *dev;
	const struct entry *entry;

	lockdep_assert_held(&pnet_lock);
	list_for_each_entry(entry, table, list)
		if (entry->info.is_rdma &&
		    entry->info.port == fresh->info.port &&
		    !strcmp(entry->info.name, fresh->info.name))
			return true;
	list_for_each_entry(dev, &rdma_devs, list)
		if (is_named(dev, fresh->info.name) &&
		    find_port_locked(dev, fresh->info.port))
			return true;
	return false;
}

/* takes over @fresh */
static int insert(const struct net *net, struct entry *fresh,
		  bool (*has_locked)(const struct list_head *table,
				     const struct entry *fresh))
{
	struct list_head *table = table_of(net);
	int ret = -EEXIST;

	spin_lock(&pnet_lock);
	if (!has_locked(table, fresh)) {
		fresh->info.serial = ++last_serial;
		list_add_tail(&fresh->list, table);
		ret = 0;
	}
	spin_unlock(&pnet_lock);
	if (ret)
		kfree(fresh);
	else
		blocking_notifier_call_chain(&changed, 0, NULL);
	return ret;
}

/**
 * smcr_pnet_add_netdev() - an interface gets a PNET ID
 * @net: its namespace
 * @id: the ID
 * @name: the interface; need not exist yet
 *
 * Context: process, sleeps; takes RTNL and pnet_lock, and calls who watches.
 * Return: 0, -EEXIST when it has an ID, -ENOMEM.
 */
int smcr_pnet_add_netdev(struct net *net, const struct smcr_pnet_id *id,
			 const char *name)
{
	struct entry *fresh = alloc_entry(id, name);
	const struct net_device *ndev;
	int ret;

	if (!fresh)
		return -ENOMEM;
	/* the interface neither comes nor goes before the notifier knows this */
	rtnl_lock();
	ndev = __dev_get_by_name(net, name);
	if (ndev)
		fresh->ifindex = ndev->ifindex;
	ret = insert(net, fresh, has_netdev_locked);
	rtnl_unlock();
	return ret;
}

/**
 * smcr_pnet_add_rdma() - a port of an RDMA device gets a PNET ID
 * @id: the ID
 * @name: the device, by its name or its parent's; need not exist yet
 * @port: 1 to SMCR_PNET_MAX_PORT
 *
 * Context: process, sleeps; takes pnet_lock, and calls who watches.
 * Return: 0, -EEXIST when it has an ID, -ENOMEM.
 */
int smcr_pnet_add_rdma(const struct smcr_pnet_id *id, const char *name,
		       u8 port)
{
	struct entry *fresh = alloc_entry(id, name);

	if (!fresh)
		return -ENOMEM;
	fresh->info.is_rdma = true;
	fresh->info.port = port;
	return insert(&init_net, fresh, has_rdma_locked);
}

/* NULL: all; returns how many */
static int remove_matching(const struct net *net, const char *id)
{
	struct entry *entry, *next;
	LIST_HEAD(gone);
	int count = 0;

	spin_lock(&pnet_lock);
	list_for_each_entry_safe(entry, next, table_of(net), list)
		if (!id || matches(&entry->info.id, id))
			list_move(&entry->list, &gone);
	spin_unlock(&pnet_lock);
	list_for_each_entry_safe(entry, next, &gone, list) {
		kfree(entry);
		count++;
	}
	if (count)
		blocking_notifier_call_chain(&changed, 0, NULL);
	return count;
}

/**
 * smcr_pnet_remove() - take all entries with a PNET ID out of the table
 * @net: the namespace
 * @id: as it is shown; lower case matches nothing
 *
 * Context: process, sleeps; takes pnet_lock, and calls who watches.
 * Return: 0 or -ENOENT.
 */
int smcr_pnet_remove(struct net *net, const char *id)
{
	return remove_matching(net, id) ? 0 : -ENOENT;
}

/**
 * smcr_pnet_flush() - empty the table
 * @net: the namespace
 *
 * Context: process, sleeps; takes pnet_lock, and calls who watches.
 */
void smcr_pnet_flush(struct net *net)
{
	remove_matching(net, NULL);
}

/**
 * smcr_pnet_next() - copy the entry that comes next
 * @net: the namespace
 * @id: of entries with this PNET ID, NULL for all
 * @after: smcr_pnet_info.serial of the one before, 0 for the first one
 * @info: filled in
 *
 * Context: process; takes pnet_lock.
 * Return: false when there is none.
 */
bool smcr_pnet_next(struct net *net, const char *id, u64 after,
		    struct smcr_pnet_info *info)
{
	const struct entry *entry;
	bool found = false;

	spin_lock(&pnet_lock);
	list_for_each_entry(entry, table_of(net), list) {
		if (entry->info.serial <= after ||
		    (id && !matches(&entry->info.id, id)))
			continue;
		*info = entry->info;
		found = true;
		break;
	}
	spin_unlock(&pnet_lock);
	return found;
}

static int __net_init init_net_pnet(struct net *net)
{
	INIT_LIST_HEAD(table_of(net));
	return 0;
}

static void __net_exit exit_net_pnet(struct net *net)
{
	smcr_pnet_flush(net);
}

static struct pernet_operations pnet_net_ops = {
	.init = init_net_pnet,
	.exit = exit_net_pnet,
	.id = &pnet_net_id,
	.size = sizeof(struct pnet_net),
};

/**
 * smcr_pnet_watch() - learn of changes of the tables
 * @block: called after each one; must not change them
 *
 * Context: process, sleeps.
 */
void smcr_pnet_watch(struct notifier_block *block)
{
	blocking_notifier_chain_register(&changed, block);
}

/**
 * smcr_pnet_unwatch() - undo smcr_pnet_watch(); waits for calls under way
 * @block: as it was given there
 *
 * Context: process, sleeps.
 */
void smcr_pnet_unwatch(struct notifier_block *block)
{
	blocking_notifier_chain_unregister(&changed, block);
}

/**
 * smcr_pnet_init() - create the tables of all namespaces
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int smcr_pnet_init(void)
{
	int ret = register_pernet_subsys(&pnet_net_ops);

	if (ret)
		return ret;
	ret = register_netdevice_notifier(&netdev_notifier);
	if (ret)
		unregister_pernet_subsys(&pnet_net_ops);
	return ret;
}

/**
 * smcr_pnet_exit() - undo smcr_pnet_init()
 *
 * Context: module exit, after the last user.
 */
void smcr_pnet_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
	unregister_pernet_subsys(&pnet_net_ops);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Does the TCP handshake carry the SMC option?
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

/* Kind of experimental options; its length and what says that it is SMC. */
#define OPTION_KIND 254
#define DECLINE_LEN 28
static const uint8_t option_rest[] = { 6, 0xe2, 0xd4, 0xc3, 0xd9 };

void tap_open(struct tap *tap, const struct target *target)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = target->ifindex,
	};

	tap->syn = SEEN_NOTHING;
	tap->answer = SEEN_NOTHING;
	tap->decline = 0;
	tap->has_lost = false;
	tap->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tap->fd >= 0)
		bind(tap->fd, (struct sockaddr *)&address, sizeof(address));
}

/* The TCP header of a packet from or to the target's address; NULL: none. */
static const struct tcphdr *tcp_of(const struct target *target, const uint8_t *packet, size_t len,
				   bool is_ours)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&target->address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&target->address;
	const struct ip6_hdr *ip6 = (const void *)packet;
	const struct iphdr *ip = (const void *)packet;
	const void *peer;
	size_t head;

	if (v4->sin_family == AF_INET6) {
		head = sizeof(*ip6);
		if (len < head || packet[0] >> 4 != 6 || ip6->ip6_nxt != IPPROTO_TCP)
			return NULL;
		peer = is_ours ? &ip6->ip6_dst : &ip6->ip6_src;
		if (memcmp(peer, &v6->sin6_addr, sizeof(v6->sin6_addr)))
			return NULL;
	} else {
		if (len < sizeof(*ip) || ip->version != 4 || ip->protocol != IPPROTO_TCP)
			return NULL;
		head = ip->ihl * 4u;
		peer = is_ours ? &ip->daddr : &ip->saddr;
		if (memcmp(peer, &v4->sin_addr, sizeof(v4->sin_addr)))
			return NULL;
	}
	return len < head + sizeof(struct tcphdr) ? NULL : (const void *)(packet + head);
}

static enum seen find_option(const uint8_t *option, const uint8_t *end)
{
	while (option < end && *option != TCPOPT_EOL) {
		if (*option == TCPOPT_NOP) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2)
			break;
		if (*option == OPTION_KIND && end - option >= 6 &&
		    !memcmp(option + 1, option_rest, sizeof(option_rest)))
			return SEEN_WITH;
		option += option[1];
	}
	return SEEN_WITHOUT;
}

/* DECLINE: eye catcher, type 4, the sender's ID, and from byte 16 on the reason. */
static uint32_t find_decline(const uint8_t *data, const uint8_t *end)
{
	static const uint8_t head[] = { 0xe2, 0xd4, 0xc3, 0xd9, 4 };
	uint32_t reason;

	if (end - data < DECLINE_LEN || memcmp(data, head, sizeof(head)))
		return 0;
	memcpy(&reason, data + 16, sizeof(reason));
	return ntohl(reason);
}

static void look_at(struct tap *tap, const struct target *target, const uint8_t *packet, size_t len,
		    bool is_ours)
{
	const struct tcphdr *tcp = tcp_of(target, packet, len, is_ours);
	const uint8_t *end;
	size_t size;

	if (!tcp || ntohs(is_ours ? tcp->dest : tcp->source) != target->port)
		return;
	size = tcp->doff * 4u;
	end = (const uint8_t *)tcp + size;
	if (size < sizeof(*tcp) || end > packet + len)
		return;
	if (!tcp->syn && !is_ours && !tap->decline)
		tap->decline = find_decline(end, packet + len);
	if (!tcp->syn || tcp->ack == is_ours)
		return;
	if (is_ours)
		tap->syn = find_option((const uint8_t *)(tcp + 1), end);
	else
		tap->answer = find_option((const uint8_t *)(tcp + 1), end);
}

static bool has_lost(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	return stats.tp_drops;
}

void tap_close(struct tap *tap, const struct target *target)
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t packet[256];
	ssize_t len;

	if (tap->fd < 0)
		return;
	while ((len = recvfrom(tap->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
			       &from_len)) >= 0) {
		look_at(tap, target, packet, (size_t)len, from.sll_pkttype == PACKET_OUTGOING);
		from_len = sizeof(from);
	}
	tap->has_lost = has_lost(tap->fd);
	close(tap->fd);
}

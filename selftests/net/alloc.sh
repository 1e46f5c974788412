#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each allocation of the module fails once, as do queue pairs, registrations and
# posting; completions are slow. A connection uses SMC or TCP or fails, and in
# the end all is as before.
#
#	a xfer ---- TCP or SMC-R over rxe0 ---- xfer b, memory short in one of them
#
# timeout: 1500
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

ENOMEM=-12
EINVAL=-22
# names differ between kernels; a module calls some of them
MEMORY="__kmalloc __kmalloc_noprof __kmalloc_node __kmalloc_large_noprof kmalloc_large
	kmalloc_trace __kmalloc_cache_noprof kvmalloc_node __kvmalloc_node_noprof __vmalloc
	__vmalloc_noprof __get_free_pages get_free_pages_noprof sk_alloc
	pcpu_alloc_noprof __alloc_percpu kmemdup kmemdup_noprof"
# return an error code or pointer
OTHERS="__ib_alloc_pd __ib_alloc_cq_any ib_create_qp_kernel ib_alloc_mr ib_map_mr_sg
	sg_alloc_table ib_modify_qp sock_create_kern"
START="alloc_workqueue kthread_create_worker register_pernet_subsys genl_register_family
	proto_register sock_register ib_register_client"

# known GUEST SYMBOLS: those that its kernel has.
known() {
	ON_TIMEOUT=100 on $1 "awk '{print \$3}' /proc/kallsyms >/run/symbols
		grep -xF -e $(xargs <<<"$2" | sed 's/ / -e /g') /run/symbols | sort -u" | xargs
}

no_group() {
	[ -z "$(group_conns a)$(group_conns b)" ]
}

# forget: groups without connections end when memory is short.
forget() {
	wait_for 15 eval 'for g in a b; do on $g "echo 2 >/proc/sys/vm/drop_caches"; done; no_group'
}

# each_fails GUEST SYMBOL RETVAL: the first call, the second, until there are
# no more.
each_fails() {
	local n=0 met=1 bad="" out

	while [ $met = 1 ] && [ $n -lt 60 ]; do
		forget || bad+=" group$n"
		fault $1 symbol=$2 retval=$3 skip=$n times=1 $(module_code $1)
		out=$(on a "xfer client -m smc -n 100k -d both -c 2 -T 20 $B 7000" 2>&1) ||
			grep -q "Cannot allocate memory\|ENOMEM\|reset by peer\|ECONNRESET" <<<"$out" ||
			bad+=" $n: $out"
		! grep -q WRONG <<<"$out" || bad+=" wrong$n"
		met=$(unfault $1)
		connection smc >/dev/null 2>&1 || connection smc >/dev/null || bad+=" next$n"
		n=$((n + 1))
	done
	is "" "$bad" "$1: $2 fails, $((n - 1)) calls one after another"
}

serve
connection smc >/dev/null
forget
rdma_a=$(rdma_resources a) rdma_b=$(rdma_resources b)
for guest in a b; do
	for symbol in $(known $guest "$MEMORY"); do
		each_fails $guest $symbol 0
	done
	for symbol in $(known $guest "$OTHERS"); do
		each_fails $guest $symbol $ENOMEM
	done
	# inlined into the module, which calls the driver's
	each_fails $guest rdma_rxe:rxe_post_send $EINVAL
	each_fails $guest rdma_rxe:rxe_post_recv $EINVAL
done

# Completions come when another CPU has nothing to do but burn.
on b "for i in 1 2 3 4; do timeout 20 sh -c 'while :; do :; done' & done" &
ok "completions of a busy host are late: each byte arrives" \
	on a "xfer client -m smc -k smc -n 2m -w rand -r rand -d both -c 4 -T 25 $B 7000"
wait $!
forget
is "$rdma_a, $rdma_b" "$(rdma_resources a), $(rdma_resources b)" "RDMA objects are as before"

unload a
for symbol in $(known a "$START"); do
	n=0
	while :; do
		fault a symbol=$symbol retval=$ENOMEM skip=$n times=1
		on a "insmod /rig/smc_r.ko" 2>/dev/null && status=0 || status=1
		[ "$(unfault a)" = 1 ] || break
		[ $status = 1 ] || { on a "rmmod smc_r"; note "$symbol $n: loads without"; }
		n=$((n + 1))
	done
	unload a
	num "$n -ge 1" "$symbol fails, $n calls: the module does not load"
done
load a
ok "it does now, and works" connection smc

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing

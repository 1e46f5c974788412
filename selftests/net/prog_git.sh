#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# git:// under smc_run: clone, fetch and push.
#
#	a git ---- SMC-R over rxe0 ---- git daemon b
#
# programs: git
# memory: 1536
# timeout: 200
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 10 50)
git="export HOME=/tmp GIT_CONFIG_NOSYSTEM=1; cd /tmp; git"
remote="export HOME=/tmp GIT_CONFIG_NOSYSTEM=1; cd /tmp; smc_run git"

for guest in a b; do
	on $guest "printf '[user]\nname = n\nemail = e\n[init]\ndefaultBranch = main\n
[receive]\nautogc = false\n[gc]\nauto = 0\n[core]\nbigFileThreshold = 1m\n' >/tmp/.gitconfig"
done
ON_TIMEOUT=100 on b "$git init -q srv/repo.git && cd srv/repo.git &&
	git config receive.denyCurrentBranch ignore &&
	head -c ${mib}m /dev/urandom >big && git add big && git commit -qm big &&
	for i in \$(seq 20); do
		seq \$i \$((i * 500)) >file\$i && git add . && git commit -qm \$i || exit
	done"
prog_begin
start b git "$remote daemon --export-all --enable=receive-pack --base-path=/tmp/srv \
	--listen=$B --reuseaddr"
wait_port b 9418

ON_TIMEOUT=100 ok "clone" on a "$remote clone -q git://$B/repo.git clone"
is "$(on b "$git -C srv/repo.git rev-parse HEAD")" "$(on a "$git -C clone rev-parse HEAD")" \
	"same commit"
ON_TIMEOUT=100 ok "git fsck: all objects are right" on a "$git -C clone fsck --full --strict"
is "$(sum_of b /tmp/srv/repo.git/big)" "$(sum_of a /tmp/clone/big)" "the big file is the same"
on b "$git -C srv/repo.git commit -q --allow-empty -m more"
ok "fetch" on a "$remote -C clone pull -q --ff-only"
is "$(on b "$git -C srv/repo.git rev-parse HEAD")" "$(on a "$git -C clone rev-parse HEAD")" \
	"same commit"
on a "$git -C clone checkout -q -b mine && cd clone && head -c 4m /dev/urandom >new &&
	git add new && git commit -qm new"
ok "push" on a "$remote -C clone push -q origin mine"
is "$(on a "$git -C clone rev-parse mine")" "$(on b "$git -C srv/repo.git rev-parse mine")" \
	"same commit"
ok "git fsck of what was pushed" on b "$git -C srv/repo.git fsck --full --strict"
is 1 "$(on a "$remote clone -q --depth 1 git://$B/repo.git shallow &&
	git -C shallow rev-list --count HEAD")" "shallow clone"
fails "what is not there" on a "$remote clone -q git://$B/none.git none"
ok "git daemon ends" stop b git
prog_end 5 $((4 << 20)) $((mib << 20))
done_testing

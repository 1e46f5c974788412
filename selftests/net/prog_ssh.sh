#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# OpenSSH under smc_run: scp both ways, commands, a pipe, sessions at once.
#
#	a ssh, scp ---- SMC-R over rxe0 ---- sshd b
#
# programs: ssh
# memory: 2048
# timeout: 600
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 30 200)
options="-F none -i /tmp/key -o StrictHostKeyChecking=no -o LogLevel=ERROR
	-o UserKnownHostsFile=/dev/null"
options=${options//[$'\n\t']/ }
ssh="smc_run ssh $options -p 2222 root@$B"

on b "echo sshd:x:71:71::/run/sshd:/bin/false >>/etc/passwd
	mkdir -p /run/sshd /root/.ssh && chmod 755 /run/sshd && chmod 700 /root /root/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /tmp/hostkey
	echo 'Port 2222
ListenAddress $B
HostKey /tmp/hostkey
PidFile none
Subsystem sftp /usr/lib/openssh/sftp-server' >/tmp/sshd_config"
on a "ssh-keygen -q -t ed25519 -N '' -f /tmp/key"
on b "echo '$(on a "cat /tmp/key.pub")' >/root/.ssh/authorized_keys"
prog_begin
start b sshd "smc_run /usr/sbin/sshd -D -e -f /tmp/sshd_config"
wait_port b 2222

random_file a /tmp/up/file $mib
is b "$(on a "$ssh hostname")" "a command"
is 42 "$(on a "$ssh 'exit 42'; echo \$?")" "and its status"
begin=$SECONDS
ON_TIMEOUT=200 ok "scp of $mib MiB" on a \
	"smc_run scp $options -P 2222 /tmp/up/file root@$B:/tmp/file"
note "it took $((SECONDS - begin)) s"
is "$(sum_of a /tmp/up/file)" "$(sum_of b /tmp/file)" "it is the same"
on a "rm /tmp/up/file"
ON_TIMEOUT=200 ok "and back" on a \
	"smc_run scp $options -P 2222 root@$B:/tmp/file /tmp/up/file"
is "$(sum_of b /tmp/file)" "$(sum_of a /tmp/up/file)" "it is the same"
is "$(on a "seq 200000 | sha256sum")" "$(on a "seq 200000 | $ssh cat | sha256sum")" \
	"a pipe to and fro"
is "$(seq 5 | xargs)" "$(ON_TIMEOUT=100 on a "for i in \$(seq 5); do $ssh echo \$i & done; wait" |
	sort -n | xargs)" "5 sessions at once"
ok "sshd ends" stop b sshd
prog_end 10 $((mib << 20)) $((mib << 20))
done_testing

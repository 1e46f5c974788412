# SPDX-License-Identifier: GPL-2.0
#
#   make                    build smc_r.ko and smc_r_diag.ko for the running kernel
#   make KDIR=...           ... for the headers in KDIR
#   make install            modules, modprobe configuration, tools
#   make modules_install    modules only
#   make uninstall          undo make install
#   make deb                Debian packages, see packaging/
#   make rpm                RPM packages
#   make dkms-tree          /usr/src/smc_r-VERSION, for `dkms install`
#   make check              the tests; TESTS="name ..." KERNEL=6.12 selects
#   make check-long         ... in all combinations, with all sizes: hours
#   make check-debug        ... on a kernel that checks itself
#   make check-race         ... on one that looks for data races
#   make check-coverage     ... and which lines of net/ they run
#   make models             the models of the protocol, checked with spin
#   make demo               Redis over TCP and over SMC-R, side by side
#   make bench              the same against stock smc.ko, as ratios
#   make clean

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr
SYSCONFDIR ?= /etc
INSTALL_MOD_PATH ?= $(DESTDIR)
MODPROBE_DIR = $(DESTDIR)$(SYSCONFDIR)/modprobe.d

KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR)
KRELEASE = $(shell $(MAKE) -s -C $(KDIR) kernelrelease)

all: modules

modules: check-kdir
	$(KBUILD) W=1 modules

modules_install: modules
	$(KBUILD) INSTALL_MOD_DIR=updates \
		INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) modules_install

install: modules_install
	install -D -m 644 tools/smc_r.conf $(MODPROBE_DIR)/smc_r.conf
	$(MAKE) -C tools install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	$(MAKE) -C packaging install-units PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) \
		SYSCONFDIR=$(SYSCONFDIR)

uninstall: check-kdir
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(KRELEASE)/updates/smc_r.ko*
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(KRELEASE)/updates/smc_r_diag.ko*
	rm -f $(MODPROBE_DIR)/smc_r.conf
	$(MAKE) -C tools uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	$(MAKE) -C packaging uninstall-units PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KRELEASE)

tools:
	$(MAKE) -C tools

deb rpm dkms-tree:
	$(MAKE) -C packaging $@

check-kdir:
	@test -e $(KDIR)/Makefile || { \
		echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or say make KDIR=..." >&2; \
		exit 1; }

# the rest of what they need, selftests/rig/prepare installs
python3:
	@command -v python3 >/dev/null || { apt-get -qq update && \
		DEBIAN_FRONTEND=noninteractive apt-get -qq -y install python3; }

check: python3
	selftests/run

check-long: python3
	selftests/run --long

check-debug: python3
	selftests/run --kernel 6.12-debug

check-race: python3
	selftests/run --kernel 6.12-race

check-coverage: python3
	selftests/run --kernel 6.12-coverage

models: python3
	@$(MAKE) --no-print-directory -C Documentation/models check

demo: python3
	selftests/demo

bench: python3
	selftests/bench

clean:
	for m in smc_r smc_r_diag; do \
		rm -f $$m.ko $$m.mod $$m.mod.c $$m.mod.o $$m.o .$$m.*.cmd; \
	done
	rm -f modules.order Module.symvers .modules.order.cmd
	rm -f .Module.symvers.cmd .tmp_versions
	find net -name '*.o' -delete -o -name '.*.cmd' -delete
	$(MAKE) -C tools clean
	$(MAKE) -C packaging clean
	$(MAKE) -C selftests/progs clean
	$(MAKE) -C selftests/unit clean
	$(MAKE) -C selftests/fuzz clean

.PHONY: all modules modules_install install uninstall tools check-kdir
.PHONY: check check-long check-debug check-race check-coverage models demo bench
.PHONY: deb rpm dkms-tree python3 clean

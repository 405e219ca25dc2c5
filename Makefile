# SPDX-License-Identifier: GPL-2.0
#
# For people: `make help`. The kernel's build system reads Kbuild instead.

PREFIX	?= /usr/local
DESTDIR	?=
KERNELS	?=
PROGRAMS ?=
TIMES	?= 1
KERNEL	?=
SECONDS	?=
SEED	?=
KDIR	?= /lib/modules/$(shell uname -r)/build

vm	:= $(CURDIR)/selftests/vm
build	:= $(CURDIR)/build
# The folder for modules of the kernel behind KDIR; objects of different
# kernels never meet in one.
native	:= $(build)/native/$(subst /,_,$(abspath $(KDIR)))

# Needs what libproxyipc doesn't, hence built only where that is.
backtrace := --no-print-directory -s -C lib/backtrace O=$(build)
has_libdw := echo '\#include <elfutils/libdwfl.h>' | $(CC) -E - >/dev/null 2>&1

.PHONY: help docs all modules lib watchdogd install install-module install-lib uninstall \
	demo check check-debug model stress bench lint clean selftests stress-program \
	list-selftests have-headers

all: modules lib		## the module for KDIR (this machine's kernel), library and command

help:				## this list
	@echo "Targets of proxyipc:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@echo "Settings: PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) KDIR=$(KDIR)"
	@echo '          for check: KERNELS="6.1 6.12 7.3" PROGRAMS="hold_test" (default: all)'
	@echo '          for check and check-debug: TIMES=100 repeats more (1)'

have-headers:
	@test -e "$(KDIR)/Makefile" || { \
	echo "make: no kernel headers at $(KDIR)" >&2; \
	echo "  To build for this machine:  apt-get install linux-headers-$$(uname -r)" >&2; \
	echo "  For another kernel:         make KDIR=/path/to/its/build" >&2; \
	echo "  To try it in a guest, make demo and make check fetch what they need." >&2; \
	exit 1; }

modules: have-headers		## the module for KDIR
	@PROXYIPC_OUT=$(native) $(vm)/build-module $(abspath $(KDIR))
	@echo "built $(native)/module/proxyipc.ko"

lib:				## the library, the one for stacks, the command and the man pages
	@$(MAKE) --no-print-directory -C lib O=$(build)
	@if $(has_libdw); then $(MAKE) $(backtrace); \
	else echo "left out libproxyipc-backtrace: it needs elfutils (apt-get install libdw-dev)"; fi
	@$(MAKE) --no-print-directory -C lib/command O=$(build)
	@$(MAKE) --no-print-directory -C Documentation/man O=$(build)

watchdogd: lib			## the watchdog daemon of examples/watchdogd
	@$(MAKE) --no-print-directory -C examples/watchdogd O=$(build)

install: install-module install-lib	## module, library, command and man pages, below DESTDIR and PREFIX

install-module: modules		## the module only
	$(MAKE) -C $(KDIR) M=$(native) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	@# Where the headers have no System.map, modules_install leaves it undone.
	@test -n "$(DESTDIR)" || depmod "$$(cat $(KDIR)/include/config/kernel.release)"

install-lib: lib		## all of that but the module
	@$(MAKE) --no-print-directory -C lib O=$(build) install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@! $(has_libdw) || $(MAKE) $(backtrace) install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@$(MAKE) --no-print-directory -C lib/command O=$(build) install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@$(MAKE) --no-print-directory -C Documentation/man O=$(build) install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

uninstall:			## remove what install put there
	@$(MAKE) --no-print-directory -C lib O=$(build) uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@$(MAKE) $(backtrace) uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@$(MAKE) --no-print-directory -C lib/command O=$(build) uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@$(MAKE) --no-print-directory -C Documentation/man O=$(build) uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	@test -e $(KDIR)/include/config/kernel.release || exit 0; \
	folder=$(DESTDIR)/lib/modules/$$(cat $(KDIR)/include/config/kernel.release); \
	echo "remove proxyipc.ko from $$folder"; \
	find $$folder -name 'proxyipc.ko*' -delete && \
	{ test -n "$(DESTDIR)" || depmod $${folder##*/}; }

demo:				## the demonstration: redis held and resumed under load, in a guest
	@$(vm)/setup demo
	@examples/demo/run

check:				## the models, and the selftests in a guest on each kernel
	@$(if $(PROGRAMS),,$(MAKE) --no-print-directory model)
	@$(vm)/check $(if $(KERNELS),-k "$(KERNELS)") -x "$(TIMES)" $(PROGRAMS)

check-debug:			## the selftests and the tests inside the kernel, on a debug kernel
	@$(vm)/check -k debug -x "$(TIMES)" $(PROGRAMS)

model:				## the formal models: all states, and mistakes planted in them
	@$(vm)/setup model
	@PROXYIPC_BUILD=$(build) selftests/model/check

stress:				## the torture, in a guest: SECONDS=60 SEED=n KERNEL=6.12
	@$(vm)/stress $(if $(KERNEL),-k "$(KERNEL)") $(if $(SECONDS),-s "$(SECONDS)") $(if $(SEED),-S "$(SEED)")

bench:				## what calls, holds and the rest cost, against what else there is
	@$(vm)/bench $(if $(KERNEL),-k "$(KERNEL)") $(PROGRAMS)

docs:				## the documents, with the reference filled in, to build/docs
	@$(MAKE) --no-print-directory -C Documentation

lint:				## the static checks
	@$(vm)/setup lint
	@selftests/lint

selftests: lib			# the test programs; check calls this
	@mkdir -p $(build)/selftests
	@$(MAKE) --no-print-directory -C selftests OUTPUT=$(build)/selftests \
		LIB=$(build)/lib/libproxyipc.a BACKTRACE=$(build)/backtrace/libproxyipc-backtrace.a \
		KSELFTEST=$$($(vm)/setup path kselftest) \
		$(if $(PROGRAMS),helpers $(addprefix $(build)/selftests/,$(PROGRAMS)))

stress-program: lib		# what stress runs in the guest
	@mkdir -p $(build)/selftests
	@$(MAKE) --no-print-directory -C selftests OUTPUT=$(build)/selftests \
		LIB=$(build)/lib/libproxyipc.a KSELFTEST=$$($(vm)/setup path kselftest) stress

list-selftests:
	@$(MAKE) --no-print-directory -s -C selftests OUTPUT=$(build)/selftests \
		KSELFTEST=$$($(vm)/setup path kselftest) list

clean:				## remove what was built; downloads stay in the cache
	rm -rf $(build)

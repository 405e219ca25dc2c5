# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# How a library of ours is built, static and shared, and installed. The makefile that
# includes this has said:
#
#   name          that of its header, its symbol map and its pkg-config file; with
#                 "lib" before it, the library's
#   out           where to build
#   includes      -I options
# and may have said:
#   needs         what the shared library is linked with
#   archive       the objects in the static library, if they aren't all of them
#   also_install  more to install, as in install_files
#
# Called with CC=, PREFIX=/usr/local, LIBDIR=, INCLUDEDIR=, DESTDIR=.

lib_top := $(dir $(lastword $(MAKEFILE_LIST)))
VERSION := $(shell cat $(lib_top)VERSION)
library := lib$(name)
SONAME := $(library).so.0

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig

lib_cflags := -std=gnu11 -Wall -Wextra -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -fPIC -fvisibility=hidden $(includes) -MMD -MP

static := $(out)/$(library).a
shared := $(out)/$(library).so.$(VERSION)
pc := $(out)/$(name).pc
objects := $(patsubst %.c,$(out)/%.o,$(wildcard *.c))
archive ?= $(objects)

# What is installed, the one list: MODE:FILE:PLACE, and for symbolic links TARGET:PLACE
install_files := \
	644:include/$(name).h:$(INCLUDEDIR)/$(name).h \
	$(also_install) \
	644:$(static):$(LIBDIR)/$(notdir $(static)) \
	755:$(shared):$(LIBDIR)/$(notdir $(shared)) \
	644:$(pc):$(PKGCONFIGDIR)/$(notdir $(pc))
install_links := \
	$(notdir $(shared)):$(LIBDIR)/$(SONAME) \
	$(SONAME):$(LIBDIR)/$(library).so

.PHONY: all check install uninstall clean FORCE

all: $(static) $(shared)

$(out):
	mkdir -p $@

$(out)/%.o: %.c Makefile $(lib_top)library.mk | $(out)
	$(CC) $(lib_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(static): $(archive)
	rm -f $@
	$(AR) rcs $@ $^

$(shared): $(objects) $(name).map $(lib_top)VERSION
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs \
		-Wl,--version-script,$(name).map -o $@ $(objects) $(needs)
	ln -sf $(@F) $(out)/$(SONAME)
	ln -sf $(SONAME) $(out)/$(library).so

# Depends on what the caller says, so it is always made again.
$(pc): $(name).pc.in $(lib_top)VERSION FORCE | $(out)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

check: all
	CC='$(CC)' $(lib_top)check-exports $(name).map include/$(name).h $(shared) $(static)

install: all $(pc)
	@set -e; for entry in $(install_files); do \
		mode=$${entry%%:*}; file=$${entry#*:}; place="$(DESTDIR)$${file#*:}"; \
		echo "install $$place"; \
		install -D -m "$$mode" "$${file%%:*}" "$$place"; \
	done; for entry in $(install_links); do \
		place="$(DESTDIR)$${entry#*:}"; \
		echo "install $$place"; \
		ln -sf "$${entry%%:*}" "$$place"; \
	done
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

# The one for stacks may never have been installed.
uninstall:
	@set -e; for entry in $(install_files) $(install_links); do \
		place="$(DESTDIR)$${entry##*:}"; \
		[ -e "$$place" ] || [ -L "$$place" ] || continue; \
		echo "remove $$place"; \
		rm -f "$$place"; \
	done
	@for dir in "$(DESTDIR)$(INCLUDEDIR)/linux" "$(DESTDIR)$(PKGCONFIGDIR)"; do \
		[ ! -d "$$dir" ] || rmdir --ignore-fail-on-non-empty "$$dir"; \
	done
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

clean:
	rm -f $(objects) $(objects:.o=.d) $(archive) $(static) $(out)/$(library).so* $(pc)
	[ ! -d $(out) ] || rmdir --ignore-fail-on-non-empty $(out)

-include $(objects:.o=.d)

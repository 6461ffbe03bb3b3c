# The parts of Open MPI that get installed, one after the other: each needs the one before.

all install:
	for part in opal orte ompi; do $(MAKE) -C $$part $@ || exit; done

# What configure noted about itself, and ompi_info tells, without the folder that it was done in.
all: anywhere
anywhere:
	sed -i 's|$(dir $(CURDIR))|/usr/src/|g' opal/include/opal_config.h
	sed -i '/_ABSOLUTE/s|$(dir $(CURDIR))|/usr/src/|' ompi/tools/ompi_info/Makefile

# Their pkg-config files, which come with its compiler wrappers only, and those need Perl.
pc: install
	mkdir -p $(DESTDIR)/usr/lib/arm-linux-gnueabihf/pkgconfig
	cp ompi/tools/wrappers/ompi.pc ompi/tools/wrappers/ompi-c.pc ompi/tools/wrappers/ompi-cxx.pc \
	    $(DESTDIR)/usr/lib/arm-linux-gnueabihf/pkgconfig

.PHONY: all install anywhere pc

// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Names and lines for addresses, of inlined functions as well. */

#include "internal.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

/**
 * struct naming - the frame that is being named
 * @frame: who gets to know
 * @arg: for @frame
 * @number: of the next frame
 * @stop: @frame wants no more
 */
struct naming {
	int (*frame)(unsigned int number, const struct proxyipc_frame *frame, void *arg);
	void *arg;
	unsigned int number;
	bool stop;
};

static void give(struct naming *naming, const struct proxyipc_frame *frame)
{
	if (!naming->stop)
		naming->stop = naming->frame(naming->number++, frame, naming->arg);
}

static bool is_function(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

static bool is_inlined(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_inlined_subroutine;
}

/* As the linker knows it, as that is unique; in C there is only the one name. */
static const char *function_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name;

	name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
	return name ? name :
	       dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

/* Where the function that @die is was called from, into which it was inlined. */
static void set_call_site(struct proxyipc_frame *frame, Dwarf_Die *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t count;

	frame->file = NULL;
	frame->line = 0;
	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &file) &&
	    !dwarf_getsrcfiles(unit, &files, &count))
		frame->file = dwarf_filesrc(files, file, NULL, NULL);
	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line))
		frame->line = line;
}

/*
 * The functions at @pc: those that were inlined, and at the end the one that has
 * a frame. Returns false if there is no such information.
 */
static bool give_functions(struct naming *naming, struct proxyipc_frame *frame,
			   Dwfl_Module *module, Dwarf_Addr pc)
{
	Dwarf_Die *unit, *scopes = NULL, *parents = NULL;
	bool found = false;
	Dwarf_Addr bias;
	int i, count;

	unit = dwfl_module_addrdie(module, pc, &bias);
	if (!unit)
		return false;
	count = dwarf_getscopes(unit, pc - bias, &scopes);
	for (i = 0; i < count && !is_function(&scopes[i]); i++)
		;
	/* Around an inlined function are those it was inlined into. */
	count = i < count ? dwarf_getscopes_die(&scopes[i], &parents) : 0;
	for (i = 0; i < count && !found; i++) {
		if (!is_function(&parents[i]))
			continue;
		found = !is_inlined(&parents[i]);
		frame->function = function_name(&parents[i]);
		frame->flags = found ? 0 : PROXYIPC_FRAME_INLINE;
		give(naming, frame);
		if (!found)
			set_call_site(frame, unit, &parents[i]);
	}
	free(parents);
	free(scopes);
	return found;
}

static void name_ip(struct naming *naming, Dwfl *dwfl, Dwarf_Addr ip, bool exact)
{
	struct proxyipc_frame frame = { .ip = ip };
	/* Of a call, the line is the call's; and a call can be the last instruction. */
	Dwarf_Addr pc = exact ? ip : ip - 1;
	Dwfl_Module *module = dwfl_addrmodule(dwfl, pc);
	GElf_Off offset = 0;
	Dwfl_Line *line;
	GElf_Sym sym;

	if (!module) {
		give(naming, &frame);
		return;
	}
	dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &frame.module, NULL);
	if (!frame.module)
		frame.module = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	frame.function = dwfl_module_addrinfo(module, pc, &offset, &sym, NULL, NULL, NULL);
	if (frame.function)
		frame.offset = offset + (ip - pc);
	line = dwfl_module_getsrc(module, pc);
	if (line)
		frame.file = dwfl_lineinfo(line, NULL, &frame.line, NULL, NULL, NULL);
	if (!give_functions(naming, &frame, module, pc))
		give(naming, &frame);
}

int walk_name(struct image *image, const struct walk *walk,
	      int (*frame)(unsigned int number, const struct proxyipc_frame *frame, void *arg),
	      void *arg)
{
	struct naming naming = { .frame = frame, .arg = arg };
	unsigned int i;

	for (i = 0; i < walk->count && !naming.stop; i++)
		name_ip(&naming, image->dwfl, walk->ip[i], walk->exact[i]);
	return naming.number;
}

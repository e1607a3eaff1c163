"""Labels in files: ours and those of other tools, one module each; `formats` finds the right one."""

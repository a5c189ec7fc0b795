"""The tests of Parley, and the kit that others test their own handlers with."""

"""Programs for the development of the library; none is part of the wheel."""

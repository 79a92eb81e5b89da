"""Resources of CoreData: one module each, all of one shape: model, filters, new, edit, and the row."""

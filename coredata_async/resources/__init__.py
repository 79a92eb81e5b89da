"""What CoreData serves: one noun per module, all of one shape: model, filters, new, edit, and its row."""

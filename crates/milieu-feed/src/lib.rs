//! Sources, filters, scorers, selector, reasons and receipts of the feed.

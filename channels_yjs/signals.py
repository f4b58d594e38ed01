"""The signals that Django code can listen to."""

from django.dispatch import Signal

# Sent after the commit that brought an owner's fields up to date with its document. `sender` is the model, `instance`
# the owner, `changed` the names of its fields that are new, `texts` its texts by name, `values` its values by key,
# `seq` the number up to which they contain the log, and `by` who wrote, a tuple of `Author(name, user)`: everybody
# since the last time, as far as this process knows. Receivers run in the thread that commits, so they delay
# everybody's commits for as long as they take; their exceptions are logged.
document_changed = Signal()

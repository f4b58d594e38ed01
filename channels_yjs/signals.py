"""What Django code can listen to."""

from django.dispatch import Signal

# Sent when the fields of an owner have followed what people wrote, after the commit. `sender` is the model,
# `instance` the owner, `texts` its texts by name, and `seq` the number up to which the document is in them. Receivers
# run in the thread that commits, so they hold up everybody's commits for as long as they take; what they raise is
# logged.
document_changed = Signal()

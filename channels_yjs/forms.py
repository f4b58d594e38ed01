"""Forms for shared fields. A form may be open for an hour, and other people write meanwhile."""

from contextlib import suppress
from copy import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from .models import Document, SharedModel

AS_PYTHON_WRITES = ["%Y-%m-%d", "%H:%M:%S", "%H:%M:%S.%f"]  # dates and times in hidden inputs


class SharedModelForm(forms.ModelForm):  # type: ignore[type-arg]  # it has none at run time
    """A ModelForm that remembers what its shared fields showed, in hidden inputs, so that only what this person has
    changed is applied. For the admin: `form = SharedModelForm`.

        class MeetingForm(SharedModelForm):
            class Meta:
                model = Meeting
                fields = ["subject", "minutes"]
    """

    instance: SharedModel

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._shared():
            self.fields[name].show_hidden_initial = (
                self._was_shown(name) if self.is_bound else self._is_as_loaded(name)
            )
        if self.is_bound:
            self._keep_what_was_shown()

    def _is_as_loaded(self, name: str) -> bool:
        """What a view suggests instead is a change, if this person sends it."""
        return self.instance._state.adding or self.initial.get(name) == self.instance.loaded_value(name)

    def _keep_what_was_shown(self) -> None:
        """A form with errors is shown again. Django then repeats a hidden input that is named as its field is, and
        fills any others, such as the two of a date with a time, with what was posted. So that name must be there."""
        data: Any = copy(self.data)  # a request's own cannot be changed
        for name in self._shared():
            if self._was_shown(name):
                data.setdefault(self.add_initial_prefix(name), "")
        self.data = data

    def _shared(self) -> set[str]:
        return self.instance.shared_fields() & self.fields.keys()

    def _post_clean(self) -> None:
        for name in self._shared():
            if self._is_not_posted(name):
                continue
            # Where nobody can tell what was shown, it is what the row holds, as for a script: only if somebody else
            # changed that meanwhile do they lose it. To apply nothing would lose what this person wrote, each time.
            with suppress(ValidationError):
                if self._was_shown(name):
                    self.instance.remember_as({name: self._shown(name)})
        super()._post_clean()  # Django's hook between cleaning and saving
        if not self.errors and not self.instance._state.adding and Document.objects.has(self.instance):
            self._check_that_it_fits()

    def _check_that_it_fits(self) -> None:
        from .editing import Draft, EditError  # imported here: most commands need no CRDT library

        try:
            Draft.of_changes(self.instance, self.instance.unshared_changes(self._shared())).check()
        except EditError as error:
            self.add_error(None, str(error))

    def _is_not_posted(self, name: str) -> bool:
        """Whether Django takes what the row holds by now: nobody may change it here, or the page left it out."""
        field = self.fields[name]
        has_default = type(self.instance)._meta.get_field(name).has_default()  # type: ignore[union-attr]
        is_omitted = field.widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))
        return field.disabled or (has_default and is_omitted)

    def _was_shown(self, name: str) -> bool:
        """Scripts may post without the hidden inputs."""
        hidden = self.fields[name].hidden_widget()
        return not hidden.value_omitted_from_data(self.data, self.files, self.add_initial_prefix(name))

    def _shown(self, name: str) -> Any:
        """What the field showed, cleaned as what is posted is: some fields convert only then. Raises ValidationError
        for what it cannot have shown. It may have shown what may not be posted: nothing, or too long a text."""
        field: Any = copy(self.fields[name])
        field.required, field.validators = False, []
        if hasattr(field, "input_formats"):
            field.input_formats = [*AS_PYTHON_WRITES, *field.input_formats]
        hidden = field.hidden_widget()
        return field.clean(hidden.value_from_datadict(self.data, self.files, self.add_initial_prefix(name)))

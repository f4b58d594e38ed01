"""Forms for shared fields. A form may be open for an hour, and other people write meanwhile."""

from typing import Any

from django import forms

from .models import Document, SharedModel


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
            self.fields[name].show_hidden_initial = True

    def _shared(self) -> set[str]:
        return self.instance.shared_fields() & self.fields.keys()

    def _post_clean(self) -> None:
        self.instance.remember_as({name: self._shown(name) for name in self._shared() if self._was_shown(name)})
        super()._post_clean()  # Django's hook between cleaning and saving
        if not self.errors and not self.instance._state.adding and Document.objects.has(self.instance):
            self._check_that_it_fits()

    def _check_that_it_fits(self) -> None:
        from .editing import Draft, EditError  # imported here: most commands need no CRDT library

        try:
            Draft.of_changes(self.instance, self.instance.changes(self._shared())).check()
        except EditError as error:
            self.add_error(None, str(error))

    def _was_shown(self, name: str) -> bool:
        """Scripts may post without the hidden inputs."""
        return self[name].html_initial_name in self.data

    def _shown(self, name: str) -> Any:
        """What the field showed, cleaned as what is posted is."""
        field, hidden = self.fields[name], self[name].html_initial_name
        return field.to_python(field.hidden_widget().value_from_datadict(self.data, self.files, hidden))

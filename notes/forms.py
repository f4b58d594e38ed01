from django import forms

from .models import Note


class NoteForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Note
        fields = ["title"]
        labels = {"title": "Title of the new note"}
        widgets = {"title": forms.TextInput(attrs={"placeholder": "A title, if you like", "autocomplete": "off"})}


class SearchForm(forms.Form):
    q = forms.CharField(
        required=False,
        max_length=200,
        label="Search notes",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search title and text"}),
    )

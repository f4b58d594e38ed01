from django import forms

from .models import TITLE_MAX_LENGTH


class NoteForm(forms.Form):
    title = forms.CharField(
        required=False,
        max_length=TITLE_MAX_LENGTH,
        label="Title of the new note",
        widget=forms.TextInput(attrs={"placeholder": "A title, if you like", "autocomplete": "off"}),
    )


class SearchForm(forms.Form):
    q = forms.CharField(
        required=False,
        max_length=200,
        label="Search notes",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search title and text"}),
    )

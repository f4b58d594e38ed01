from django import template
from notes.modules import page_modules

register = template.Library()
register.simple_tag(page_modules)

from django import template

from ..modules import page_modules

register = template.Library()
register.simple_tag(page_modules)

from typing import Any

from django import template

from ..modules import page_modules

register = template.Library()
register.simple_tag(page_modules)

NONCES = ["csp_nonce", "CSP_NONCE"]  # the names in Django 6 and in django-csp


@register.simple_tag(takes_context=True)
def page_nonce(context: dict[str, Any]) -> str:
    """The nonce of the Content-Security-Policy, or "". Both are lazy: made, and true, only once they are printed."""
    return next((str(context[name]) for name in NONCES if context.get(name) is not None), "")
